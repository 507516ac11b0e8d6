// Reading a mapped file must not end the process: where the file became shorter, or its file system
// fails, the kernel sends SIGBUS.
#pragma once

#include <cstddef>
#include <span>

namespace parked::target {

/// While it lives, a page of the mapping that cannot be read is zeros, and so is all behind it:
/// the owner asks faulted() before it believes what it read. As the X server and systemd do it.
///
/// The handler is there only while something is guarded, and only for faults inside of what is:
/// all others go to whoever had the signal before, as this may be somebody else's process.
class MappingGuard {
 public:
  /// `mapping` is the whole of one mmap. Of more than some hundred at a time the rest is unguarded.
  explicit MappingGuard(std::span<const std::byte> mapping);
  /// To be called before the memory is unmapped.
  ~MappingGuard();
  MappingGuard(const MappingGuard&) = delete;
  MappingGuard& operator=(const MappingGuard&) = delete;

  bool faulted() const;

 private:
  struct Slot;
  friend struct Guarded;
  Slot* slot_ = nullptr;
};

}  // namespace parked::target
