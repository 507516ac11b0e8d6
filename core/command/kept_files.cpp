#include "command/kept_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <sys/stat.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/replace_file.h"
#include "command/report_dir.h"
#include "target/sparse_file.h"

namespace parked::command {

namespace {

constexpr std::string_view kCore = ".core", kJson = ".report.json", kText = ".report.txt";
constexpr std::array kEndings = {kCore, kJson, kText};
constexpr mode_t kOwnersOnly = 0600;  // it is the memory of a program, and what its names say
/// Goroutines in JSON, groups in the text: a report of a million must not fill the disk.
constexpr const char* kMostInJson = "10000";
constexpr const char* kMostInText = "100";

/// "20261130T214505Z".
bool isTime(std::string_view text) {
  constexpr std::string_view kForm = "00000000T000000Z";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return false;
  }
  return true;
}

/// Takes ".LAST" from the end of the text.
std::optional<std::string_view> takeLast(std::string_view& text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view last = text.substr(dot + 1);
  text = text.substr(0, dot);
  return last;
}

Result<void> writeReport(Dumping& dumping, const std::string& path,
                         const std::vector<std::string>& words, KeptMoment& kept) {
  auto file = NewFile::make(path, kOwnersOnly);
  if (!file) return tl::unexpected(file.error());
  target::FileSink out(file->descriptor(), path);
  Result<void> written;
  const auto done = dumping.report(words, [&](std::string_view text) {
    if (written) written = out.append(std::as_bytes(std::span(text)));
    return written.has_value();
  });
  if (!written) return written;
  if (!done) return tl::unexpected(done.error());
  if (!done->error.empty()) kept.problems.push_back(done->error);
  kept.incomplete = kept.incomplete || done->exit == Exit::incomplete;
  if (auto finished = out.finish(); !finished) return finished;
  return file->finish();
}

Result<void> writeCoreFile(Dumping& dumping, const std::string& path) {
  auto file = NewFile::make(path, kOwnersOnly);
  if (!file) return tl::unexpected(file.error());
  target::FileSink out(file->descriptor(), path);
  if (auto done = dumping.write(out, {}); !done) return done;
  return file->finish();
}

struct Moment {
  std::uint64_t bytes = 0;
  std::vector<std::filesystem::path> files;
};

/// By their time, then by their name.
std::map<std::pair<std::string, std::string>, Moment> momentsIn(const std::string& folder,
                                                                const KeptName* like) {
  std::map<std::pair<std::string, std::string>, Moment> moments;
  std::error_code problem;
  for (auto entry = std::filesystem::directory_iterator(folder, problem);
       !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem)) {
    const auto name = KeptName::from(entry->path().filename().string());
    if (!name || (like != nullptr && (name->name != like->name || name->pid != like->pid))) {
      continue;
    }
    struct stat status{};
    if (lstat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    Moment& moment = moments[{name->time, name->text()}];
    moment.bytes += static_cast<std::uint64_t>(status.st_size);
    moment.files.push_back(entry->path());
  }
  return moments;
}

}  // namespace

KeptName KeptName::of(std::string_view name, std::int32_t pid, std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  std::array<char, 32> text{};
  // A year of five digits is no time of a crash, and would be no name that is recognised.
  constexpr std::int64_t kLast = 253'402'300'799;
  if (seconds < 0 || seconds > kLast || gmtime_r(&time, &parts) == nullptr) {
    parts = {};
    parts.tm_year = 70;
    parts.tm_mday = 1;
  }
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {fileNameOf(name), pid, text.data()};
}

std::optional<KeptName> KeptName::from(std::string_view file) {
  const auto* ending = std::ranges::find_if(
      kEndings, [file](std::string_view each) { return file.ends_with(each); });
  if (ending == kEndings.end()) return std::nullopt;
  file.remove_suffix(ending->size());
  const auto time = takeLast(file);
  const auto pid = time ? takeLast(file) : std::nullopt;
  if (!pid || !isTime(*time) || file.empty()) return std::nullopt;
  KeptName name{std::string(file), 0, std::string(*time)};
  const auto [end, problem] = std::from_chars(pid->data(), pid->data() + pid->size(), name.pid);
  if (problem != std::errc() || end != pid->data() + pid->size() || name.pid <= 0) {
    return std::nullopt;
  }
  return name;
}

std::string KeptName::text() const { return fmt::format("{}.{}.{}", name, pid, time); }

std::vector<std::string> KeptMoment::files() const {
  std::vector<std::string> files = {core, text, json};
  std::erase(files, "");
  return files;
}

std::string KeptMoment::said() const {
  const auto all = files();
  return all.empty() ? "kept nothing" : fmt::format("kept {}", fmt::join(all, ", "));
}

Result<void> prepareFolder(const std::string& folder) {
  const auto failed = [&folder](int error) {
    return fail(ErrorCode::io,
                fmt::format("{} cannot be written to: {}", folder, std::strerror(error)));
  };
  constexpr mode_t kOwnersFolder = 0700;
  if (mkdir(folder.c_str(), kOwnersFolder) != 0 && errno != EEXIST) return failed(errno);
  struct stat status{};
  if (stat(folder.c_str(), &status) != 0) return failed(errno);
  if (!S_ISDIR(status.st_mode)) return failed(ENOTDIR);
  if (access(folder.c_str(), W_OK | X_OK) != 0) return failed(errno);
  return {};
}

void removeOldest(const std::string& folder, const KeptBounds& bounds, const KeptName* like) {
  auto moments = momentsIn(folder, like);
  std::uint64_t bytes = 0;
  for (const auto& [when, moment] : moments) bytes += moment.bytes;
  while (moments.size() > 1 && ((bounds.moments != 0 && moments.size() > bounds.moments) ||
                                (bounds.bytes != 0 && bytes > bounds.bytes))) {
    const auto oldest = moments.begin();
    for (const auto& file : oldest->second.files) unlink(file.c_str());
    bytes -= oldest->second.bytes;
    moments.erase(oldest);
  }
}

KeptMoment keepMoment(Dumping& dumping, const std::string& folder, const KeptName& name,
                      bool source) {
  KeptMoment kept;
  const std::string stem = fmt::format("{}/{}", folder, name.text());
  const auto note = [&kept](const Result<void>& done, std::string_view what, std::string path) {
    if (done) return path;
    kept.problems.push_back(fmt::format("no {}: {}", what, done.error().message));
    return std::string();
  };
  auto core = dumping.read();
  const std::string corePath = stem + std::string(kCore);
  if (core) core = writeCoreFile(dumping, corePath);
  if (!core && !dumping.wasRead()) kept.unread = core.error();
  kept.core = note(core, "core", corePath);
  if (kept.unread) return kept;
  const std::string text = stem + std::string(kText), json = stem + std::string(kJson);
  std::vector<std::string> words = {"report", "--limit", kMostInText};
  if (!source) words.emplace_back("--no-source");
  kept.text = note(writeReport(dumping, text, words, kept), "report", text);
  kept.json = note(writeReport(dumping, json, {"report", "--json", "--limit", kMostInJson}, kept),
                   "report in JSON", json);
  return kept;
}

}  // namespace parked::command
