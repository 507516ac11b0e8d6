#include "base/replace_file.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace parked {

namespace {

bool writeWhole(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> cannotWrite(const std::string& path) {
  return fail(ErrorCode::io, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

/// What a link leads to: that is replaced, not the link.
std::string behindLinks(const std::string& path) {
  char* real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;  // not there yet
  std::string found(real);
  std::free(real);
  return found;
}

Result<void> writeInPlace(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return cannotWrite(path);
  const bool written = writeWhole(file, text);
  if ((close(file) != 0) || !written) return cannotWrite(path);
  return {};
}

/// Makes an empty file beside `target`, whose name comes back; -1 with errno.
int openBeside(const std::string& target, mode_t mode, std::string& beside) {
  beside = target + ".XXXXXX";
  const int file = mkostemp(beside.data(), O_CLOEXEC);
  if (file < 0 || fchmod(file, mode) == 0) return file;
  const int error = errno;
  close(file);
  unlink(beside.c_str());
  errno = error;
  return -1;
}

std::string folderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string descriptorPath(int file) { return fmt::format("/proc/self/fd/{}", file); }

/// Makes an empty file in the folder of `target` that has no name, so that nothing is left of it
/// whoever is killed; -1 where that cannot be, or it could not be given a name.
int openNameless(const std::string& target, mode_t mode) {
  const int file = open(folderOf(target).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return -1;
  if (fchmod(file, mode) == 0 && access(descriptorPath(file).c_str(), F_OK) == 0) return file;
  close(file);
  return -1;
}

/// Gives a file without a name one beside `target`; "" with errno.
std::string nameBeside(int file, const std::string& target) {
  constexpr int kMostTries = 1000;
  for (int number = 0; number < kMostTries; ++number) {
    std::string name = fmt::format("{}.{}-{}", target, getpid(), number);
    if (linkat(AT_FDCWD, descriptorPath(file).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) ==
        0) {
      return name;
    }
    if (errno != EEXIST) break;
  }
  return "";
}

/// Writes the text beside `target`, under the name that comes back.
Result<std::string> writeBeside(const std::string& target, std::string_view text, mode_t mode) {
  std::string beside;
  const int file = openBeside(target, mode, beside);
  if (file < 0) return tl::unexpected(cannotWrite(target).error());
  const bool written = writeWhole(file, text);
  if (close(file) == 0 && written) return beside;
  const Result<void> failed = cannotWrite(target);
  unlink(beside.c_str());
  return tl::unexpected(failed.error());
}

/// That of any new file: who reads it may be another user.
mode_t modeOfNew() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

Result<void> replaceFile(const std::string& path, std::string_view text) {
  struct stat status{};
  const bool there = stat(path.c_str(), &status) == 0;
  if (there && !S_ISREG(status.st_mode)) return writeInPlace(path, text);
  const std::string target = behindLinks(path);
  const auto beside = writeBeside(target, text, there ? status.st_mode & 07777 : modeOfNew());
  if (!beside) return tl::unexpected(beside.error());
  if (rename(beside->c_str(), target.c_str()) == 0) return {};
  const Result<void> failed = cannotWrite(path);
  unlink(beside->c_str());
  return failed;
}

Result<bool> addFile(const std::string& path, std::string_view text) {
  const auto beside = writeBeside(path, text, modeOfNew());
  if (!beside) return tl::unexpected(beside.error());
  bool added = renameat2(AT_FDCWD, beside->c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0;
  if (!added && (errno == EINVAL || errno == ENOSYS)) {  // a file system that cannot tell
    added = access(path.c_str(), F_OK) != 0 && rename(beside->c_str(), path.c_str()) == 0;
    if (!added && access(path.c_str(), F_OK) == 0) errno = EEXIST;
  }
  if (added) return true;
  const int error = errno;
  unlink(beside->c_str());
  if (error == EEXIST) return false;
  errno = error;
  return tl::unexpected(cannotWrite(path).error());
}

NewFile::NewFile(std::string path, std::string target, std::string beside, int file)
    : path_(std::move(path)), target_(std::move(target)), beside_(std::move(beside)), file_(file) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      beside_(std::exchange(other.beside_, {})),
      file_(std::exchange(other.file_, -1)) {}

NewFile::~NewFile() {
  if (file_ >= 0) close(file_);
  if (!beside_.empty()) unlink(beside_.c_str());
}

Result<NewFile> NewFile::make(const std::string& path, mode_t mode) {
  struct stat status{};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return tl::unexpected(cannotWrite(path).error());
    return NewFile(path, "", "", file);
  }
  std::string beside;
  std::string target = behindLinks(path);
  int file = openNameless(target, mode);
  if (file < 0) file = openBeside(target, mode, beside);
  if (file < 0) return tl::unexpected(cannotWrite(path).error());
  return NewFile(path, std::move(target), std::move(beside), file);
}

Result<void> NewFile::finish() {
  if (!target_.empty() && beside_.empty()) {
    beside_ = nameBeside(file_, target_);
    if (beside_.empty()) return cannotWrite(path_);
  }
  // Some file systems tell only now that there was no room.
  if (close(std::exchange(file_, -1)) != 0) return cannotWrite(path_);
  if (beside_.empty()) return {};
  if (rename(beside_.c_str(), target_.c_str()) != 0) return cannotWrite(path_);
  beside_.clear();
  return {};
}

}  // namespace parked
