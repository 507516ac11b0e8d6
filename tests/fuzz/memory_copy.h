// A file's copy in memory, which opens like any file and can be written into and put right again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace parked::fuzz {

[[noreturn]] inline void give_up(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

class MemoryCopy {
 public:
  explicit MemoryCopy(const std::string& file) {
    const int from = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat st{};
    if (from < 0 || fstat(from, &st) != 0) give_up(file);
    size_ = static_cast<std::size_t>(st.st_size);
    fd_ = memfd_create("copy", MFD_CLOEXEC);
    if (fd_ < 0 || ftruncate(fd_, st.st_size) != 0) give_up("memfd");
    void* at = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (at == MAP_FAILED) give_up("mmap");
    bytes_ = static_cast<std::byte*>(at);
    // Cores are sparse: pages of zeros stay holes.
    static constexpr std::byte kZeros[4096] = {};
    std::byte page[4096];
    for (std::size_t done = 0; done < size_;) {
      const ssize_t got = pread(from, page, sizeof page, static_cast<off_t>(done));
      if (got <= 0) give_up(file);
      if (std::memcmp(page, kZeros, static_cast<std::size_t>(got)) != 0) {
        std::memcpy(bytes_ + done, page, static_cast<std::size_t>(got));
      }
      done += static_cast<std::size_t>(got);
    }
    close(from);
  }
  MemoryCopy(const MemoryCopy&) = delete;
  MemoryCopy& operator=(const MemoryCopy&) = delete;

  /// What to open: the copy as it is now.
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  std::size_t size() const { return size_; }

  std::uint64_t word(std::size_t offset) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes_ + offset, sizeof value);
    return value;
  }
  /// Writes a word; the offset leaves room for it.
  void write(std::size_t offset, std::uint64_t value) {
    undo_.emplace_back(offset, word(offset));
    std::memcpy(bytes_ + offset, &value, sizeof value);
  }
  void restore() {
    for (; !undo_.empty(); undo_.pop_back()) {
      std::memcpy(bytes_ + undo_.back().first, &undo_.back().second, sizeof(std::uint64_t));
    }
  }

 private:
  int fd_ = -1;
  std::size_t size_ = 0;
  std::byte* bytes_ = nullptr;
  std::vector<std::pair<std::size_t, std::uint64_t>> undo_;
};

}  // namespace parked::fuzz
