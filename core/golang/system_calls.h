// Which system call a goroutine is in, and on what: read off the arguments of syscall.Syscall or
// Syscall6, in which the runtime was told of it, or off where its code keeps them. Mirrors
// syscall/syscall_linux.go and asm_linux_GOARCH.s, Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/system_call.h"
#include "golang/snapshot.h"
#include "golang/spilled_arguments.h"
#include "golang/unwind.h"

namespace parked::golang {

class SystemCalls {
 public:
  explicit SystemCalls(image::Image& image) : image_(image) {}

  /// "write to fd 2 (pipe:[4711])", "wait for child 4712", by the innermost frames of a goroutine
  /// whose status says that it is in a system call; "" if that is not known.
  std::string describe(const std::vector<Frame>& frames);
  /// How many frames describe() looks at.
  static constexpr std::size_t kFrames = 8;

 private:
  std::string_view nameOf(const Frame& frame) const;
  std::string descriptor(std::uint64_t fd) const;
  std::string path(Addr address) const;
  std::string child(const std::vector<Frame>& frames);
  std::string object(const arch::SystemCall& call, const Frame& entry,
                     const std::vector<Frame>& frames);
  std::optional<std::uint64_t> argument(const Frame& frame, std::size_t number);

  image::Image& image_;
  SpilledArguments spilled_{image_};
};

}  // namespace parked::golang
