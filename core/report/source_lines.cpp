#include "report/source_lines.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/file_descriptor.h"

namespace parked::report {

namespace {

constexpr std::size_t kLargestFile = 8U << 20;   ///< generated ones have some megabytes
constexpr std::size_t kLargestSum = 128U << 20;  ///< what one report reads at most
constexpr std::size_t kLongestLine = 240;        ///< bytes of a line that are kept

bool isSourceName(std::string_view path) { return path.ends_with(".go") || path.ends_with(".s"); }

/// A path that leads out of the folder that it is put behind.
bool climbs(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.find("/../") != std::string_view::npos ||
         path.ends_with("/..");
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// "github.com/Azure/x@v1.0.0/f.go" as the module cache has it: "github.com/!azure/x@v1.0.0/f.go".
std::string inModuleCache(std::string_view path) {
  const std::size_t end = path.find('/', path.find('@'));
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const bool upper = i < end && c >= 'A' && c <= 'Z';
    if (upper) out += '!';
    out += upper ? static_cast<char>(std::tolower(c)) : c;
  }
  return out;
}

/// Opens what may be read at all. A pipe does not make it wait, nor does a terminal become ours.
target::FileDescriptor openSource(const std::string& path, struct stat& status) {
  target::FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  if (status.st_size <= 0 || static_cast<std::size_t>(status.st_size) > kLargestFile) return {};
  // A link that is called x.go may lead to anything.
  std::array<char, PATH_MAX> real{};
  const std::string self = fmt::format("/proc/self/fd/{}", file.get());
  const ssize_t length = readlink(self.c_str(), real.data(), real.size());
  if (length <= 0) return {};
  if (!isSourceName({real.data(), static_cast<std::size_t>(length)})) return {};
  return file;
}

std::string readAll(int file, std::size_t size) {
  std::string content(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = read(file, content.data() + done, size - done);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  content.resize(done);
  return content;
}

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r\f\v";
  const std::size_t start = line.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return line.substr(start, line.find_last_not_of(kBlanks) - start + 1);
}

}  // namespace

GoFolders GoFolders::fromEnvironment(std::string_view goVersion, std::string_view goArch) {
  GoFolders folders;
  folders.moduleCache = variable("GOMODCACHE");
  if (folders.moduleCache.empty()) {
    std::string path = variable("GOPATH");
    path = path.substr(0, path.find(':'));
    if (path.empty() && !variable("HOME").empty()) path = variable("HOME") + "/go";
    if (!path.empty()) folders.moduleCache = path + "/pkg/mod";
  }
  const std::string version(goVersion.substr(0, goVersion.find(' ')));
  if (version.find('/') != std::string::npos) return folders;  // the target's word, put into paths
  if (const std::string root = variable("GOROOT"); !root.empty()) folders.goRoots.push_back(root);
  if (!folders.moduleCache.empty()) {
    folders.goRoots.push_back(fmt::format("{}/golang.org/toolchain@v0.0.1-{}.linux-{}",
                                          folders.moduleCache, version, goArch));
  }
  folders.goRoots.emplace_back("/usr/local/go");
  const std::size_t patch = version.find('.', version.find('.') + 1);
  if (version.starts_with("go1.")) {
    folders.goRoots.push_back("/usr/lib/go-" + version.substr(2, patch - 2));  // Debian's
  }
  return folders;
}

SourceLines::SourceLines(const leak::Code& code, std::string goVersion, std::time_t builtAt,
                         SourcePaths paths, GoFolders folders)
    : code_(code),
      goVersion_(std::move(goVersion)),
      builtAt_(builtAt),
      paths_(std::move(paths)),
      folders_(std::move(folders)) {}

/// GOROOT/VERSION begins with the release.
bool SourceLines::isRelease(const std::string& goRoot) const {
  target::FileDescriptor file(
      open((goRoot + "/VERSION").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return false;
  const std::string text = readAll(file.get(), 200);
  const std::string first = text.substr(0, text.find_first_of(" \n"));
  return first == goVersion_.substr(0, goVersion_.find(' '));
}

void SourceLines::addStandard(std::string_view inSrc, std::vector<Candidate>& out) const {
  for (const std::string& root : folders_.goRoots) {
    if (isRelease(root)) out.push_back({fmt::format("{}/src/{}", root, inSrc), true});
  }
}

std::vector<SourceLines::Candidate> SourceLines::candidates(std::string_view file) const {
  std::vector<Candidate> out;
  if (climbs(file)) return out;
  for (const auto& [from, to] : paths_) {
    if (!file.starts_with(from)) continue;
    std::string_view rest = file.substr(from.size());
    if (!from.empty() && from.back() != '/' && !rest.starts_with('/')) continue;
    while (rest.starts_with('/')) rest.remove_prefix(1);
    out.push_back({fmt::format("{}/{}", to, rest)});
  }
  // Who says where it is means no other place.
  if (!out.empty()) return out;
  const std::string_view root = code_.standardLibraryRoot();
  if (!root.empty() && file.starts_with(root)) {
    const std::string goRoot(root.substr(0, root.size() - std::string_view("/src/").size()));
    if (isRelease(goRoot)) out.push_back({std::string(file), true});
    addStandard(file.substr(root.size()), out);
    return out;
  }
  if (file.starts_with('/')) {
    out.push_back({std::string(file)});
    constexpr std::string_view kCache = "/pkg/mod/";
    const std::size_t at = file.find(kCache);
    if (at == std::string_view::npos || folders_.moduleCache.empty()) return out;
    const std::string_view inCache = file.substr(at + kCache.size());
    // It is written there once, whenever that was.
    out.front().versioned = inCache.find('@') != std::string_view::npos;
    if (out.front().versioned) {
      out.push_back({fmt::format("{}/{}", folders_.moduleCache, inCache), true});
    }
    return out;
  }
  // -trimpath: the import path and the file, with the version of the module.
  if (file.find('@') != std::string_view::npos) {
    if (!folders_.moduleCache.empty()) {
      out.push_back({fmt::format("{}/{}", folders_.moduleCache, inModuleCache(file)), true});
    }
  } else if (file.substr(0, file.find('/')).find('.') == std::string_view::npos) {
    addStandard(file, out);
  }
  return out;
}

SourceLines::File SourceLines::load(std::string_view file) {
  File loaded;
  if (!isSourceName(file)) return loaded;
  for (const Candidate& candidate : candidates(file)) {
    struct stat status{};
    const target::FileDescriptor opened = openSource(candidate.path, status);
    if (!opened) continue;
    const auto size = static_cast<std::size_t>(status.st_size);
    if (loaded_ + size > kLargestSum) return loaded;
    loaded_ += size;
    loaded.content = readAll(opened.get(), size);
    loaded.newer = !candidate.versioned && builtAt_ != 0 && status.st_mtime > builtAt_;
    for (std::size_t at = 0; at < loaded.content.size();) {
      loaded.starts.push_back(at);
      const std::size_t end = loaded.content.find('\n', at);
      if (end == std::string::npos) break;
      at = end + 1;
    }
    return loaded;
  }
  return loaded;
}

std::optional<SourceLine> SourceLines::of(std::string_view file, std::int32_t line) {
  if (file.empty() || line <= 0) return std::nullopt;
  std::string key(file);
  auto found = files_.find(key);
  if (found == files_.end()) found = files_.emplace(std::move(key), load(file)).first;
  const File& loaded = found->second;
  const auto number = static_cast<std::size_t>(line) - 1;
  if (number >= loaded.starts.size()) return std::nullopt;
  const std::size_t start = loaded.starts[number];
  const std::size_t end = loaded.content.find('\n', start);
  const std::string_view whole =
      trimmed(std::string_view(loaded.content)
                  .substr(start, end == std::string::npos ? std::string::npos : end - start));
  if (whole.empty()) return std::nullopt;
  return SourceLine{std::string(whole.substr(0, kLongestLine)), loaded.newer};
}

}  // namespace parked::report
