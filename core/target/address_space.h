// Where bytes come from: every readable range of the target, from whichever source has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace parked::target {

/// A place bytes are fetched from when they are not mapped into our own address space: a live
/// process, a debugger. (Cores and executables are mapped and need no such call.)
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to out.size() bytes at `address`; returns how many leading bytes were read.
  virtual std::size_t read(Addr address, std::span<std::byte> out) = 0;
};

/// One readable range of the target.
struct Region {
  Addr start = 0;
  Addr end = 0;  ///< one past the last byte
  const std::byte* mapped =
      nullptr;  ///< the bytes, when they are mapped here; else from a ByteSource
  bool writable = false;
  bool executable = false;
  bool fromExecutable = false;  ///< the bytes come from the executable, not from the target itself
};

/// The address space of the target. Regions do not overlap and are sorted. What is added first
/// wins: a core's own segments, then the executables' read-only segments fill the holes.
///
/// Reads hand out memory that stays valid and unchanged as long as the AddressSpace: mapped bytes
/// are handed out without a copy, bytes of a ByteSource are fetched once in large chunks and kept,
/// so that a snapshot of a live process is consistent in itself.
///
/// Reading is not thread-safe when there is a ByteSource.
class AddressSpace {
 public:
  AddressSpace();
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  /// Adds a range; the parts of it that are already covered keep their first source.
  /// Empty and wrapping ranges are ignored.
  void add(const Region& region);

  /// Forgets regions and cached bytes; spans already handed out stay valid.
  void clear();

  /// The source of all regions whose `mapped` is null. Not owned.
  void setSource(ByteSource* source);

  /// Exactly `size` bytes at `address`, or an empty span if any of them is not there.
  /// A range that crosses from one region into an adjacent one is copied (and kept).
  std::span<const std::byte> bytes(Addr address, std::size_t size);

  /// As many bytes at `address` as one source has in a row, at most `limit`; may be empty.
  std::span<const std::byte> bytesUpTo(Addr address, std::size_t limit);

  /// A little-endian integer (or a trivially copyable struct of them); false if not readable.
  template <class T>
  bool read(Addr address, T& out) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto found = bytes(address, sizeof(T));
    if (found.empty()) return false;
    std::memcpy(&out, found.data(), sizeof(T));
    return true;
  }

  /// The word at `address`, or 0 if it is not readable (and then the hole is counted).
  std::uint64_t word(Addr address);

  /// The text of at most `limit` bytes up to a NUL (excluded); nullopt-like empty if unreadable.
  std::string cstring(Addr address, std::size_t limit = 4096);

  /// A Go string header (data, len) at `address`; strings longer than `limit` are refused.
  bool goString(Addr header, std::string& out, std::size_t limit = 1 << 16);

  bool contains(Addr address) const;
  const Region* region(Addr address) const;
  std::span<const Region> regions() const;

  /// How many reads failed since the start, and the first address of them: a pass compares before
  /// and after to know whether it met a hole.
  std::uint64_t misses() const;
  Addr firstMiss() const;

  /// Bytes fetched from the ByteSource so far.
  std::uint64_t fetchedBytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parked::target
