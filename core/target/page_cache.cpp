#include "target/page_cache.h"

#include <algorithm>
#include <atomic>
#include <sys/mman.h>
#include <system_error>
#include <thread>

namespace parked::target {
namespace {

constexpr std::uint64_t kPagesAtOnce = 256;  // a megabyte: one call, and asked whether to stop
constexpr std::size_t kHolesAtOnce = 16;     // pages of one piece that cannot be read
constexpr std::uint64_t kHugePage = 2ULL << 20;
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14

/// Calls each(from, to) for the part of `range` in each window.
template <class Each>
void byWindow(const Range& range, Each each) {
  for (Addr at = range.start; at < range.end;) {
    const Addr end =
        std::min(range.end - 1, at / Window::kSize * Window::kSize + Window::kSize - 1) + 1;
    each(at, end);
    if (end == 0) return;
    at = end;
  }
}

/// Calls work(0) to work(count - 1), in several threads.
void inThreads(unsigned threads, std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> helpers;
  try {
    while (helpers.size() + 1 < std::min<std::size_t>(threads, count)) helpers.emplace_back(run);
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): then with fewer
  }
  run();
}

}  // namespace

std::unique_ptr<Window> Window::make(Addr start) {
  // Where huge pages of the target begin, they begin here, too.
  constexpr std::uint64_t kRoom = kSize + kHugePage;
  void* room = mmap(nullptr, kRoom, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return nullptr;
  auto* base = static_cast<std::byte*>(room);
  const std::uint64_t before = -reinterpret_cast<std::uintptr_t>(base) % kHugePage;
  if (before != 0) munmap(base, before);
  base += before;
  if (before != kHugePage) munmap(base + kSize, kHugePage - before);
  // A huge page for each chunk touched would cost 32 times the memory.
  madvise(base, kSize, MADV_NOHUGEPAGE);
  return std::unique_ptr<Window>(new Window(start, base));
}

Window::~Window() { munmap(base_, kSize); }

void Window::fetch(std::uint64_t first, std::uint64_t last, ByteSource& source) {
  while (first < last) {
    const std::size_t wanted = (last - first) * kPage;
    const std::size_t got = source.read(start_ + first * kPage, {base_ + first * kPage, wanted});
    const std::uint64_t whole = std::min(got, wanted) / kPage;
    for (std::uint64_t page = first; page < first + whole; ++page) {
      asked_.set(page);
      here_.set(page);
    }
    fetched_ += whole * kPage;
    first += whole;
    if (first == last) return;
    // This page cannot be read. Go on behind it, but not beyond its chunk: a range of a damaged
    // length must not cost a call a page.
    asked_.set(first);
    last = std::min(last, (first / kPagesPerChunk + 1) * kPagesPerChunk);
    ++first;
  }
}

std::uint64_t Window::fill(Addr from, Addr to, Addr low, Addr high, ByteSource* source) {
  const std::uint64_t firstPage = (from - start_) / kPage;
  const std::uint64_t endPage = (to - start_ + kPage - 1) / kPage;
  const std::uint64_t lowPage = std::max(low, start_) / kPage - start_ / kPage;
  const std::uint64_t highPage =
      std::min((std::min(high, start_ + kSize) - start_ + kPage - 1) / kPage, kPages + 0UL);
  std::uint64_t page = firstPage;
  while (page < endPage) {
    if (here_[page]) {
      ++page;
      continue;
    }
    if (asked_[page] || source == nullptr) break;
    // The untried pages around this one, out to whole chunks: large reads are cheaper than many.
    const std::uint64_t chunkStart = std::max(lowPage, page / kPagesPerChunk * kPagesPerChunk);
    const std::uint64_t chunkEnd =
        std::min(highPage, (std::max(endPage, page + 1) + kPagesPerChunk - 1) / kPagesPerChunk *
                               kPagesPerChunk);
    std::uint64_t first = page;
    while (first > chunkStart && !asked_[first - 1]) --first;
    std::uint64_t last = page + 1;
    while (last < chunkEnd && !asked_[last]) ++last;
    fetch(first, last, *source);
    // Something before the wanted page failed: the wanted one was not tried yet.
    if (!asked_[page]) fetch(page, last, *source);
  }
  const Addr reached = start_ + page * kPage;
  return reached <= from ? 0 : std::min(reached, to) - from;
}

void Window::untried(Addr from, Addr to, std::uint64_t longest,
                     const std::function<void(Pages)>& each) const {
  const std::uint64_t end = (to - start_ + kPage - 1) / kPage;
  for (std::uint64_t page = (from - start_) / kPage; page < end;) {
    if (asked_[page]) {
      ++page;
      continue;
    }
    Pages pages{page, page + 1};
    while (pages.last < end && pages.last - page < longest && !asked_[pages.last]) ++pages.last;
    each(pages);
    page = pages.last;
  }
}

std::uint64_t Window::read(Pages pages, const Fetch& from, std::vector<Pages>& done) const {
  for (std::size_t holes = 0; pages.first < pages.last && holes < kHolesAtOnce; ++holes) {
    const std::size_t wanted = (pages.last - pages.first) * kPage;
    const Addr address = start_ + pages.first * kPage;
    const std::span<std::byte> out(base_ + pages.first * kPage, wanted);
    const std::size_t got =
        from.anonymous ? from.source.readAnonymous(address, out) : from.source.read(address, out);
    const std::uint64_t whole = std::min(got, wanted) / kPage;
    if (whole > 0) done.push_back({pages.first, pages.first + whole});
    if (pages.first += whole; pages.first < pages.last) ++pages.first;  // it cannot be read
  }
  return pages.first;
}

void Window::note(Pages asked, const std::vector<Pages>& done) {
  for (std::uint64_t page = asked.first; page < asked.last; ++page) asked_.set(page);
  for (const Pages& pages : done) {
    for (std::uint64_t page = pages.first; page < pages.last; ++page) here_.set(page);
    fetched_ += (pages.last - pages.first) * kPage;
  }
}

void Window::populate(Addr from, Addr to) const {
  const Addr hugeFrom = (from + kHugePage - 1) / kHugePage * kHugePage;
  const Addr hugeTo = to / kHugePage * kHugePage;
  if (hugeFrom < hugeTo) madvise(base_ + (hugeFrom - start_), hugeTo - hugeFrom, MADV_HUGEPAGE);
  // Where the kernel does not know it, the faults come later, one by one.
  madvise(base_ + (from - start_), to - from, kPopulateWrite);
}

void Window::addRanges(std::vector<Range>& out) const {
  for (std::uint64_t page = 0; page < kPages; ++page) {
    if (!here_[page]) continue;
    const Addr at = start_ + page * kPage;
    if (page > 0 && here_[page - 1]) {
      out.back().end = at + kPage;
    } else {
      out.push_back({at, at + kPage});
    }
  }
}

const Region* Window::wholeChunk(Addr address) {
  const std::uint64_t index = (address - start_) / kChunk;
  auto& chunk = chunks_[index];
  if (chunk) return chunk.get();
  for (std::uint64_t page = index * kPagesPerChunk; page < (index + 1) * kPagesPerChunk; ++page) {
    if (!here_[page]) return nullptr;
  }
  const Addr start = start_ + index * kChunk;
  chunk = std::make_unique<Region>();
  *chunk = {.start = start, .end = start + kChunk, .mapped = base_ + index * kChunk};
  return chunk.get();
}

Window* PageCache::windowIn(Windows& windows, Addr address) {
  const std::uint64_t key = address / Window::kSize;
  auto& slot = windows[key];
  if (!slot) slot = Window::make(key * Window::kSize);
  return slot.get();
}

Window* PageCache::window(Addr address) {
  const std::uint64_t key = address / Window::kSize;
  if (last_ != nullptr && key == lastKey_) return last_;
  Window* found = windowIn(windows_, address);
  if (found == nullptr) return nullptr;
  lastKey_ = key;
  last_ = found;
  return last_;
}

Window* PageCache::windowIfThere(Addr address) {
  return windows_.contains(address / Window::kSize) ? window(address) : nullptr;
}

bool PageCache::fetch(std::span<const Range> ranges, const Fetch& from, unsigned threads,
                      const std::function<bool()>& stop) {
  struct Piece {
    Window* window;
    Window::Pages pages;
    std::vector<Window::Pages> done;
    std::uint64_t reached = 0;
  };
  std::vector<Piece> pieces;
  for (const Range& range : ranges) {
    byWindow(range, [&](Addr start, Addr end) {
      Window* at = window(start);
      if (at == nullptr) return;
      at->untried(start, end, kPagesAtOnce,
                  [&](Window::Pages pages) { pieces.push_back({at, pages, {}, 0}); });
    });
  }
  std::atomic<bool> stopped{false};
  inThreads(threads, pieces.size(), [&](std::size_t i) {
    if (stopped || (stop && stop())) {
      stopped = true;
      return;
    }
    Piece& piece = pieces[i];
    piece.reached = piece.window->read(piece.pages, from, piece.done);
  });
  for (const Piece& piece : pieces) {
    if (piece.reached != 0) piece.window->note({piece.pages.first, piece.reached}, piece.done);
  }
  return !stopped;
}

void PageCache::prepare(std::span<const Range> ranges, unsigned threads) {
  struct Piece {
    const Window* window;
    Addr start, end;
  };
  std::vector<Piece> pieces;
  for (const Range& range : ranges) {
    byWindow(range, [&](Addr start, Addr end) {
      if (const Window* at = windowIn(prepared_, start)) pieces.push_back({at, start, end});
    });
  }
  inThreads(threads, pieces.size(),
            [&](std::size_t i) { pieces[i].window->populate(pieces[i].start, pieces[i].end); });
}

void PageCache::retire() {
  for (auto& [key, window] : windows_) {
    if (window) retired_.push_back(std::move(window));
  }
  windows_ = std::move(prepared_);
  prepared_.clear();
  last_ = nullptr;
}

std::vector<Range> PageCache::ranges() const {
  std::vector<Range> ranges;
  for (const auto& [key, window] : windows_) {
    if (window) window->addRanges(ranges);
  }
  return ranges;
}

std::uint64_t PageCache::fetched() const {
  std::uint64_t sum = 0;
  for (const auto& [key, window] : windows_) sum += window ? window->fetched() : 0;
  for (const auto& window : retired_) sum += window->fetched();
  return sum;
}

}  // namespace parked::target
