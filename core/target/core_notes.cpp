#include "target/core_notes.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

namespace parked::target {
namespace {

// Offsets in struct elf_prstatus and elf_prpsinfo, the same on amd64 and arm64 (LP64).
constexpr std::size_t kPrstatusSignal = 12;  // pr_cursig
constexpr std::size_t kPrstatusPid = 32;
constexpr std::size_t kPrstatusRegisters = 112;
constexpr std::size_t kPrpsinfoPid = 24;
constexpr std::size_t kPrpsinfoName = 40;
constexpr std::size_t kPrpsinfoNameSize = 16;
// pkg/proc/core/delve_core.go and pkg/elfwriter of Delve.
constexpr std::uint32_t kDelveHeader = 0x444C5645;

template <class T>
bool get(std::span<const std::byte> bytes, std::size_t offset, T& out) {
  if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof(T));
  return true;
}

void readFileMappings(std::span<const std::byte> d, std::vector<Mapping>& out) {
  std::uint64_t count = 0;
  std::uint64_t pageSize = 0;
  if (!get(d, 0, count) || !get(d, 8, pageSize)) return;
  if (count > d.size() / 24) return;
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
  std::sort(out.begin(), out.end(),
            [](const Mapping& a, const Mapping& b) { return a.start < b.start; });
}

void readAuxv(std::span<const std::byte> d, CoreNotes& out) {
  for (std::size_t at = 0; at + 16 <= d.size(); at += 16) {
    std::uint64_t pair[2];
    std::memcpy(pair, d.data() + at, sizeof pair);
    if (pair[0] == AT_PHDR) out.programHeaders = pair[1];
    if (pair[0] == AT_ENTRY) out.entry = pair[1];
  }
}

}  // namespace

bool decodeRegisters(std::span<const std::byte> block, Arch arch, Registers& out) {
  const std::size_t count = arch == Arch::amd64 ? 27 : 34;
  if (block.size() < count * 8) return false;
  auto& r = out.general;
  std::memcpy(r.data(), block.data(), count * 8);
  out.generalCount = static_cast<std::uint8_t>(count);
  if (arch == Arch::amd64) {  // asm/user_64.h: r15 r14 … rbp(4) … orig_rax(15) rip(16) … rsp(19)
    out.pc = r[16];
    out.sp = r[19];
    out.framePointer = r[4];
    out.goroutine = r[1];
    out.threadBase = r[21];
    out.syscall = static_cast<std::int64_t>(r[15]);
  } else {  // x0 … x30, sp, pc, pstate
    out.pc = r[32];
    out.sp = r[31];
    out.framePointer = r[29];
    out.link = r[30];
    out.goroutine = r[28];
    out.syscall = static_cast<std::int64_t>(r[8]);
  }
  return true;
}

CoreNotes readCoreNotes(std::span<const ElfNote> notes, Arch arch) {
  CoreNotes out;
  for (const ElfNote& note : notes) {
    const auto d = note.description;
    if (note.name == "CORE" || note.name == "LINUX" || note.name.empty()) {  // Delve: ""
      if (note.type == NT_PRSTATUS) {
        Thread thread;
        std::int16_t signal = 0;
        if (!get(d, kPrstatusPid, thread.tid) || d.size() < kPrstatusRegisters) continue;
        thread.hasRegisters =
            decodeRegisters(d.subspan(kPrstatusRegisters), arch, thread.registers);
        // The first thread is the one that got the signal.
        if (out.threads.empty() && get(d, kPrstatusSignal, signal)) out.signal = signal;
        out.threads.push_back(thread);
      } else if (note.type == NT_FILE) {
        readFileMappings(d, out.mappings);
      } else if (note.type == NT_AUXV) {
        readAuxv(d, out);
      } else if (note.type == NT_PRPSINFO) {
        get(d, kPrpsinfoPid, out.pid);
        if (d.size() >= kPrpsinfoName + kPrpsinfoNameSize) {
          const auto* text = reinterpret_cast<const char*>(d.data()) + kPrpsinfoName;
          out.program.assign(text, strnlen(text, kPrpsinfoNameSize));
        }
      }
    } else if (note.type == kDelveHeader) {
      out.fromDelve = true;
    }
  }
  return out;
}

}  // namespace parked::target
