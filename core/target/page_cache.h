// The bytes fetched from a ByteSource, each page once.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "target/address_space.h"

namespace parked::target {

/// 64 MiB of the target's addresses, reserved in one piece and filled page by page, so that what
/// lies together in the target lies together here and needs no copy.
class Window {
 public:
  static constexpr std::uint64_t kSize = 64ULL << 20;
  static constexpr std::uint64_t kPage = 4096;  ///< the smallest page of any target
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

  /// The chunk around `address` as a region, once all of it is here; else null.
  const Region* wholeChunk(Addr address);

  std::uint64_t fetched() const { return fetched_; }

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

  /// Starts anew; the memory stays.
  void retire();

  std::uint64_t fetched() const;

 private:
  std::unordered_map<std::uint64_t, std::unique_ptr<Window>> windows_;
  std::vector<std::unique_ptr<Window>> retired_;
  std::uint64_t lastKey_ = 0;
  Window* last_ = nullptr;
};

}  // namespace parked::target
