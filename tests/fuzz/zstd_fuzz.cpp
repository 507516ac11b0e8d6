// room: target
// A compressed core: unpacking, and what is made of the unpacked file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "target/elf_file.h"
#include "target/unpack.h"
#include "target/unpack_streams.h"

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  setenv("TMPDIR", "/dev/shm", 0);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parked::target;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  // What does not look so is never unpacked. Of a block that repeats one byte, three bytes make
  // 128 KiB: many of them only cost time.
  if (!isCompressed(bytes) || size > 4096) return 0;
  const auto unpacked = unpack(bytes, "fuzz", nullptr);
  if (!unpacked) return 0;
  if (unpacked->size == 0) std::abort();
  const auto core = ElfFile::open("/proc/self/fd/" + std::to_string(unpacked->file.get()), "fuzz");
  if (core) (void)(*core)->notes();
  return 0;
}
