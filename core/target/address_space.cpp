#include "target/address_space.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <unordered_map>

namespace parked::target {
namespace {

// Large enough that a live read costs few system calls, small enough that one stray read is cheap.
constexpr std::size_t kChunk = 64 * 1024;
constexpr std::size_t kPage = 4096;
static_assert(kChunk / kPage <= 32);
// A single read longer than this is a damaged length, not a structure of the runtime.
constexpr std::size_t kMaxCopy = std::size_t{1} << 30;

}  // namespace

struct AddressSpace::Impl {
  std::vector<Region> regions;
  ByteSource* source = nullptr;
  // Relaxed: a stale hint only costs a search, and the counts are statistics.
  mutable std::atomic<std::size_t> hint{0};
  std::atomic<std::uint64_t> misses{0};
  std::atomic<Addr> firstMiss{0};
  std::uint64_t fetched = 0;

  // Bytes fetched from the source, with a bit for each page that could be read.
  struct Chunk {
    std::size_t size = 0;
    std::uint32_t readable = 0;
    std::unique_ptr<std::byte[]> bytes;
  };
  std::unordered_map<Addr, Chunk> chunks;
  std::deque<Chunk> retired;  // chunks of before clear(): spans into them stay valid
  std::deque<std::unique_ptr<std::byte[]>> copies;

  const Region* find(Addr address) const {
    const std::size_t guess = hint.load(std::memory_order_relaxed);
    if (guess < regions.size() && regions[guess].start <= address && address < regions[guess].end) {
      return &regions[guess];
    }
    auto it = std::upper_bound(regions.begin(), regions.end(), address,
                               [](Addr a, const Region& r) { return a < r.end; });
    if (it == regions.end() || address < it->start) return nullptr;
    hint.store(static_cast<std::size_t>(it - regions.begin()), std::memory_order_relaxed);
    return &*it;
  }

  void miss(Addr address) {
    Addr none = 0;
    firstMiss.compare_exchange_strong(none, address, std::memory_order_relaxed);
    misses.fetch_add(1, std::memory_order_relaxed);
  }

  void fill(Chunk& chunk, Addr base) {
    if (source == nullptr) return;
    for (std::size_t at = 0; at < chunk.size;) {
      // One call for all of it; where that stops short, go on behind the page that was refused.
      const std::size_t got = source->read(base + at, {chunk.bytes.get() + at, chunk.size - at});
      fetched += got;
      const std::size_t end = std::min(chunk.size, at + got);
      for (std::size_t page = at / kPage; page * kPage < chunk.size; ++page) {
        if (std::min(chunk.size, (page + 1) * kPage) <= end) chunk.readable |= 1U << page;
      }
      at = (end / kPage + 1) * kPage;
    }
  }

  // The chunk of a region's bytes that holds `address`, fetched now if it is new. Chunks are
  // counted from the region's start, so that none reaches into a neighbour.
  const Chunk& chunk(const Region& region, Addr address, Addr& base) {
    base = region.start + (address - region.start) / kChunk * kChunk;
    auto [it, fresh] = chunks.try_emplace(base);
    if (fresh) {
      const auto size =
          static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, region.end - base));
      it->second.bytes = std::make_unique<std::byte[]>(size);
      it->second.size = size;
      fill(it->second, base);
    }
    return it->second;
  }

  std::span<const std::byte> upTo(Addr address, std::size_t limit) {
    const Region* region = find(address);
    if (region == nullptr) return {};
    if (region->mapped != nullptr) {
      const auto room = std::min<std::uint64_t>(limit, region->end - address);
      return {region->mapped + (address - region->start), static_cast<std::size_t>(room)};
    }
    Addr base = 0;
    const Chunk& held = chunk(*region, address, base);
    const auto offset = static_cast<std::size_t>(address - base);
    std::size_t end = offset;
    while (end < held.size && (held.readable >> (end / kPage) & 1U) != 0) {
      end = std::min(held.size, (end / kPage + 1) * kPage);
    }
    return {held.bytes.get() + offset, std::min(limit, end - offset)};
  }
};

AddressSpace::AddressSpace() : impl_(std::make_unique<Impl>()) {}
AddressSpace::~AddressSpace() = default;

void AddressSpace::add(const Region& region) {
  if (region.start >= region.end) return;
  auto& regions = impl_->regions;
  // The gaps of the new range that nobody covers yet.
  std::vector<Region> fresh;
  Addr at = region.start;
  auto it = std::upper_bound(regions.begin(), regions.end(), at,
                             [](Addr a, const Region& r) { return a < r.end; });
  const auto first = it;
  const auto piece = [&](Addr from, Addr to) {
    Region part = region;
    part.start = from;
    part.end = to;
    if (part.mapped != nullptr) part.mapped += from - region.start;
    fresh.push_back(part);
  };
  for (; it != regions.end() && it->start < region.end; ++it) {
    if (at < it->start) piece(at, it->start);
    at = it->end;
  }
  if (at < region.end) piece(at, region.end);
  if (fresh.empty()) return;
  const auto position = first - regions.begin();
  regions.insert(regions.end(), fresh.begin(), fresh.end());
  std::inplace_merge(regions.begin() + position,
                     regions.end() - static_cast<std::ptrdiff_t>(fresh.size()), regions.end(),
                     [](const Region& a, const Region& b) { return a.start < b.start; });
  // Neighbours whose bytes lie in a row are one region, so that a read across their border needs no
  // copy. Only around what was added: adding must not be quadratic.
  const auto joins = [](const Region& a, const Region& b) {
    return a.end == b.start && a.mapped != nullptr && b.mapped != nullptr &&
           a.mapped + (a.end - a.start) == b.mapped && a.writable == b.writable &&
           a.executable == b.executable && a.fromExecutable == b.fromExecutable;
  };
  auto begin = regions.begin() + std::max<std::ptrdiff_t>(0, position - 1);
  auto end = std::min(regions.end(), regions.begin() + position +
                                         2 * static_cast<std::ptrdiff_t>(fresh.size()) + 2);
  // `end` may cut the merged range when many old regions lie between the gaps; they stay apart
  // then.
  auto out = begin;
  for (auto next = begin + 1; next < end; ++next) {
    if (joins(*out, *next)) {
      out->end = next->end;
    } else {
      *++out = *next;
    }
  }
  if (begin < end) regions.erase(out + 1, end);
}

void AddressSpace::clear() {
  impl_->regions.clear();
  for (auto& [base, chunk] : impl_->chunks) impl_->retired.push_back(std::move(chunk));
  impl_->chunks.clear();
}

void AddressSpace::setSource(ByteSource* source) { impl_->source = source; }

std::span<const std::byte> AddressSpace::bytes(Addr address, std::size_t size) {
  if (size == 0) return {};
  const auto direct = impl_->upTo(address, size);
  if (direct.size() == size) return direct;
  if (direct.empty() || size > kMaxCopy || address + size < address) {
    impl_->miss(address);
    return {};
  }
  // Make sure all of it is there before allocating: `size` may be a damaged length.
  for (Addr at = address + direct.size(); at < address + size;) {
    const auto part = impl_->upTo(at, static_cast<std::size_t>(address + size - at));
    if (part.empty()) {
      impl_->miss(at);
      return {};
    }
    at += part.size();
  }
  auto copy = std::make_unique<std::byte[]>(size);
  for (std::size_t done = 0; done < size;) {
    const auto part = impl_->upTo(address + done, size - done);
    std::memcpy(copy.get() + done, part.data(), part.size());
    done += part.size();
  }
  impl_->copies.push_back(std::move(copy));
  return {impl_->copies.back().get(), size};
}

std::span<const std::byte> AddressSpace::bytesUpTo(Addr address, std::size_t limit) {
  const auto part = limit == 0 ? std::span<const std::byte>() : impl_->upTo(address, limit);
  if (part.empty()) impl_->miss(address);
  return part;
}

std::uint64_t AddressSpace::word(Addr address) {
  std::uint64_t value = 0;
  read(address, value);
  return value;
}

std::string AddressSpace::cstring(Addr address, std::size_t limit) {
  std::string text;
  while (text.size() < limit) {
    const auto part =
        bytesUpTo(address + text.size(), std::min<std::size_t>(limit - text.size(), 256));
    if (part.empty()) return {};
    const auto* begin = reinterpret_cast<const char*>(part.data());
    const auto* end = static_cast<const char*>(std::memchr(begin, 0, part.size()));
    if (end != nullptr) return text.append(begin, end);
    text.append(begin, part.size());
  }
  return text;
}

bool AddressSpace::goString(Addr header, std::string& out, std::size_t limit) {
  std::uint64_t parts[2];
  if (!read(header, parts) || parts[1] > limit) return false;
  out.clear();
  if (parts[1] == 0) return true;
  const auto text = bytes(parts[0], static_cast<std::size_t>(parts[1]));
  if (text.empty()) return false;
  out.assign(reinterpret_cast<const char*>(text.data()), text.size());
  return true;
}

bool AddressSpace::contains(Addr address) const { return impl_->find(address) != nullptr; }
const Region* AddressSpace::region(Addr address) const { return impl_->find(address); }
std::span<const Region> AddressSpace::regions() const { return impl_->regions; }
std::uint64_t AddressSpace::misses() const { return impl_->misses.load(std::memory_order_relaxed); }
Addr AddressSpace::firstMiss() const { return impl_->firstMiss.load(std::memory_order_relaxed); }
std::uint64_t AddressSpace::fetchedBytes() const { return impl_->fetched; }

}  // namespace parked::target
