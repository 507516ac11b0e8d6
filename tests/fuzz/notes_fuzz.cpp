// room: target
// The notes of a core: threads with their registers, mapped files, the auxiliary vector, what Delve
// and parked dump write. Input: a byte with the architecture and the alignment, then notes as
// PT_NOTE has them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "arch/architecture.h"
#include "target/build_id.h"
#include "target/core_notes.h"
#include "target/dump_notes.h"
#include "target/elf_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace arch = parked::arch;
  using namespace parked::target;
  if (size == 0) return 0;
  const auto all = arch::all();
  const Architecture& architecture = *all[data[0] % all.size()];
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  const auto notes = parseNotes(bytes, (data[0] & 2) != 0 ? 8 : 4);
  (void)goBuildIdOf(notes);
  (void)gnuBuildIdOf(notes);
  const CoreNotes core = readCoreNotes(notes, architecture);
  for (const Mapping& mapping : core.mappings) {
    if (mapping.start >= mapping.end) std::abort();
  }
  for (const Thread& thread : core.threads) {
    // As many as the notes have; of Delve's always a whole set, however few it has written.
    if (thread.words.size() > architecture.general.names.size() + size / sizeof thread.words[0])
      std::abort();
  }
  (void)decodeAuxv(bytes);
  if (const auto dump = decodeDumpNotes(notes)) {
    if (!std::ranges::is_sorted(dump->regions, {}, &Region::start)) std::abort();
    // Each takes more bytes than that.
    if (dump->descriptors.size() + dump->sockets.size() + dump->incomplete.size() > size / 8) {
      std::abort();
    }
  }
  for (const CoreNote& note : otherNotes(notes)) {
    if (note.description.size() > size) std::abort();
  }
  return 0;
}
