#include "command/handler_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "command/kept_files.h"
#include "report/escape.h"
#include "report/json_text.h"

namespace parked::command {

namespace {

constexpr off_t kLongestLog = 1 << 20;
constexpr std::size_t kLongestLine = 4000;
constexpr mode_t kLogMode = 0600;

target::FileDescriptor openOwn(const std::string& path, int how) {
  return target::FileDescriptor(
      open(path.c_str(), how | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kLogMode));
}

Result<void> cannot(const std::string& path) {
  return fail(ErrorCode::io,
              fmt::format("{} cannot be written to: {}", path, std::strerror(errno)));
}

}  // namespace

Result<void> prepareHandlerFolder(const std::string& folder) {
  if (auto prepared = prepareFolder(folder); !prepared) return prepared;
  struct stat status{};
  if (stat(folder.c_str(), &status) != 0) return cannot(folder);
  if (status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return fail(ErrorCode::permission,
              fmt::format("{} has to be a folder of this user that nobody else may write to "
                          "(chmod go-w)",
                          folder));
}

Result<std::optional<Slot>> Slot::take(const std::string& folder, std::uint64_t atOnce) {
  for (std::uint64_t number = 1; number <= atOnce; ++number) {
    const std::string path = fmt::format("{}/.at-work-{}", folder, number);
    target::FileDescriptor file = openOwn(path, O_RDWR);
    if (!file) return tl::unexpected(cannot(path).error());
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) return Slot(std::move(file));
  }
  return std::nullopt;
}

void logLine(const std::string& folder, std::string_view text) {
  // Of several that find it too long, one renames it.
  const target::FileDescriptor turn = openOwn(folder + "/.log", O_RDWR);
  if (turn) flock(turn.get(), LOCK_EX);
  const std::string path = folder + "/handler.log";
  struct stat status{};
  if (lstat(path.c_str(), &status) == 0 && status.st_size > kLongestLog) {
    (void)std::rename(path.c_str(), (path + ".1").c_str());
  }
  const target::FileDescriptor file = openOwn(path, O_WRONLY | O_APPEND);
  const std::string line =
      fmt::format("{} [{}] {}\n", report::rfc3339(std::time(nullptr) * 1'000'000'000LL), getpid(),
                  report::escape(text.substr(0, kLongestLine)));
  if (file) (void)!write(file.get(), line.data(), line.size());
}

}  // namespace parked::command
