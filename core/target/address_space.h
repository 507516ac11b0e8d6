// Where bytes come from: every readable range of the target, from whichever source has it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
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
  /// The same of private memory without a file, to where zeros are: may leave alone what is zeros
  /// there, too, as the process never used it.
  virtual std::size_t readAnonymous(Addr address, std::span<std::byte> out) {
    return read(address, out);
  }
};

struct Region;

/// Some of the target's addresses.
struct Range {
  Addr start = 0;
  Addr end = 0;  ///< one past the last byte
  bool operator==(const Range&) const = default;
};

/// The same pages as whole pages, sorted, each once.
std::vector<Range> joined(std::vector<Range> ranges);

/// The one of `regions`, which are sorted and do not overlap, that covers the address; else null.
const Region* regionIn(std::span<const Region> regions, Addr address);

/// How many bytes they are together.
std::uint64_t sizeOf(std::span<const Range> ranges);

/// One readable range of the target.
struct Region {
  Addr start = 0;
  Addr end = 0;  ///< one past the last byte
  const std::byte* mapped =
      nullptr;  ///< the bytes, when they are mapped here; else from a ByteSource
  bool writable = false;
  bool executable = false;
  bool shared = false;          ///< with other processes: no memory of a Go runtime
  bool fromExecutable = false;  ///< the bytes come from the executable, not from the target itself
};

/// A Go string of the target, or its beginning.
struct GoText {
  std::string text;          ///< the first bytes; where some are left out, it ends with a character
  std::uint64_t length = 0;  ///< bytes the string has in the target
  bool cut() const { return text.size() < length; }
  /// For people: "so much of it… (cut: 200000 bytes)".
  std::string shown() const;
};

class ReadLog;  // target/read_log.h

/// The texts that a redacted dump does not have, by where their bytes were and how many: what
/// stands for each in a report. Equal texts have equal ones.
using StandIns = std::map<std::pair<Addr, std::uint64_t>, std::string>;

/// The address space of the target. Regions do not overlap and are sorted. What is added first
/// wins: a core's own segments, then the executables' read-only segments fill the holes.
///
/// Reads hand out memory that stays valid and unchanged as long as the AddressSpace: mapped bytes
/// are handed out without a copy, bytes of a ByteSource are fetched once in large chunks and kept,
/// so that a snapshot of a live process is consistent in itself.
///
/// Reads may run in several threads at once if the ByteSource may; adding, clearing and setSource
/// may not run beside anything else.
class AddressSpace {
 public:
  AddressSpace();
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  /// Adds a range; the parts of it that are already covered keep their first source.
  /// Empty and wrapping ranges are ignored.
  void add(const Region& region);

  /// The same for many, sorted by their start, at a cost that grows with how many there are.
  void addAll(std::span<const Region> regions);

  /// Forgets regions, cached bytes and misses; spans already handed out stay valid.
  void clear();

  /// Fetches the pages of `ranges` that are not here yet, in several threads. Asks `stop` between
  /// two pieces; false if that ended it. What cannot be read stays a hole. `anonymous`: none of it
  /// is of a file.
  bool fetch(const std::vector<Range>& ranges, bool anonymous, const std::function<bool()>& stop);

  /// Announces a fetch() of about these ranges after the next clear(): memory for them is taken
  /// from the system now, as that costs more than the copy.
  void prepare(const std::vector<Range>& ranges);

  /// The source of all regions whose `mapped` is null. Not owned. With null, such regions have only
  /// what was fetched before.
  void setSource(ByteSource* source);

  /// Exactly `size` bytes at `address`, or an empty span if any of them is not there.
  /// A range that crosses from one region into an adjacent one is copied (and kept); it is refused
  /// when it is longer than 256 MiB, or all of them since clear() than 512.
  std::span<const std::byte> bytes(Addr address, std::size_t size) {
    const Region* hint = hints_[hintSlot(address)].load(std::memory_order_acquire);
    if (hint != nullptr) {
      const Addr offset = address - hint->start;  // wraps to something large below the start
      const Addr length = hint->end - hint->start;
      if (offset < length && size <= length - offset) return {hint->mapped + offset, size};
    }
    return bytesSlow(address, size);
  }

  /// As many bytes at `address` as one region has in a row, at most `limit`; may be empty.
  std::span<const std::byte> bytesUpTo(Addr address, std::size_t limit);

  /// The same without telling the log: for who looks through much for little, and tells it himself
  /// what counted (note()).
  std::span<const std::byte> view(Addr address, std::size_t size) {
    return log_ == nullptr ? bytes(address, size) : lookUp(address, size);
  }
  std::span<const std::byte> viewUpTo(Addr address, std::size_t limit);

  /// A little-endian integer (or a trivially copyable struct of them); false if not readable.
  template <class T>
  bool read(Addr address, T& out) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto from = bytes(address, sizeof(T));
    if (from.size() != sizeof(T)) return false;
    std::memcpy(&out, from.data(), sizeof(T));
    return true;
  }

  /// The word at `address`, or 0 if it is not readable (and then the hole is counted).
  std::uint64_t word(Addr address) {
    std::uint64_t value = 0;
    read(address, value);
    return value;
  }

  /// The same of a word that means nothing unless it is an address: another one counts as not read.
  std::uint64_t pointer(Addr address);

  /// The text of at most `limit` bytes up to a NUL (excluded); empty if unreadable.
  std::string cstring(Addr address, std::size_t limit = 4096);

  /// The Go string whose header (data, len) is at `header`, cut to `limit` bytes. Long is not
  /// damaged: nullopt if something is not readable or the memory ends before the string does.
  std::optional<GoText> goText(Addr header, std::size_t limit);

  /// A Go string header (data, len) at `address`; strings longer than `limit` are refused.
  bool goString(Addr header, std::string& out, std::size_t limit = 1 << 16);

  /// True when a region covers `address`; a live target may still fail to read it.
  bool contains(Addr address) const {
    const Region* hint = hints_[hintSlot(address)].load(std::memory_order_acquire);
    if (hint != nullptr && address - hint->start < hint->end - hint->start) return true;
    return find(address) != nullptr;
  }
  /// True when regions cover every byte of the range.
  bool covers(Addr address, std::uint64_t size) const;
  /// The region that covers `address`, else null. Valid until the next add() or clear().
  const Region* region(Addr address) const { return find(address); }
  std::span<const Region> regions() const { return regions_; }
  /// Bytes of all regions together: nothing in the target is larger.
  std::uint64_t size() const;

  /// How many reads failed since the start or clear(), and the first address of them: a pass
  /// compares before and after to know whether it met a hole.
  std::uint64_t misses() const { return misses_.load(std::memory_order_relaxed); }
  Addr firstMiss() const { return firstMiss_.load(std::memory_order_relaxed); }

  /// The pages fetched since the last clear().
  std::vector<Range> fetchedRanges() const;

  /// Bytes fetched from the ByteSource so far.
  std::uint64_t fetchedBytes() const;

  /// From here on every read is told to `log`, which must outlive the object; null: no more. Costs
  /// time.
  void record(ReadLog* log);
  ReadLog* log() const { return log_; }
  void note(Addr address, std::uint64_t size) const {
    if (log_ != nullptr) noteRead(address, size);
  }
  /// As ReadLog::noteText(): for texts that are made of something else than a string.
  void noteText(Addr data, std::uint64_t length, std::string_view shown) const;

  /// It is that of a redacted dump.
  void redact(StandIns standIns) { standIns_ = std::move(standIns); }
  const std::optional<StandIns>& standIns() const { return standIns_; }
  /// What stands for the text with these bytes; nullopt if they are there.
  std::optional<std::string> standIn(Addr data, std::uint64_t length) const;

 private:
  class Cache;

  // Where the last reads near an address were answered: a mapped region, or a fetched chunk of a
  // ByteSource region. Walkers alternate between goroutines, stacks and function tables, so one
  // hint would miss nearly always. Multiplied, because arenas are aligned to large powers of two.
  static constexpr unsigned kHintBits = 9;
  static std::size_t hintSlot(Addr address) {
    return static_cast<std::size_t>((address >> 16) * 0x9e3779b97f4a7c15ULL >> (64 - kHintBits));
  }

  const Region* find(Addr address) const;
  std::vector<Range> unmapped(const std::vector<Range>& ranges) const;
  std::span<const std::byte> bytesSlow(Addr address, std::size_t size);
  std::span<const std::byte> lookUp(Addr address, std::size_t size);
  void noteRead(Addr address, std::uint64_t size) const;
  std::span<const std::byte> miss(Addr address);
  void remember(Addr address, const Region* mapped) {
    if (log_ != nullptr) return;  // what is answered by a hint is not told
    hints_[hintSlot(address)].store(mapped, std::memory_order_release);
  }
  void forgetHints();

  std::vector<Region> regions_;
  std::array<std::atomic<const Region*>, 1U << kHintBits> hints_{};
  std::atomic<std::uint64_t> misses_{0};
  std::atomic<Addr> firstMiss_{0};
  std::unique_ptr<Cache> cache_;
  ReadLog* log_ = nullptr;
  std::optional<StandIns> standIns_;
};

}  // namespace parked::target
