#include "heap/specials.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string_view>

#include "schema/finalizers.h"

namespace parked::heap {

namespace {

struct KindLayout {
  SpecialKind kind;
  std::string_view constant, type;
  std::int64_t number = -1;
  std::uint32_t size = 0;
};

class Reader {
 public:
  Reader(image::Image& image, const Heap& heap)
      : image_(image), layouts_(image.layouts()), heap_(heap), memory_(heap.memory()) {}

  Specials read();

 private:
  void bind();
  void readList(std::uint32_t span);
  void readPinned(std::uint32_t span);
  void readFinalizerQueue();
  void readCleanupQueue();
  void problem(std::string_view what) {
    if (!result_.problem) result_.problem = what;
  }

  image::Image& image_;
  image::LayoutSource& layouts_;
  const Heap& heap_;
  target::AddressSpace& memory_;
  Specials result_;
  std::array<KindLayout, 3> kinds_{
      KindLayout{SpecialKind::finalizer, "runtime._KindSpecialFinalizer",
                 "runtime.specialfinalizer"},
      KindLayout{SpecialKind::cleanup, "runtime._KindSpecialCleanup", "runtime.specialCleanup"},
      KindLayout{SpecialKind::weakHandle, "runtime._KindSpecialWeakHandle",
                 "runtime.specialWeakHandle"}};
  std::uint32_t size_ = 0;
  image::Field<Addr> next_;
  image::Field<std::uint16_t> offset16_;
  image::Field<std::uint64_t> offset64_;  // since 1.24
  image::Field<std::uint8_t> kind_;
};

void Reader::bind() {
  std::vector<std::string> missing;
  image::Binder special(layouts_, "runtime.special", missing);
  size_ = special.size();
  special.required(next_, "next");
  special.required(kind_, "kind");
  special.optional(offset16_, "offset");
  if (!offset16_) special.required(offset64_, "offset");
  for (KindLayout& kind : kinds_) {
    // A version without cleanups or weak handles has neither the constant nor the type.
    image::Binder type(layouts_, kind.type, missing);
    const bool hasNumber = layouts_.constant(kind.constant, kind.number);
    if (type.found() != hasNumber) problem("the kinds of runtime.special were not found");
    if (!hasNumber) kind.number = -1;
    kind.size = type.size();
  }
  if (!special.found() || !next_ || !kind_ || (!offset16_ && !offset64_) ||
      kinds_.front().number < 0) {
    problem("the layout of runtime.special was not found");
    size_ = 0;
  }
}

void Reader::readList(std::uint32_t number) {
  const Span& span = heap_.spans()[number];
  Addr anchor = 0;  // Brent's cycle detection
  std::uint64_t count = 0;
  for (Addr at = heap_.details(number).specials; at != 0;) {
    const image::Object special = image::readObject(memory_, at, size_);
    if (!special || at == anchor) {
      problem("a list of finalizers is damaged or not readable");
      return;
    }
    if (std::has_single_bit(++count)) anchor = at;
    const std::uint64_t offset = offset16_ ? special[offset16_] : special[offset64_];
    const std::uint8_t kindNumber = special[kind_];
    for (const KindLayout& kind : kinds_) {
      if (kind.number != kindNumber) continue;
      if (offset >= span.size || kind.size < size_) {
        problem("a finalizer or cleanup is damaged");
        continue;
      }
      result_.all.push_back(
          {{number, span.indexOf(offset)}, kind.kind, at + size_, kind.size - size_});
    }
    at = special[next_];
  }
}

/// Two bits an object: pinned, pinned more than once (runtime/pinner.go).
void Reader::readPinned(std::uint32_t number) {
  const Addr bits = heap_.details(number).pinnerBits;
  if (bits == 0) return;
  const Span& span = heap_.spans()[number];
  const auto bytes = memory_.bytes(bits, (span.objects + std::uint64_t{3}) / 4);
  if (bytes.empty()) problem("the list of pinned objects is not readable");
  for (std::uint32_t i = 0; i < span.objects && i / 4 < bytes.size(); ++i) {
    if ((std::to_integer<unsigned>(bytes[i / 4]) >> (i % 4 * 2) & 1) != 0) {
      result_.pinned.push_back({number, i});
    }
  }
}

void Reader::readFinalizerQueue() {
  const auto block = schema::BlockLayout::ofFinalizers(layouts_);
  const bool known = block.link && block.used && block.entries != image::Field<Addr>::kAbsent &&
                     block.entrySize != 0;
  const auto symbol = image_.symbol("runtime.allfin");
  Addr at = 0;
  if (!known || !symbol || !memory_.read(*symbol, at)) {
    problem("the queue of finalizers was not found");
    return;
  }
  for (std::size_t count = 0; at != 0; ++count) {
    const image::Object header = image::readObject(memory_, at, block.size);
    const std::uint64_t size = std::uint64_t{header[block.used]} * block.entrySize;
    if (!header || count >= schema::kMostBlocks || block.entries + size > block.size) {
      problem("the queue of finalizers is damaged or not readable");
      return;
    }
    if (size != 0) result_.finalizers.push_back({at + block.entries, size});
    at = header[block.link];
  }
}

void Reader::readCleanupQueue() {
  const auto queue = schema::CleanupQueueLayout::of(layouts_);
  if (!queue.exists) return;  // before 1.25
  const auto block = schema::BlockLayout::ofCleanups(layouts_);
  const auto symbol = image_.symbol("runtime.gcCleanups");
  Addr at = 0;
  if (!queue.all || !block.link || !symbol || !memory_.read(*symbol + queue.all.offset, at)) {
    problem("the queue of cleanups was not found");
    return;
  }
  for (std::size_t count = 0; at != 0; ++count) {
    const image::Object whole = image::readObject(memory_, at, block.size);
    if (!whole || count >= schema::kMostBlocks) {
      problem("the queue of cleanups is damaged or not readable");
      return;
    }
    result_.cleanups.push_back({at, block.size});
    at = whole[block.link];
  }
}

Specials Reader::read() {
  bind();
  for (std::uint32_t span = 0; span < heap_.spans().size(); ++span) {
    if (size_ != 0) readList(span);
    readPinned(span);
  }
  readFinalizerQueue();
  readCleanupQueue();
  return std::move(result_);
}

}  // namespace

Specials readSpecials(image::Image& image, const Heap& heap) { return Reader(image, heap).read(); }

}  // namespace parked::heap
