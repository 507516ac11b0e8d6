#include "target/read_log.h"

#include <algorithm>

namespace parked::target {
namespace {

constexpr std::byte kText{'x'};

}  // namespace

void ReadLog::mark(Pages& pages, Addr at, std::uint64_t size) {
  while (size > 0) {
    auto& page = pages[at / kPage];
    if (page == nullptr) page = std::make_unique<Bytes>();
    const std::uint64_t first = at % kPage;
    const std::uint64_t count = std::min(size, kPage - first);
    if (count == kPage) {
      page->set();
    } else {
      for (std::uint64_t i = first; i < first + count; ++i) page->set(i);
    }
    at += count;
    size -= count;
  }
}

void ReadLog::add(const Read& read) {
  if (trials_ > 0) {
    tried_.push_back(read);
  } else {
    mark(read.isText ? text_ : kept_, read.at, read.size);
  }
}

void ReadLog::note(Addr at, std::uint64_t size) { add({at, size, false}); }

void ReadLog::noteIsText(Addr at, std::uint64_t size) { add({at, size, true}); }

void ReadLog::noteText(Addr data, std::uint64_t length, std::string_view shown) {
  texts_.push_back({data, length, std::string(shown)});
}

ReadLog::Trial::Trial(ReadLog* log) : log_(log) {
  if (log_ == nullptr) return;
  ++log_->trials_;
  reads_ = log_->tried_.size();
  texts_ = log_->texts_.size();
}

ReadLog::Trial::~Trial() {
  if (log_ == nullptr) return;
  if (!kept_) {
    log_->tried_.resize(reads_);
    log_->texts_.resize(texts_);
  }
  if (--log_->trials_ > 0) return;
  for (const Read& read : log_->tried_) log_->add(read);
  log_->tried_.clear();
}

bool ReadLog::stays(Addr at) const {
  const auto page = kept_.find(at / kPage);
  return page != kept_.end() && page->second->test(at % kPage);
}

void ReadLog::blank(Addr at, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const std::uint64_t first = at % kPage;
    const std::size_t count = std::min<std::uint64_t>(bytes.size(), kPage - first);
    const auto kept = kept_.find(at / kPage);
    const auto text = text_.find(at / kPage);
    const bool any = kept != kept_.end() || text != text_.end();
    if (!any) std::ranges::fill(bytes.first(count), std::byte{0});
    for (std::size_t i = 0; any && i < count; ++i) {
      if (kept != kept_.end() && kept->second->test(first + i)) continue;
      const bool isText = text != text_.end() && text->second->test(first + i);
      bytes[i] = isText ? kText : std::byte{0};
    }
    at += count;
    bytes = bytes.subspan(count);
  }
}

}  // namespace parked::target
