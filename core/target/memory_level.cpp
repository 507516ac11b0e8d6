#include "target/memory_level.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <fmt/format.h>
#include <fstream>
#include <ios>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace parked::target {

namespace {

/// More is in none of the files that are read here, but for a list of very many mounts.
constexpr std::size_t kMostText = 4 << 20;
/// Cgroups above one another that are looked at; the kernel's own bound is far lower as a rule.
constexpr std::size_t kDeepest = 64;

/// The text of a file of the kernel's; nullopt if it cannot be read.
std::optional<std::string> readText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece{};
  while (text.size() < kMostText) {
    file.read(piece.data(), piece.size());
    if (file.gcount() <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

std::string_view takeUntil(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

std::optional<std::uint64_t> numberFrom(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

/// The number behind a name at the beginning of a line, whatever blanks and colons are between.
std::optional<std::uint64_t> numberOf(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view line = takeUntil(text, '\n');
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    const std::size_t at = line.find_first_not_of(": \t");
    if (at == 0 || at == std::string_view::npos) continue;  // a longer name
    return numberFrom(line.substr(at));
  }
  return std::nullopt;
}

/// The kernel writes blanks and backslashes of a path as three octal digits.
std::string unescaped(std::string_view text) {
  std::string out;
  const auto isOctal = [](char c) { return c >= '0' && c <= '7'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size() && isOctal(text[i + 1]) &&
                         isOctal(text[i + 2]) && isOctal(text[i + 3]);
    if (!escaped) {
      out += text[i];
      continue;
    }
    out += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                             (text[i + 3] - '0'));
    i += 3;
  }
  return out;
}

bool hasWord(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (takeUntil(list, ',') == word) return true;
  }
  return false;
}

/// A file with one number in it, or "max".
std::optional<std::uint64_t> numberIn(const std::string& path) {
  const auto text = readText(path);
  return text ? numberFrom(*text) : std::nullopt;
}

/// Version 1 says "no limit" by the largest number of pages there is.
constexpr std::uint64_t kNoLimit = 1ULL << 62;

std::optional<MemoryLevel> levelOf(const std::string& folder, std::optional<std::uint64_t> used,
                                   std::optional<std::uint64_t> limit,
                                   std::string_view reclaimable) {
  if (!used || !limit || *limit == 0 || *limit >= kNoLimit) return std::nullopt;
  const std::string statistics = readText(folder + "/memory.stat").value_or("");
  const std::uint64_t files = numberOf(statistics, reclaimable).value_or(0);
  return MemoryLevel{folder, *used - std::min(*used, files), *limit};
}

/// The part of `path` below `root`; nullopt if it is not below.
std::optional<std::string> below(const std::string& path, const std::string& root) {
  if (root == "/") return path == "/" ? "" : path;
  if (!path.starts_with(root)) return std::nullopt;
  std::string rest = path.substr(root.size());
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  return rest;
}

/// A path out of what this namespace of cgroups has says nothing of where it is mounted here.
bool leadsOut(std::string_view path) {
  while (!path.empty()) {
    if (takeUntil(path, '/') == "..") return true;
  }
  return false;
}

bool isFolder(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// The folders as one process's mounts show them.
std::vector<std::string> foldersSeenBy(const std::string& who, const std::string& prefix,
                                       const CgroupPaths& paths) {
  const auto mounts = readText(fmt::format("/proc/{}/mountinfo", who));
  if (!mounts) return {};
  auto folders = cgroupFolders(parseCgroupMounts(*mounts), paths, prefix);
  std::erase_if(folders, [](const std::string& each) { return !isFolder(each); });
  return folders;
}

}  // namespace

std::vector<CgroupMount> parseCgroupMounts(std::string_view text) {
  // "35 31 0:32 /root /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory"
  std::vector<CgroupMount> mounts;
  while (!text.empty()) {
    std::string_view line = takeUntil(text, '\n');
    constexpr std::string_view kBetween = " - ";
    const std::size_t between = line.find(kBetween);
    if (between == std::string_view::npos) continue;
    std::string_view behind = line.substr(between + kBetween.size());
    const std::string_view type = takeUntil(behind, ' ');
    takeUntil(behind, ' ');  // the source
    const bool unified = type == "cgroup2";
    if (!unified && !(type == "cgroup" && hasWord(behind, "memory"))) continue;
    for (int i = 0; i < 3; ++i) takeUntil(line, ' ');
    CgroupMount mount;
    mount.unified = unified;
    mount.root = unescaped(takeUntil(line, ' '));
    mount.at = unescaped(takeUntil(line, ' '));
    if (mount.root.starts_with('/') && mount.at.starts_with('/')) mounts.push_back(mount);
  }
  return mounts;
}

CgroupPaths parseCgroupPaths(std::string_view text) {
  CgroupPaths paths;
  while (!text.empty()) {
    std::string_view line = takeUntil(text, '\n');
    const std::string_view number = takeUntil(line, ':');
    const std::string_view controllers = takeUntil(line, ':');
    if (!line.starts_with('/')) continue;
    if (number == "0" && controllers.empty()) paths.unified = std::string(line);
    if (hasWord(controllers, "memory")) paths.memory = std::string(line);
  }
  return paths;
}

std::vector<std::string> cgroupFolders(const std::vector<CgroupMount>& mounts,
                                       const CgroupPaths& paths, const std::string& prefix) {
  std::vector<std::string> folders;
  const auto add = [&folders](const std::string& folder) {
    if (std::ranges::find(folders, folder) == folders.end()) folders.push_back(folder);
  };
  for (const CgroupMount& mount : mounts) {
    const auto& path = mount.unified ? paths.unified : paths.memory;
    if (!path) continue;
    auto rest = below(*path, mount.root);
    if (!rest || leadsOut(*rest)) continue;
    const std::string top = prefix + mount.at;
    for (std::size_t depth = 0; depth < kDeepest; ++depth) {
      add(top + *rest);
      if (rest->empty()) break;
      rest->resize(rest->rfind('/'));
    }
  }
  return folders;
}

std::optional<MemoryLevel> cgroupLevel(const std::string& folder) {
  if (const auto used = numberIn(folder + "/memory.current")) {
    const auto most = numberIn(folder + "/memory.max");
    const auto high = numberIn(folder + "/memory.high");  // above it, it hardly gets on any more
    const auto limit = most && high ? std::min(*most, *high) : most ? most : high;
    return levelOf(folder, used, limit, "inactive_file");
  }
  return levelOf(folder, numberIn(folder + "/memory.usage_in_bytes"),
                 numberIn(folder + "/memory.limit_in_bytes"), "total_inactive_file");
}

std::optional<MemoryLevel> machineLevel(std::string_view text) {
  const auto total = numberOf(text, "MemTotal");
  const auto available = numberOf(text, "MemAvailable");
  constexpr std::uint64_t kKilobyte = 1024;
  if (!total || !available || *total == 0 || *total >= kNoLimit / kKilobyte) return std::nullopt;
  return MemoryLevel{"", (*total - std::min(*total, *available)) * kKilobyte, *total * kKilobyte};
}

std::optional<double> parseStalled(std::string_view text) {
  constexpr std::string_view kFull = "full avg10=";
  while (!text.empty()) {
    std::string_view line = takeUntil(text, '\n');
    if (!line.starts_with(kFull)) continue;
    line.remove_prefix(kFull.size());
    double percent = 0;
    const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), percent);
    if (problem != std::errc() || !std::isfinite(percent) || percent < 0) return std::nullopt;
    return percent;
  }
  return std::nullopt;
}

Result<void> MemoryGauge::find() {
  const auto text = readText(fmt::format("/proc/{}/cgroup", pid_));
  if (!text || text->empty()) {
    if (access(fmt::format("/proc/{}", pid_).c_str(), F_OK) != 0) {
      return fail(ErrorCode::gone, fmt::format("process {} has ended", pid_));
    }
  }
  if (text && *text == cgroups_) return {};
  cgroups_ = text.value_or("");
  const CgroupPaths paths = parseCgroupPaths(cgroups_);
  folders_ = foldersSeenBy("self", "", paths);
  // A container shows its own cgroups alone; those of a neighbour are where that has them mounted.
  if (folders_.empty()) {
    folders_ = foldersSeenBy(fmt::format("{}", pid_), fmt::format("/proc/{}/root", pid_), paths);
  }
  return {};
}

Result<std::vector<MemoryLevel>> MemoryGauge::levels() {
  if (auto found = find(); !found) return tl::unexpected(found.error());
  std::vector<MemoryLevel> levels;
  for (const std::string& folder : folders_) {
    if (auto level = cgroupLevel(folder)) levels.push_back(std::move(*level));
  }
  if (!levels.empty()) return levels;
  auto machine = machineLevel(readText("/proc/meminfo").value_or(""));
  if (!machine) {
    return fail(ErrorCode::unsupported,
                fmt::format("nobody says how much memory process {} may have", pid_));
  }
  levels.push_back(std::move(*machine));
  return levels;
}

Result<double> MemoryGauge::stalled() {
  if (auto found = find(); !found) return tl::unexpected(found.error());
  for (const std::string& folder : folders_) {
    const auto text = readText(folder + "/memory.pressure");
    if (!text) continue;
    if (const auto percent = parseStalled(*text)) return *percent;
  }
  if (const auto percent = parseStalled(readText("/proc/pressure/memory").value_or(""))) {
    return *percent;
  }
  return fail(ErrorCode::unsupported,
              "the kernel does not tell of pressure (PSI) here: it may need psi=1 at boot");
}

}  // namespace parked::target
