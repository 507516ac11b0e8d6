#include "target/thread_registers.h"

#include <elf.h>
#include <span>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <vector>

#include "arch/architecture.h"
#include "target/core_notes.h"

namespace parked::target {

Thread readThread(std::int32_t tid, const Architecture& arch) {
  Thread thread;
  thread.tid = tid;
  std::vector<std::byte> block(1 << 14);  // 2.7 KB with AVX-512, 11 KB with AMX
  const auto read = [&](std::uint32_t note) {
    iovec where{block.data(), block.size()};
    const auto number = reinterpret_cast<void*>(std::uintptr_t{note});
    const bool got = ptrace(PTRACE_GETREGSET, tid, number, &where) == 0;
    return std::span(block).first(got ? where.iov_len : 0);
  };
  const auto general = read(NT_PRSTATUS);
  if (!decodeRegisters(general, arch, thread)) return thread;
  const auto words = general.first(arch.general.size());
  thread.sets.push_back({NT_PRSTATUS, {words.begin(), words.end()}});
  for (const arch::VectorSet& each : arch.vectors) {
    const auto set = read(each.note);
    if (set.empty()) continue;
    thread.sets.push_back({each.note, {set.begin(), set.end()}});
    // The words of one are enough, as the sets have the same registers.
    if (!thread.hasVectors) addVectorRegisters(each.note, set, arch, thread);
  }
  return thread;
}

}  // namespace parked::target
