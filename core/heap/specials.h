// What the runtime ties to objects and keeps outside of the heap: finalizers, cleanups, weak
// handles, and the queues of those that are about to run.
// Mirrors runtime/mheap.go (special), runtime/mfinal.go, runtime/mcleanup.go and markrootSpans of
// runtime/mgcmark.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heap/heap.h"
#include "image/image.h"

namespace parked::heap {

enum class SpecialKind : std::uint8_t { finalizer, cleanup, weakHandle };

struct Special {
  ObjectRef object;
  SpecialKind kind = SpecialKind::finalizer;
  Addr payload = 0;  ///< its words may point into the heap: the function to call, its argument
  std::uint32_t payloadSize = 0;
};

/// Memory outside of the heap whose words may point into it.
struct RootBlock {
  Addr address = 0;
  std::uint64_t size = 0;
};

struct Specials {
  std::vector<Special> all;
  std::vector<ObjectRef> pinned;      ///< runtime.Pinner: foreign code may hold them
  std::vector<RootBlock> finalizers;  ///< queued finalizers (runtime.allfin)
  std::vector<RootBlock> cleanups;    ///< queued cleanups (runtime.gcCleanups)
  /// Why it is not complete; nullopt if it is. The first reason counts.
  std::optional<std::string> problem;
};

Specials readSpecials(image::Image& image, const Heap& heap);

/// Calls visit(kind, address of the word, its value) for what finalizers and cleanups, tied to
/// objects or queued, will be called with: words outside of the heap that may point into it.
template <class Visit>
void visitRootWords(target::AddressSpace& memory, const Specials& specials, const Visit& visit) {
  const auto block = [&](SpecialKind kind, const RootBlock& words) {
    for (Addr at = words.address; at + sizeof(Addr) <= words.address + words.size;
         at += sizeof(Addr)) {
      visit(kind, at, memory.word(at));
    }
  };
  for (const Special& special : specials.all) {
    if (special.kind == SpecialKind::weakHandle) continue;  // keeps nothing
    block(special.kind, {special.payload, special.payloadSize});
  }
  for (const RootBlock& words : specials.finalizers) block(SpecialKind::finalizer, words);
  for (const RootBlock& words : specials.cleanups) block(SpecialKind::cleanup, words);
}

}  // namespace parked::heap
