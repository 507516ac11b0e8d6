// The bytes fetched from a ByteSource, each page once.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "target/address_space.h"

namespace parked::target {

/// How to fetch.
struct Fetch {
  ByteSource& source;
  bool anonymous = false;  ///< by readAnonymous()
};

/// 64 MiB of the target's addresses, reserved in one piece and filled page by page, so that what
/// lies together in the target lies together here and needs no copy.
class Window {
 public:
  static constexpr std::uint64_t kSize = 64ULL << 20;
  static constexpr std::uint64_t kChunk = 64ULL << 10;

  /// Null when the address space of this process is exhausted.
  static std::unique_ptr<Window> make(Addr start);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  /// How many bytes of [from, to) are here in a row from `from` on, after fetching those that were
  /// not asked for before. Fetches whole chunks where [low, high) allows it; never beyond that.
  std::uint64_t fill(Addr from, Addr to, Addr low, Addr high, ByteSource* source);

  const std::byte* at(Addr address) const { return base_ + (address - start_); }

  /// Pages in a row, by number.
  struct Pages {
    std::uint64_t first = 0, last = 0;  ///< last: one past
  };
  /// Those of [from, to) that were not asked for yet, at most `longest` at a time.
  void untried(Addr from, Addr to, std::uint64_t longest,
               const std::function<void(Pages)>& each) const;
  /// Reads pages to their place without noting it: for several threads at once, each with pages of
  /// its own. Appends those that were read; returns how far it came before giving up.
  std::uint64_t read(Pages pages, const Fetch& from, std::vector<Pages>& done) const;
  /// Notes that `asked` were asked for, and `done` of them read.
  void note(Pages asked, const std::vector<Pages>& done);
  /// Takes memory for [from, to) from the system, so that filling it costs no page fault.
  void populate(Addr from, Addr to) const;

  /// The chunk around `address` as a region, once all of it is here; else null.
  const Region* wholeChunk(Addr address);

  std::uint64_t fetched() const { return fetched_; }
  /// Appends the pages that are here.
  void addRanges(std::vector<Range>& out) const;

 private:
  Window(Addr start, std::byte* base) : start_(start), base_(base) {}
  void fetch(std::uint64_t first, std::uint64_t last, ByteSource& source);

  static constexpr std::size_t kPages = kSize / kPage;
  static constexpr std::size_t kChunks = kSize / kChunk;
  static constexpr std::uint64_t kPagesPerChunk = kChunk / kPage;

  Addr start_;
  std::byte* base_;
  std::bitset<kPages> asked_;
  std::bitset<kPages> here_;
  std::array<std::unique_ptr<Region>, kChunks> chunks_;
  std::uint64_t fetched_ = 0;
};

/// The windows, by address.
class PageCache {
 public:
  /// The window of `address`, made when it is new; null as Window::make().
  Window* window(Addr address);
  /// The same, but null where there is none yet: for who cannot fill it.
  Window* windowIfThere(Addr address);

  /// Fetches what of `ranges` (page-aligned, not overlapping) was not asked for yet, in up to
  /// `threads` threads. Before each piece it asks `stop`; false when that ended it.
  bool fetch(std::span<const Range> ranges, const Fetch& from, unsigned threads,
             const std::function<bool()>& stop);
  /// Makes windows for `ranges` with their memory, to be used from the next retire() on.
  void prepare(std::span<const Range> ranges, unsigned threads);

  /// Starts anew; the memory stays.
  void retire();

  std::uint64_t fetched() const;
  /// The pages that are here, in no order.
  std::vector<Range> ranges() const;

 private:
  using Windows = std::unordered_map<std::uint64_t, std::unique_ptr<Window>>;
  static Window* windowIn(Windows& windows, Addr address);

  Windows windows_, prepared_;
  std::vector<std::unique_ptr<Window>> retired_;
  std::uint64_t lastKey_ = 0;
  Window* last_ = nullptr;
};

}  // namespace parked::target
