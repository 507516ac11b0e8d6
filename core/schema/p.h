// runtime.p: a processor, and the list of them. Mirrors runtime/runtime2.go, runtime/time.go and
// runtime/proc.go (allp), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <optional>

#include "image/layout.h"

namespace parked::schema {

/// More processors than any machine has.
inline constexpr std::uint64_t kMostPs = 1 << 16;

struct PLayout {
  static constexpr std::uint32_t kAbsent = image::Field<Addr>::kAbsent;
  std::uint32_t size = 0;
  image::Field<std::int32_t> id;
  image::Field<std::uint32_t> status;
  image::Field<Addr> m;
  image::Field<std::int64_t> schedWhen, syscallWhen;  ///< when sysmon last looked, monotonic ns
  // Up to 1.22 p.timers is a []*timer; since 1.23 it is a struct with a slice of pairs.
  std::uint32_t timers = kAbsent;           ///< of p.timers
  std::uint32_t timerHeap = kAbsent;        ///< of the slice
  image::Field<std::uint32_t> timersCount;  ///< how many there are, kept beside the heap
  image::Field<std::uint64_t> timersLock;

  bool timersAreSet() const { return timers != kAbsent && timerHeap != timers; }  ///< since 1.23

  static PLayout of(image::LayoutSource& source);
};

/// The slice runtime.allp.
class PList {
 public:
  /// nullopt if the slice at `allp` is not readable, or claims more than any machine has.
  static std::optional<PList> read(target::AddressSpace& memory, Addr allp);

  Addr data() const { return data_; }
  std::uint64_t size() const { return size_; }
  /// The address of a p; 0 of one that is not made yet; nullopt if that is not readable.
  std::optional<Addr> at(std::uint64_t number) const;

 private:
  PList(target::AddressSpace& memory, Addr data, std::uint64_t size)
      : memory_(&memory), data_(data), size_(size) {}

  target::AddressSpace* memory_;
  Addr data_;
  std::uint64_t size_;
};

}  // namespace parked::schema
