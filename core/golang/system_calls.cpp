#include "golang/system_calls.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

#include "arch/architecture.h"
#include "golang/arguments.h"
#include "image/layout.h"
#include "target/descriptors.h"

namespace parked::golang {

namespace {

using Takes = arch::SystemCall::Takes;

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
  auto& memory = image_.target().memory();
  if (auto instead = memory.standIn(address, 0)) return std::move(*instead);
  const auto bytes = memory.viewUpTo(address, kLongest);
  const auto end = std::ranges::find(bytes, std::byte{0});
  const std::string_view path(
      reinterpret_cast<const char*>(bytes.data()),
      end == bytes.end() ? 0 : static_cast<std::size_t>(end - bytes.begin()));
  memory.noteText(address, 0, path);
  return std::string(path);
}

/// As the traceback would find it, else where the code has put it.
std::optional<std::uint64_t> SystemCalls::argument(const Frame& frame, std::size_t number) {
  const auto told = wordArgument(image_, frame, number);
  return told ? told : spilled_.word(frame, number);
}

/// The process that an os.Process or os/exec.Cmd on the stack stands for, which may be known to the
/// kernel by a descriptor.
std::string SystemCalls::child(const std::vector<Frame>& frames) {
  std::vector<std::string> missing;
  image::Binder process(image_.libraryLayouts(), "os.Process", missing);
  image::Field<std::int64_t> pid;
  process.optional(pid, "Pid");
  image::Binder command(image_.libraryLayouts(), "os/exec.Cmd", missing);
  image::Field<Addr> started;
  command.optional(started, "Process");
  if (!pid) return {};
  auto& memory = image_.target().memory();
  for (const Frame& frame : frames) {
    const std::string_view name = nameOf(frame);
    const bool ofCommand = name.starts_with("os/exec.(*Cmd).") && started;
    if (!ofCommand && !name.starts_with("os.(*Process).")) continue;
    const auto receiver = argument(frame, 0);
    if (!receiver) continue;
    Addr of = *receiver;
    if (ofCommand && !memory.read(*receiver + started.offset, of)) continue;
    std::int64_t number = 0;
    if (memory.read(of + pid.offset, number) && number > 0 && number <= kMaxPid) {
      return fmt::format("child {}", number);
    }
  }
  return {};
}

/// What the call is made on, as its first arguments say; "" if they do not.
std::string SystemCalls::object(const arch::SystemCall& call, const Frame& entry,
                                const std::vector<Frame>& frames) {
  constexpr std::uint64_t kByPid = 1, kByDescriptor = 3;  // P_PID, P_PIDFD
  const auto first = argument(entry, 1), second = argument(entry, 2);
  if (call.takes == Takes::fd && first) return descriptor(*first);
  if (call.takes == Takes::path && first) return path(*first);
  if (call.takes == Takes::fdPath && second) return path(*second);
  if (call.takes == Takes::child && first) {
    const auto pid = static_cast<std::int32_t>(*first);
    return pid > 0 ? fmt::format("child {}", pid) : "any child";
  }
  if (call.takes != Takes::childBy || !first || !second) return {};
  if (*first == kByPid) return fmt::format("child {}", static_cast<std::int32_t>(*second));
  const std::string known = child(frames);
  return known.empty() && *first == kByDescriptor ? fmt::format("the child of fd {}", *second)
                                                  : known;
}

std::string SystemCalls::describe(const std::vector<Frame>& frames) {
  const std::span<const arch::SystemCall> known = image_.target().arch().systemCalls;
  if (frames.empty() || known.empty()) return {};
  const std::string_view entry = nameOf(frames.front());
  if (entry != "syscall.Syscall" && entry != "syscall.Syscall6") return {};
  const auto number = argument(frames.front(), 0);
  if (!number || *number >= kNumbers) return {};
  const auto call = std::ranges::lower_bound(known, *number, {}, &arch::SystemCall::number);
  if (call == known.end() || call->number != *number) {
    return fmt::format("system call {}", *number);
  }
  const std::string on = object(*call, frames.front(), frames);
  if (on.empty()) {
    return call->takes == Takes::nothing ? std::string(call->words)
                                         : fmt::format("{} something", call->words);
  }
  return fmt::format("{} {}", call->words, on);
}

}  // namespace parked::golang
