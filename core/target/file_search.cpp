#include "target/file_search.h"

#include <filesystem>
#include <fmt/format.h>
#include <string_view>
#include <system_error>
#include <utility>

#include "target/debuginfod.h"
#include "target/printable.h"

namespace parked::target {
namespace {

namespace fs = std::filesystem;

/// Made by objcopy --only-keep-debug: without code.
constexpr std::string_view kDebugOnly = ".debug";

std::string keyOf(std::string_view kind, const std::string& id) {
  return std::string(kind) + ' ' + id;
}

}  // namespace

bool hasIds(const ElfFile& file, const BuildIds& ids) {
  const std::string go = file.goBuildId();
  if (!ids.go.empty() && !go.empty()) return ids.go == go;
  const std::string gnu = file.gnuBuildId();
  return ids.gnu.empty() || gnu.empty() || ids.gnu == gnu;
}

std::vector<std::string> FileSearch::pathsOf(const std::string& path) const {
  std::vector<std::string> paths;
  if (path.starts_with('/')) {
    for (const std::string& root : places_.roots) paths.push_back(root + path);
  }
  paths.push_back(path);
  return paths;
}

void FileSearch::index() {
  if (std::exchange(indexed_, true)) return;
  std::size_t looked = 0;
  for (const std::string& folder : places_.folders) {
    std::error_code problem;
    const auto options = fs::directory_options::skip_permission_denied;
    fs::recursive_directory_iterator each(folder, options, problem);
    for (; !problem && each != fs::recursive_directory_iterator(); each.increment(problem)) {
      std::error_code unreadable;
      if (!each->is_regular_file(unreadable)) continue;  // of a link what it leads to counts
      if (++looked > kMostFiles) return;
      const std::string path = each->path().string();
      if (path.ends_with(kDebugOnly)) continue;
      const auto file = ElfFile::open(path);
      if (!file || (*file)->isCore()) continue;
      known_.try_emplace(keyOf("go", (*file)->goBuildId()), path);
      known_.try_emplace(keyOf("gnu", (*file)->gnuBuildId()), path);
    }
  }
}

std::optional<std::string> FileSearch::inFolders(const BuildIds& ids) {
  constexpr std::size_t kFolder = 2;  // digits
  if (ids.gnu.size() > kFolder) {
    for (const std::string& folder : places_.folders) {
      const std::string path = fmt::format("{}/.build-id/{}/{}", folder, ids.gnu.substr(0, kFolder),
                                           ids.gnu.substr(kFolder));
      std::error_code problem;
      if (fs::is_regular_file(path, problem)) return path;
    }
  }
  if (places_.folders.empty()) return std::nullopt;
  index();
  for (const auto& [kind, id] :
       {std::pair<std::string_view, const std::string&>{"go", ids.go}, {"gnu", ids.gnu}}) {
    const auto found = id.empty() ? known_.end() : known_.find(keyOf(kind, id));
    if (found != known_.end()) return found->second;
  }
  return std::nullopt;
}

Result<std::shared_ptr<const ElfFile>> FileSearch::byId(const BuildIds& ids,
                                                        const std::string& shownAs) {
  std::string problem;
  std::optional<std::string> path = inFolders(ids);
  if (!path && places_.debuginfod && !ids.gnu.empty()) {
    auto asked = askDebuginfod(ids.gnu);
    if (asked) {
      path = *asked;
    } else {
      problem = "; " + asked.error().message;
    }
  } else if (!path && places_.debuginfod) {
    problem = "; debuginfod knows GNU build ids alone";
  }
  if (path) return ElfFile::open(*path, shownAs);
  std::string where;
  for (const std::string& folder : places_.folders) {
    where += (where.empty() ? "in " : ", ") + printable(folder);
  }
  const std::string id = !ids.go.empty()    ? "Go build id " + ids.go
                         : !ids.gnu.empty() ? "GNU build id " + ids.gnu
                                            : "a build id, which is not known";
  return fail(ErrorCode::notFound, fmt::format("there is no file with {}{}{}", printable(id),
                                               where.empty() ? "" : " " + where, problem));
}

}  // namespace parked::target
