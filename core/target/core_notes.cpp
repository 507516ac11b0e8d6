#include "target/core_notes.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <elf.h>

#include "arch/architecture.h"
#include "target/core_note_layout.h"
#include "target/delve_notes.h"

namespace parked::target {
namespace {

template <class T>
bool get(std::span<const std::byte> bytes, std::size_t offset, T& out) {
  if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof(T));
  return true;
}

/// The text of a fixed field, up to a NUL.
std::string field(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return {};
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + offset;
  return {text, strnlen(text, size)};
}

void readFileMappings(std::span<const std::byte> d, std::vector<Mapping>& out) {
  std::uint64_t count = 0;
  std::uint64_t pageSize = 0;
  if (!get(d, 0, count) || !get(d, 8, pageSize)) return;
  if (count > (d.size() - 16) / 24) return;
  std::size_t name = 16 + static_cast<std::size_t>(count) * 24;
  for (std::uint64_t i = 0; i < count && name < d.size(); ++i) {
    Mapping m;
    std::uint64_t offset = 0;
    const std::size_t at = 16 + static_cast<std::size_t>(i) * 24;
    if (!get(d, at, m.start) || !get(d, at + 8, m.end) || !get(d, at + 16, offset)) return;
    m.fileOffset = offset * pageSize;
    const auto* text = reinterpret_cast<const char*>(d.data()) + name;
    m.path.assign(text, strnlen(text, d.size() - name));
    name += m.path.size() + 1;
    if (m.start < m.end) out.push_back(std::move(m));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Mapping& a, const Mapping& b) { return a.start < b.start; });
}

void readProgramInfo(std::span<const std::byte> d, CoreNotes& out) {
  get(d, kPrpsinfoPid, out.pid);
  out.program = field(d, kPrpsinfoName, kPrpsinfoNameSize);
  out.command = field(d, kPrpsinfoArguments, kPrpsinfoArgumentsSize);
  out.command.resize(std::min(out.command.find(' '), out.command.size()));
}

void readThread(std::span<const std::byte> d, const Architecture& arch, CoreNotes& out) {
  Thread thread;
  if (!get(d, kPrstatusPid, thread.tid) || d.size() < kPrstatusRegisters) return;
  decodeRegisters(d.subspan(kPrstatusRegisters), arch, thread);
  // The first thread is the one that got the signal.
  std::int16_t signal = 0;
  if (out.threads.empty() && get(d, kPrstatusSignal, signal)) out.signal = signal;
  out.threads.push_back(std::move(thread));
}

}  // namespace

void Thread::addWords(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof words[0]) return;  // memcpy wants pointers even for no bytes
  const std::size_t before = words.size();
  words.resize(before + bytes.size() / sizeof words[0]);
  std::memcpy(words.data() + before, bytes.data(), (words.size() - before) * sizeof words[0]);
}

bool addVectorRegisters(std::uint32_t note, std::span<const std::byte> set,
                        const Architecture& arch, Thread& out) {
  const auto known = std::ranges::find(arch.vectors, note, &arch::VectorSet::note);
  if (known == arch.vectors.end()) return false;
  // Words without the general ones would pass for all of them.
  const auto registers = known->registers(set);
  if (!out.hasRegisters || registers.empty()) return false;
  out.addWords(registers);
  out.hasVectors = true;
  return true;
}

bool decodeRegisters(std::span<const std::byte> block, const Architecture& arch, Thread& thread) {
  const std::size_t size = arch.general.size();
  if (block.size() < size) return false;
  thread.hasRegisters = true;
  thread.addWords(block.first(size));
  thread.registers = arch.general.read(block);
  return true;
}

AuxiliaryVector decodeAuxv(std::span<const std::byte> bytes) {
  AuxiliaryVector out;
  for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) {
    std::uint64_t pair[2];
    std::memcpy(pair, bytes.data() + at, sizeof pair);
    if (pair[0] == AT_NULL) break;
    if (pair[0] == AT_PHDR) out.programHeaders = pair[1];
    if (pair[0] == AT_ENTRY) out.entry = pair[1];
    if (pair[0] == AT_EXECFN) out.fileName = pair[1];
  }
  return out;
}

CoreNotes readCoreNotes(std::span<const ElfNote> notes, const Architecture& arch) {
  CoreNotes out;
  bool snapshot = false;
  for (const ElfNote& note : notes) {
    const auto d = note.description;
    const std::string_view text(reinterpret_cast<const char*>(d.data()), d.size());
    if (note.type == kDelveHeaderNote) {
      snapshot = true;
      readDelveHeader(text, out);
    } else if (note.type == kDelveThreadNote) {
      Thread thread;
      if (readDelveThread(d, arch, thread)) out.threads.push_back(std::move(thread));
    } else if (note.name == "GDB") {
      // gcore: the signal is the one gdb stopped it with, unless it died in gdb's hands.
      snapshot = snapshot || out.signal == SIGTRAP || out.signal == SIGSTOP;
    } else if (note.name == "CORE" || note.name == "LINUX" || note.name.empty()) {  // Delve: ""
      if (note.type == NT_PRSTATUS) {
        readThread(d, arch, out);
      } else if (note.type == NT_FILE) {
        if (out.mappings.empty()) readFileMappings(d, out.mappings);
      } else if (note.type == NT_AUXV) {
        out.auxiliary = decodeAuxv(d);
      } else if (note.type == NT_PRPSINFO) {
        readProgramInfo(d, out);
      } else if (note.type == NT_SIGINFO) {
        if (!out.signalInfo) out.signalInfo = decodeSignalInfo(d);
      } else if (out.threads.empty()) {
        continue;  // what is below belongs to the thread whose NT_PRSTATUS came before
      } else {
        addVectorRegisters(note.type, d, arch, out.threads.back());
      }
    }
  }
  if (snapshot) out.signal = 0;
  if (out.signalInfo && out.signalInfo->number != out.signal) out.signalInfo.reset();
  return out;
}

}  // namespace parked::target
