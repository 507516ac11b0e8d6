// Who created a goroutine, and who created that one: noted by the runtime when it runs with
// GODEBUG=tracebackancestors=N. Mirrors runtime/proc.go (saveAncestors).
#pragma once

#include <cstdint>
#include <vector>

#include "golang/snapshot.h"

namespace parked::golang {

/// A goroutine in whose call another was created, noted at that moment; it may be long gone.
struct Ancestor {
  std::uint64_t id = 0;
  Addr creatorPc = 0;     ///< its own g.gopc, 0: none
  std::vector<Addr> pcs;  ///< return addresses of its stack, innermost first
};

/// Reads g.ancestors, of a goroutine when it is asked for.
class AncestorReader {
 public:
  explicit AncestorReader(const Snapshot& snapshot);

  /// The nearest first; as far as they are readable, and none where the runtime did not note any.
  /// What is not readable is not counted as damage: nothing depends on it but a line of the report,
  /// and of a live process these stacks may not have been copied.
  std::vector<Ancestor> read(const Goroutine& goroutine);

 private:
  target::AddressSpace* memory_ = nullptr;  ///< null: the layouts are not known
  image::Field<Addr> list_;
  std::uint32_t size_ = 0;
  image::Field<Addr> pcs_;
  image::Field<std::uint64_t> pcCount_, goid_;
  image::Field<Addr> gopc_;
  std::size_t left_ = 0;  ///< pcs that may still be read
};

}  // namespace parked::golang
