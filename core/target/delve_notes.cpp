#include "target/delve_notes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>
#include <string>

namespace parked::target {
namespace {

constexpr std::string_view kPidLine = "Target Pid: ";
constexpr std::string_view kEntryLine = "Entry Point: 0x";

// Names of the registers in the kernel's order (asm/user_64.h), as Delve spells them but for case.
constexpr std::array<std::string_view, 27> kAmd64Names{
    "r15",    "r14", "r13", "r12",     "rbp",     "rbx", "r11",      "r10", "r9",
    "r8",     "rax", "rcx", "rdx",     "rsi",     "rdi", "orig_rax", "rip", "cs",
    "rflags", "rsp", "ss",  "fs_base", "gs_base", "ds",  "es",       "fs",  "gs"};

std::size_t registerIndex(std::string_view name, Arch arch) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (arch == Arch::amd64) {
    const auto at = std::find(kAmd64Names.begin(), kAmd64Names.end(), lower);
    return static_cast<std::size_t>(at - kAmd64Names.begin());
  }
  if (lower == "sp") return 31;
  if (lower == "pc") return 32;
  std::size_t index = 34;
  if (lower.size() > 1 && lower[0] == 'x') {
    std::from_chars(lower.data() + 1, lower.data() + lower.size(), index);
  }
  return index <= 30 ? index : 34;
}

/// Takes values off the front; every one says whether it was there.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <class T>
  bool take(T& out) {
    if (bytes_.size() < sizeof(T)) return false;
    std::memcpy(&out, bytes_.data(), sizeof(T));
    bytes_ = bytes_.subspan(sizeof(T));
    return true;
  }
  bool take(std::size_t size, std::span<const std::byte>& out) {
    if (bytes_.size() < size) return false;
    out = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace

void readDelveHeader(std::string_view text, CoreNotes& out) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with(kPidLine) && out.pid == 0) {
      const auto value = line.substr(kPidLine.size());
      std::from_chars(value.data(), value.data() + value.size(), out.pid);
    } else if (line.starts_with(kEntryLine) && out.auxiliary.entry == 0) {
      const auto value = line.substr(kEntryLine.size());
      std::from_chars(value.data(), value.data() + value.size(), out.auxiliary.entry, 16);
    }
  }
}

bool readDelveThread(std::span<const std::byte> bytes, Arch arch, Thread& out) {
  Reader reader(bytes);
  std::uint64_t tid = 0;
  std::uint64_t pc = 0;
  std::uint64_t sp = 0;
  std::uint64_t framePointer = 0;
  std::uint64_t tls = 0;
  std::uint8_t hasGoroutine = 0;
  std::uint64_t goroutine = 0;
  std::uint32_t count = 0;
  if (!reader.take(tid) || !reader.take(pc) || !reader.take(sp) || !reader.take(framePointer) ||
      !reader.take(tls) || !reader.take(hasGoroutine) || !reader.take(goroutine) ||
      !reader.take(count)) {
    return false;
  }
  std::array<std::uint64_t, 34> block{};
  bool whole = true;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint16_t size = 0;
    std::span<const std::byte> name;
    std::span<const std::byte> value;
    if (!reader.take(size) || !reader.take(size, name) || !reader.take(size) ||
        !reader.take(size, value)) {
      whole = false;
      break;
    }
    const std::size_t index =
        registerIndex({reinterpret_cast<const char*>(name.data()), name.size()}, arch);
    if (index < block.size()) {
      std::memcpy(&block[index], value.data(), std::min(value.size(), sizeof block[index]));
    }
  }
  out.tid = static_cast<std::int32_t>(tid);
  decodeRegisters(std::as_bytes(std::span(block)), arch, out);
  // A register that the list was cut before may hold the only pointer to something.
  if (!whole) out.words.clear();
  // The header names these even where the list of registers is cut.
  out.registers.pc = pc;
  out.registers.sp = sp;
  out.registers.framePointer = framePointer;
  return true;
}

}  // namespace parked::target
