#include "target/address_space.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "target/page_cache.h"
#include "target/read_log.h"

namespace parked::target {
namespace {

// Longest range over a border between regions that is put together by a copy, and of all that are
// kept. The largest single objects that are read, slices of goroutine pointers and span tables,
// stay far below; of a core regions seldom end where something is, of a process they do every 64
// MiB.
constexpr std::uint64_t kLongestCopy = 256ULL << 20;
constexpr std::uint64_t kMostCopied = 512ULL << 20;

/// Length without the character that is cut at the end, if one is. What is no UTF-8 stays.
std::size_t wholeCharacters(std::string_view text) {
  constexpr std::size_t kLongest = 4;
  for (std::size_t tail = 1; tail <= std::min(kLongest, text.size()); ++tail) {
    const auto byte = static_cast<unsigned char>(text[text.size() - tail]);
    if ((byte & 0xc0) == 0x80) continue;  // not the first byte of its character
    const std::size_t length = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > tail ? text.size() - tail : text.size();
  }
  return text.size();
}

unsigned threads() {
  constexpr unsigned kMost = 8;  // more do not copy faster
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMost);
}

}  // namespace

/// What reads leave behind: fetched pages, and copies of ranges over borders.
class AddressSpace::Cache {
 public:
  std::mutex mutex;
  ByteSource* source = nullptr;
  PageCache pages;
  std::multimap<Addr, std::vector<std::byte>> copies;
  std::uint64_t copied = 0;  // bytes of them
  std::vector<std::vector<std::byte>> retiredCopies;

  /// How much of [from, to), inside `region`, can be read in a row, at most to the end of a window.
  std::span<const std::byte> piece(const Region& region, Addr from, Addr to) {
    if (region.mapped != nullptr) return {region.mapped + (from - region.start), to - from};
    Window* window = source != nullptr ? pages.window(from) : pages.windowIfThere(from);
    if (window == nullptr) return {};
    const Addr windowEnd = from / Window::kSize * Window::kSize + Window::kSize;
    const Addr end = std::min(to - 1, windowEnd - 1) + 1;
    const std::uint64_t size = window->fill(from, end, region.start, region.end, source);
    return {window->at(from), size};
  }
};

std::vector<Range> joined(std::vector<Range> ranges) {
  constexpr Addr kMask = ~(kPage - 1);
  for (Range& range : ranges) {
    range.start &= kMask;
    range.end = range.end > kMask ? kMask : (range.end + kPage - 1) & kMask;
  }
  std::erase_if(ranges, [](const Range& range) { return range.start >= range.end; });
  std::ranges::sort(ranges, {}, &Range::start);
  std::size_t count = 0;
  for (const Range& range : ranges) {
    if (count > 0 && range.start <= ranges[count - 1].end) {
      ranges[count - 1].end = std::max(ranges[count - 1].end, range.end);
    } else {
      ranges[count++] = range;
    }
  }
  ranges.resize(count);
  return ranges;
}

std::uint64_t sizeOf(std::span<const Range> ranges) {
  std::uint64_t sum = 0;
  for (const Range& range : ranges) sum += range.end - range.start;
  return sum;
}

AddressSpace::AddressSpace() : cache_(std::make_unique<Cache>()) {}
AddressSpace::~AddressSpace() = default;

void AddressSpace::forgetHints() {
  for (auto& hint : hints_) hint.store(nullptr, std::memory_order_relaxed);
}

void AddressSpace::add(const Region& region) {
  if (region.start >= region.end) return;
  forgetHints();  // they point into regions_
  Addr at = region.start;
  auto next = std::upper_bound(regions_.begin(), regions_.end(), at,
                               [](Addr address, const Region& r) { return address < r.end; });
  while (at < region.end) {
    if (next != regions_.end() && next->start <= at) {
      at = next->end;
      ++next;
      continue;
    }
    Region piece = region;
    piece.start = at;
    piece.end = next == regions_.end() ? region.end : std::min(region.end, next->start);
    if (region.mapped != nullptr) piece.mapped = region.mapped + (at - region.start);
    at = piece.end;
    // Heap arenas of a core are one after the other in memory and in the file: as one region,
    // reads over their borders need no copy.
    const auto joins = [](const Region& a, const Region& b) {
      return a.end == b.start && a.writable == b.writable && a.executable == b.executable &&
             a.shared == b.shared && a.fromExecutable == b.fromExecutable &&
             (a.mapped == nullptr) == (b.mapped == nullptr) &&
             (a.mapped == nullptr || a.mapped + (a.end - a.start) == b.mapped);
    };
    const bool joinsPrevious = next != regions_.begin() && joins(*(next - 1), piece);
    if (joinsPrevious) {
      (next - 1)->end = piece.end;
    } else {
      next = regions_.insert(next, piece) + 1;
    }
    if (next != regions_.end() && joins(*(next - 1), *next)) {
      (next - 1)->end = next->end;
      next = regions_.erase(next);
      at = (next - 1)->end;
    }
  }
}

void AddressSpace::addAll(std::span<const Region> regions) {
  std::vector<Region> free;  // what is not covered yet
  auto next = regions_.begin();
  Addr at = 0;
  for (const Region& region : regions) {
    at = std::max(at, region.start);
    while (at < region.end) {
      while (next != regions_.end() && next->end <= at) ++next;
      const bool covered = next != regions_.end() && next->start <= at;
      const Addr stop = next == regions_.end() ? region.end
                        : covered              ? next->end
                                               : std::min(region.end, next->start);
      if (!covered) {
        Region& piece = free.emplace_back(region);
        if (region.mapped != nullptr) piece.mapped += at - region.start;
        piece.start = at;
        piece.end = stop;
      }
      at = stop;
    }
  }
  forgetHints();
  std::vector<Region> all;
  all.reserve(regions_.size() + free.size());
  std::ranges::merge(regions_, free, std::back_inserter(all), {}, &Region::start, &Region::start);
  regions_ = std::move(all);
}

void AddressSpace::clear() {
  const std::lock_guard lock(cache_->mutex);
  forgetHints();
  regions_.clear();
  cache_->pages.retire();
  for (auto& [address, copy] : cache_->copies) cache_->retiredCopies.push_back(std::move(copy));
  cache_->copies.clear();
  cache_->copied = 0;
  misses_ = 0;
  firstMiss_ = 0;
}

/// The parts of `ranges` that have to be fetched at all.
std::vector<Range> AddressSpace::unmapped(const std::vector<Range>& ranges) const {
  std::vector<Range> parts;
  for (const Range& range : joined(ranges)) {
    auto region = std::upper_bound(regions_.begin(), regions_.end(), range.start,
                                   [](Addr address, const Region& r) { return address < r.end; });
    for (; region != regions_.end() && region->start < range.end; ++region) {
      if (region->mapped != nullptr) continue;
      parts.push_back({std::max(range.start, region->start), std::min(range.end, region->end)});
    }
  }
  return joined(std::move(parts));
}

bool AddressSpace::fetch(const std::vector<Range>& ranges, bool anonymous,
                         const std::function<bool()>& stop) {
  const std::vector<Range> parts = unmapped(ranges);
  const std::lock_guard lock(cache_->mutex);
  return cache_->source == nullptr ||
         cache_->pages.fetch(parts, {*cache_->source, anonymous}, threads(), stop);
}

void AddressSpace::prepare(const std::vector<Range>& ranges) {
  const std::vector<Range> parts = unmapped(ranges);
  const std::lock_guard lock(cache_->mutex);
  cache_->pages.prepare(parts, threads());
}

void AddressSpace::setSource(ByteSource* source) {
  const std::lock_guard lock(cache_->mutex);
  cache_->source = source;
}

const Region* regionIn(std::span<const Region> regions, Addr address) {
  const auto next =
      std::ranges::upper_bound(regions, address, {}, [](const Region& each) { return each.start; });
  if (next == regions.begin()) return nullptr;
  const Region& candidate = *std::prev(next);
  return address < candidate.end ? &candidate : nullptr;
}

const Region* AddressSpace::find(Addr address) const { return regionIn(regions_, address); }

std::span<const std::byte> AddressSpace::miss(Addr address) {
  if (misses_.fetch_add(1, std::memory_order_relaxed) == 0) {
    firstMiss_.store(address, std::memory_order_relaxed);
  }
  return {};
}

std::span<const std::byte> AddressSpace::bytesSlow(Addr address, std::size_t size) {
  const auto found = lookUp(address, size);
  note(address, found.size());
  return found;
}

std::span<const std::byte> AddressSpace::lookUp(Addr address, std::size_t size) {
  if (size == 0) return {};
  const Region* region = find(address);
  if (region == nullptr) return miss(address);
  if (region->mapped != nullptr) {
    remember(address, region);
    if (size <= region->end - address) {
      return {region->mapped + (address - region->start), size};
    }
  }
  const Addr end = address + size;
  if (end < address) return miss(address);

  const std::lock_guard lock(cache_->mutex);
  if (region->mapped == nullptr && end <= region->end) {
    const auto piece = cache_->piece(*region, address, end);
    if (piece.size() == size) {
      Window* window = cache_->pages.window(address);
      if (const Region* chunk = window->wholeChunk(address)) remember(address, chunk);
      return piece;
    }
  }

  // Over a border. First whether all of it is there, then the copy.
  const auto [firstCopy, lastCopy] = cache_->copies.equal_range(address);
  for (auto copy = firstCopy; copy != lastCopy; ++copy) {
    if (copy->second.size() >= size) return std::span(copy->second).first(size);
  }
  if (size > std::min(kLongestCopy, kMostCopied - cache_->copied)) return miss(address);
  const Region* const stop = regions_.data() + regions_.size();
  Addr covered = region->end;
  for (const Region* r = region + 1; covered < end; ++r) {
    if (r == stop || r->start != covered) return miss(covered);
    covered = r->end;
  }
  std::vector<std::byte> copy(size);
  for (Addr at = address; at < end;) {
    while (at >= region->end) ++region;
    const auto piece = cache_->piece(*region, at, std::min(end, region->end));
    if (piece.empty()) return miss(at);
    std::memcpy(copy.data() + (at - address), piece.data(), piece.size());
    at += piece.size();
  }
  cache_->copied += size;
  return cache_->copies.emplace(address, std::move(copy))->second;
}

std::span<const std::byte> AddressSpace::bytesUpTo(Addr address, std::size_t limit) {
  const auto found = viewUpTo(address, limit);
  note(address, found.size());
  return found;
}

std::span<const std::byte> AddressSpace::viewUpTo(Addr address, std::size_t limit) {
  if (limit == 0) return {};
  const Region* region = find(address);
  if (region == nullptr) return miss(address);
  std::size_t size = std::min<std::uint64_t>(limit, region->end - address);
  if (region->mapped != nullptr) {
    remember(address, region);
    return {region->mapped + (address - region->start), size};
  }
  size = std::min<std::uint64_t>(size, kLongestCopy);  // the limit may be a damaged length
  std::size_t readable = 0;
  {
    const std::lock_guard lock(cache_->mutex);
    while (readable < size) {
      const auto piece = cache_->piece(*region, address + readable, address + size);
      if (piece.empty()) break;
      readable += piece.size();
      if (readable == piece.size() && readable == size) return piece;
    }
  }
  if (readable == 0) return miss(address);
  return lookUp(address, readable);
}

void AddressSpace::record(ReadLog* log) {
  log_ = log;
  forgetHints();
}

void AddressSpace::noteRead(Addr address, std::uint64_t size) const { log_->note(address, size); }

void AddressSpace::noteText(Addr data, std::uint64_t length, std::string_view shown) const {
  if (log_ != nullptr) log_->noteText(data, length, shown);
}

std::uint64_t AddressSpace::pointer(Addr address) {
  std::uint64_t value = 0;
  const auto from = view(address, sizeof value);
  if (from.size() == sizeof value) std::memcpy(&value, from.data(), sizeof value);
  if (log_ != nullptr && contains(value)) note(address, sizeof value);
  return value;
}

std::optional<std::string> AddressSpace::standIn(Addr data, std::uint64_t length) const {
  if (!standIns_) return std::nullopt;
  const Region* there = find(data);
  // The executable is no secret, and not in the dump.
  if (there != nullptr && there->fromExecutable) return std::nullopt;
  const auto known = standIns_->find({data, length});
  return known != standIns_->end() ? known->second : std::string("redacted");
}

std::string AddressSpace::cstring(Addr address, std::size_t limit) {
  std::string text;
  while (text.size() < limit) {
    // Page by page: the text may end just before a hole.
    const std::size_t room = limit - text.size();
    const std::size_t toPageEnd = kPage - address % kPage;
    const auto from = bytesUpTo(address, std::min(room, toPageEnd));
    if (from.empty()) return {};
    const auto* start = reinterpret_cast<const char*>(from.data());
    const void* nul = std::memchr(start, 0, from.size());
    if (nul != nullptr) return text.append(start, static_cast<const char*>(nul));
    text.append(start, from.size());
    address += from.size();
  }
  return text;
}

std::uint64_t AddressSpace::size() const {
  std::uint64_t size = 0;
  for (const Region& region : regions_) size += region.end - region.start;
  return size;
}

bool AddressSpace::covers(Addr address, std::uint64_t size) const {
  while (size > 0) {
    const Region* region = find(address);
    if (region == nullptr) return false;
    const std::uint64_t here = std::min<std::uint64_t>(size, region->end - address);
    address += here;
    size -= here;
  }
  return true;
}

std::string GoText::shown() const {
  return cut() ? fmt::format("{}\u2026 (cut: {} bytes)", text, length) : text;
}

std::optional<GoText> AddressSpace::goText(Addr header, std::size_t limit) {
  Addr data = 0;
  GoText out;
  if (!read(header, data) || !read(header + sizeof(Addr), out.length)) return std::nullopt;
  if (!covers(data, out.length)) {
    miss(data);
    return std::nullopt;
  }
  if (out.length == 0 || limit == 0) return out;
  if (auto instead = standIn(data, out.length)) {
    out.length = instead->size();
    out.text = std::move(*instead);
    return out;
  }
  // Of a long one as much as is at hand: a live process is copied only in part.
  const bool isLong = out.length > limit;
  const auto from = isLong ? viewUpTo(data, limit) : view(data, out.length);
  if (from.empty()) return std::nullopt;
  out.text.assign(reinterpret_cast<const char*>(from.data()), from.size());
  if (isLong) out.text.erase(wholeCharacters(out.text));
  noteText(data, out.length, out.text);
  return out;
}

bool AddressSpace::goString(Addr header, std::string& out, std::size_t limit) {
  struct {
    Addr data;
    std::uint64_t length;
  } string{};
  if (!read(header, string) || string.length > limit) return false;
  const auto from = view(string.data, string.length);
  if (from.size() != string.length) return false;
  if (auto instead = from.empty() ? std::nullopt : standIn(string.data, string.length)) {
    out = std::move(*instead);
    return true;
  }
  out.assign(reinterpret_cast<const char*>(from.data()), from.size());
  if (!out.empty()) noteText(string.data, string.length, out);
  return true;
}

std::vector<Range> AddressSpace::fetchedRanges() const {
  const std::lock_guard lock(cache_->mutex);
  return joined(cache_->pages.ranges());
}

std::uint64_t AddressSpace::fetchedBytes() const {
  const std::lock_guard lock(cache_->mutex);
  return cache_->pages.fetched();
}

}  // namespace parked::target
