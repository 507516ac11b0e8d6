#include "target/delve_notes.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "arch/architecture.h"
#include "target/value_reader.h"

namespace parked::target {
namespace {

constexpr std::string_view kPidLine = "Target Pid: ";
constexpr std::string_view kEntryLine = "Entry Point: 0x";

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

bool readDelveThread(std::span<const std::byte> bytes, const Architecture& arch, Thread& out) {
  ValueReader reader(bytes);
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
  std::vector<std::uint64_t> block(arch.general.names.size());
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
        arch.general.indexOf({reinterpret_cast<const char*>(name.data()), name.size()});
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

std::vector<std::byte> redactedDelveHeader(std::span<const std::byte> note) {
  CoreNotes known;
  readDelveHeader({reinterpret_cast<const char*>(note.data()), note.size()}, known);
  const std::string text =
      fmt::format("{}{}\n{}{:x}\n", kPidLine, known.pid, kEntryLine, known.auxiliary.entry);
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> redactedDelveThread(std::span<const std::byte> note,
                                           const Architecture& arch,
                                           const std::function<bool(std::uint64_t)>& keeps) {
  // Thread id, pc, sp, frame pointer, TLS, whether it has a goroutine, which, number of registers.
  constexpr std::size_t kFixed = 6 * kWord + 1 + sizeof(std::uint32_t);
  std::vector<std::byte> out(note.size());
  Thread thread;
  if (note.size() < kFixed || !readDelveThread(note, arch, thread)) return out;
  std::memcpy(out.data(), note.data(), kFixed);
  ValueReader reader(note.subspan(kFixed));
  for (std::size_t at = kFixed;;) {
    std::uint16_t nameSize = 0, valueSize = 0;
    std::span<const std::byte> name, value;
    if (!reader.take(nameSize) || !reader.take(nameSize, name) || !reader.take(valueSize) ||
        !reader.take(valueSize, value)) {
      return out;
    }
    const std::size_t names = sizeof nameSize + nameSize + sizeof valueSize;
    std::memcpy(out.data() + at, note.data() + at, names);
    for (std::size_t i = 0; i + kWord <= value.size(); i += kWord) {
      std::uint64_t word = 0;
      std::memcpy(&word, value.data() + i, kWord);
      const Registers& its = thread.registers;
      const bool has =
          word == its.pc || word == its.sp || word == its.framePointer || word == its.link;
      if (has || keeps(word)) std::memcpy(out.data() + at + names + i, &word, kWord);
    }
    at += names + value.size();
  }
}

}  // namespace parked::target
