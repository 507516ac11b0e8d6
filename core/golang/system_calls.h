// Which system call a goroutine is in, and on what: read off the arguments of syscall.Syscall or
// Syscall6, in which the runtime was told of it. Mirrors syscall/syscall_linux.go and
// asm_linux_amd64.s, Go 1.18 to 1.27; amd64 only, as the numbers are the kernel's for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "golang/snapshot.h"
#include "golang/unwind.h"

namespace parked::golang {

class SystemCalls {
 public:
  explicit SystemCalls(image::Image& image) : image_(image) {}

  /// "write to fd 2 (pipe:[4711])", "wait for child 4712", by the innermost frames of a goroutine
  /// whose status says that it is in a system call; "" if that is not known.
  std::string describe(const std::vector<Frame>& frames) const;
  /// How many frames describe() looks at.
  static constexpr std::size_t kFrames = 8;

 private:
  std::string_view nameOf(const Frame& frame) const;
  std::string descriptor(std::uint64_t fd) const;
  std::string path(Addr address) const;
  std::string child(const std::vector<Frame>& frames) const;

  image::Image& image_;
};

}  // namespace parked::golang
