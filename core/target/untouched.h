// What a core of the kernel leaves out because nobody has ever written to it: zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "target/address_space.h"
#include "target/elf_file.h"
#include "target/target.h"

namespace parked::target {

/// Pages of zeros, which cost no memory.
class ZeroPages {
 public:
  ZeroPages() = default;
  ZeroPages(const ZeroPages&) = delete;
  ZeroPages& operator=(const ZeroPages&) = delete;
  ~ZeroPages();

  /// At least `size` bytes; null if there is no address space for them. To be called once.
  const std::byte* make(std::size_t size);

 private:
  void* start_ = nullptr;
  std::size_t size_ = 0;
};

/// Pages of the file's .bss that nobody has written to, as those of a plugin, whose copy of the
/// runtime's variables is not used. The kernel dumps private memory that was written to, whole (the
/// function vma_dump_size of fs/coredump.c), unless /proc/PID/coredump_filter says otherwise: so
/// the pages count only if `core` is not cut off, has other private memory, and has the page
/// before. Memory with MADV_DONTDUMP looks alike, but nobody does that to another's variables.
std::vector<Range> untouchedVariables(const ElfFile& core, const std::vector<Mapping>& mappings,
                                      const ElfFile& file, std::uint64_t bias);

}  // namespace parked::target
