#include "target/page_cache.h"

#include <algorithm>
#include <sys/mman.h>

namespace parked::target {

std::unique_ptr<Window> Window::make(Addr start) {
  void* base = mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  // A huge page for each chunk touched would cost 32 times the memory.
  madvise(base, kSize, MADV_NOHUGEPAGE);
  return std::unique_ptr<Window>(new Window(start, static_cast<std::byte*>(base)));
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

Window* PageCache::window(Addr address) {
  const std::uint64_t key = address / Window::kSize;
  if (last_ != nullptr && key == lastKey_) return last_;
  auto& slot = windows_[key];
  if (!slot) slot = Window::make(key * Window::kSize);
  if (!slot) return nullptr;
  lastKey_ = key;
  last_ = slot.get();
  return last_;
}

void PageCache::retire() {
  for (auto& [key, window] : windows_) {
    if (window) retired_.push_back(std::move(window));
  }
  windows_.clear();
  last_ = nullptr;
}

std::uint64_t PageCache::fetched() const {
  std::uint64_t sum = 0;
  for (const auto& [key, window] : windows_) sum += window ? window->fetched() : 0;
  for (const auto& window : retired_) sum += window->fetched();
  return sum;
}

}  // namespace parked::target
