#include "golang/system_calls.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "golang/arguments.h"
#include "image/layout.h"
#include "target/descriptors.h"

namespace parked::golang {

namespace {

/// What the arguments of a call mean.
enum class Takes : std::uint8_t {
  nothing,  ///< nothing that tells more than the call's name
  fd,       ///< a descriptor, first
  path,     ///< a path, first
  fdPath,   ///< a directory's descriptor, and a path
  child,    ///< a process, first
  childBy,  ///< what the next is, and a process
};

struct Call {
  std::uint64_t number;
  std::string_view words;  ///< before what it is on
  Takes takes;
};

// arch/x86/entry/syscalls/syscall_64.tbl of Linux: those that wait, in order.
constexpr std::array kCalls = {
    Call{0, "read from", Takes::fd},
    Call{1, "write to", Takes::fd},
    Call{2, "open of", Takes::path},
    Call{3, "close of", Takes::fd},
    Call{4, "stat of", Takes::path},
    Call{5, "fstat of", Takes::fd},
    Call{6, "lstat of", Takes::path},
    Call{7, "poll", Takes::nothing},
    Call{16, "ioctl on", Takes::fd},
    Call{17, "read from", Takes::fd},
    Call{18, "write to", Takes::fd},
    Call{19, "read from", Takes::fd},
    Call{20, "write to", Takes::fd},
    Call{23, "select", Takes::nothing},
    Call{34, "pause", Takes::nothing},
    Call{35, "nanosleep", Takes::nothing},
    Call{40, "sendfile to", Takes::fd},
    Call{42, "connect of", Takes::fd},
    Call{43, "accept on", Takes::fd},
    Call{44, "send to", Takes::fd},
    Call{45, "receive from", Takes::fd},
    Call{46, "send to", Takes::fd},
    Call{47, "receive from", Takes::fd},
    Call{61, "wait for", Takes::child},
    Call{72, "fcntl on", Takes::fd},
    Call{73, "flock on", Takes::fd},
    Call{74, "fsync of", Takes::fd},
    Call{75, "fdatasync of", Takes::fd},
    Call{77, "truncation of", Takes::fd},
    Call{82, "rename of", Takes::path},
    Call{83, "mkdir of", Takes::path},
    Call{84, "rmdir of", Takes::path},
    Call{87, "unlink of", Takes::path},
    Call{128, "rt_sigtimedwait", Takes::nothing},
    Call{137, "statfs of", Takes::path},
    Call{162, "sync", Takes::nothing},
    Call{202, "futex", Takes::nothing},
    Call{217, "listing of", Takes::fd},
    Call{230, "clock_nanosleep", Takes::nothing},
    Call{232, "epoll_wait on", Takes::fd},
    Call{247, "wait for", Takes::childBy},
    Call{257, "open of", Takes::fdPath},
    Call{262, "stat of", Takes::fdPath},
    Call{263, "unlink of", Takes::fdPath},
    Call{270, "select", Takes::nothing},
    Call{271, "poll", Takes::nothing},
    Call{275, "splice from", Takes::fd},
    Call{281, "epoll_wait on", Takes::fd},
    Call{285, "fallocate of", Takes::fd},
    Call{288, "accept on", Takes::fd},
    Call{295, "read from", Takes::fd},
    Call{296, "write to", Takes::fd},
    Call{306, "syncfs of", Takes::fd},
    Call{318, "getrandom", Takes::nothing},
    Call{326, "copy from", Takes::fd},
    Call{437, "open of", Takes::fdPath},
};
static_assert(std::ranges::is_sorted(kCalls, {}, &Call::number));

constexpr std::uint64_t kNumbers = 1024;  // far more than there are
constexpr std::int64_t kMaxPid = 1 << 22;

std::string_view standardName(std::uint64_t fd) {
  return fd == 0 ? "standard input" : fd == 1 ? "standard output" : "standard error";
}

}  // namespace

std::string_view SystemCalls::nameOf(const Frame& frame) const {
  return frame.function == image::kNoFunc ? std::string_view()
                                          : image_.functions().function(frame.function).name;
}

/// With what the kernel calls it, which only a live process tells.
std::string SystemCalls::descriptor(std::uint64_t fd) const {
  const auto number = static_cast<std::int32_t>(fd);  // C's int
  const std::string_view link = target::linkOf(image_.target(), number);
  if (!link.empty()) return fmt::format("fd {} ({})", number, link);
  if (fd <= 2) return fmt::format("fd {} ({})", number, standardName(fd));
  return fmt::format("fd {}", number);
}

std::string SystemCalls::path(Addr address) const {
  constexpr std::size_t kLongest = 4096;
  const auto bytes = image_.target().memory().bytesUpTo(address, kLongest);
  const auto end = std::ranges::find(bytes, std::byte{0});
  if (end == bytes.end()) return {};
  return {reinterpret_cast<const char*>(bytes.data()),
          static_cast<std::size_t>(end - bytes.begin())};
}

/// The process that an os.Process on the stack stands for, which may be known to the kernel by a
/// descriptor.
std::string SystemCalls::child(const std::vector<Frame>& frames) const {
  std::vector<std::string> missing;
  image::Binder process(image_.libraryLayouts(), "os.Process", missing);
  image::Field<std::int64_t> pid;
  process.optional(pid, "Pid");
  if (!pid) return {};
  for (const Frame& frame : frames) {
    if (!nameOf(frame).starts_with("os.(*Process).")) continue;
    const auto receiver = wordArgument(image_, frame, 0);
    std::int64_t number = 0;
    if (receiver && image_.target().memory().read(*receiver + pid.offset, number) && number > 0 &&
        number <= kMaxPid) {
      return fmt::format("child {}", number);
    }
  }
  return {};
}

std::string SystemCalls::describe(const std::vector<Frame>& frames) const {
  constexpr std::uint64_t kByPid = 1, kByDescriptor = 3;  // P_PID, P_PIDFD
  if (frames.empty() || image_.target().arch() != target::Arch::amd64) return {};
  const std::string_view entry = nameOf(frames.front());
  if (entry != "syscall.Syscall" && entry != "syscall.Syscall6") return {};
  const auto argument = [&](std::size_t number) {
    return wordArgument(image_, frames.front(), number);
  };
  const auto number = argument(0);
  if (!number || *number >= kNumbers) return {};
  const auto call = std::ranges::lower_bound(kCalls, *number, {}, &Call::number);
  if (call == kCalls.end() || call->number != *number) {
    return fmt::format("system call {}", *number);
  }
  const auto first = argument(1), second = argument(2);
  std::string on;
  if (call->takes == Takes::fd && first) on = descriptor(*first);
  if (call->takes == Takes::path && first) on = path(*first);
  if (call->takes == Takes::fdPath && second) on = path(*second);
  if (call->takes == Takes::child && first) {
    const auto pid = static_cast<std::int32_t>(*first);
    on = pid > 0 ? fmt::format("child {}", pid) : "any child";
  }
  if (call->takes == Takes::childBy && first && second) {
    on = *first == kByPid ? fmt::format("child {}", static_cast<std::int32_t>(*second))
                          : child(frames);
    if (on.empty() && *first == kByDescriptor) on = fmt::format("the child of fd {}", *second);
  }
  if (on.empty()) {
    return call->takes == Takes::nothing ? std::string(call->words)
                                         : fmt::format("{} something", call->words);
  }
  return fmt::format("{} {}", call->words, on);
}

}  // namespace parked::golang
