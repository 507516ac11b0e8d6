#include "target/thread_registers.h"

#include <array>
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "arch/architecture.h"
#include "target/core_notes.h"

namespace parked::target {

Thread readThread(std::int32_t tid, const Architecture& arch) {
  Thread thread;
  thread.tid = tid;
  std::array<std::byte, 512> block{};
  iovec where{block.data(), block.size()};
  if (ptrace(PTRACE_GETREGSET, tid, reinterpret_cast<void*>(NT_PRSTATUS), &where) == 0) {
    decodeRegisters(std::span(block).first(where.iov_len), arch, thread);
  }
  std::array<std::byte, 1 << 14> vectors;  // 2.7 KB with AVX-512, 11 KB with AMX
  for (const arch::VectorSet& set : arch.vectors) {
    where = {vectors.data(), vectors.size()};
    const auto number = reinterpret_cast<void*>(std::uintptr_t{set.note});
    if (ptrace(PTRACE_GETREGSET, tid, number, &where) != 0) continue;
    const auto got = std::span(vectors).first(where.iov_len);
    if (addVectorRegisters(set.note, got, arch, thread)) break;
  }
  return thread;
}

}  // namespace parked::target
