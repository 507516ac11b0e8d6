#include "proof/stack_roots.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "arch/architecture.h"

namespace parked::proof {

using golang::kNone;

namespace {

constexpr std::uint64_t kMaxArgs = 1 << 16;
constexpr std::uint64_t kSpare = 256;    // newproc1 leaves less above the outermost frame
constexpr std::uint64_t kRedZone = 128;  // below sp, where C code and assembly may keep values

/// Bytes of what the mask speaks of, up to the last pointer. It may have more words than the stack:
/// the mask of an assembly function's arguments has twice their number (cmd/compile,
/// emitArgsStackMap), and the outermost function of a thread of C has but a few words above it.
std::uint64_t untilLastPointer(const golang::WordMask& mask) {
  std::uint32_t words = mask.words;
  while (words > 0 && !mask.test(words - 1)) --words;
  return words * kWord;
}

}  // namespace

StackRoots::StackRoots(const golang::Snapshot& snapshot)
    : snapshot_(snapshot),
      memory_(snapshot.image->target().memory()),
      unwinder_(*snapshot.image),
      maps_(*snapshot.image),
      g_(schema::GLayout::of(snapshot.image->layouts())),
      defer_(schema::DeferLayout::of(snapshot.image->layouts())) {
  const auto* registers = snapshot.image->layouts().find("runtime.xRegState");
  if (registers != nullptr) savedRegistersSize_ = registers->size;
  if (!g_.deferred || !g_.panic || !g_.schedContext) {
    problem_ = "the layout of runtime.g was not found";
  } else if (g_.savedRegisters && registers == nullptr) {
    problem_ = "the layout of runtime.xRegState was not found";
  } else if (!defer_.function || !defer_.link) {
    problem_ = "the layout of runtime._defer was not found";
  }
}

void StackRoots::found(Addr at, Addr value, bool conservative) {
  if (value >= lo_ && value < hi_) {
    if (at != 0) memory_.note(at, kWord);
    intoStack_.push_back(value);
  } else if (value >= heap::kPageSize) {
    out_->push_back({at, value, conservative});
  }
}

/// Every word of [from, to) may be a pointer.
void StackRoots::readWords(Addr from, Addr to) {
  from = (from + kWord - 1) / kWord * kWord;
  if (from < lo_ || to > hi_ || from >= to) {
    if (from < to) complete_ = false;
    return;
  }
  const auto bytes = memory_.view(from, to - from);
  if (bytes.empty()) complete_ = false;
  for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
    Addr value;
    std::memcpy(&value, bytes.data() + at, kWord);
    found(from + at, value, true);
  }
}

/// The same of a whole stack. Pointers into it lead to what is read anyhow. The frames of a
/// recursion, millions of them, hold the same few pointers again and again: each is taken once, or
/// nearly.
void StackRoots::readEveryWord(Addr from, Addr to) {
  constexpr std::size_t kRecent = 1024;
  from = (from + kWord - 1) / kWord * kWord;
  const auto bytes = from < to ? memory_.view(from, to - from) : std::span<const std::byte>();
  if (bytes.empty() && from < to) complete_ = false;
  std::vector<Addr> recent(std::min(kRecent, std::bit_ceil(bytes.size() / kWord + 1)));
  for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
    Addr value;
    std::memcpy(&value, bytes.data() + at, kWord);
    if (value < heap::kPageSize || (value >= lo_ && value < hi_)) continue;
    Addr& slot = recent[(value * 0x9e3779b97f4a7c15U >> 40) & (recent.size() - 1)];
    if (std::exchange(slot, value) != value) out_->push_back({from + at, value, true});
  }
}

void StackRoots::readMask(Addr from, const golang::WordMask& mask) {
  if (mask.words == 0) return;
  std::uint64_t size = mask.words * kWord;
  if (from >= lo_ && from <= hi_ && size > hi_ - from) size = untilLastPointer(mask);
  if (from < lo_ || from > hi_ || size > hi_ - from) {
    complete_ = false;
    return;
  }
  if (size == 0) return;
  const auto bytes = memory_.view(from, size);
  if (bytes.empty()) {
    complete_ = false;
    return;
  }
  for (std::uint32_t word = 0; word < size / kWord; ++word) {
    if (!mask.test(word)) continue;
    Addr value;
    std::memcpy(&value, bytes.data() + word * kWord, kWord);
    found(from + word * kWord, value, false);
  }
}

void StackRoots::readFrames() {
  const std::uint64_t pushed = snapshot_.image->target().arch().frames.injectedSize;
  bool whole = false;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    const golang::Frame& frame = frames_[i];
    const golang::FrameLiveness live = maps_.at(frame);
    // The runtime takes a frame that a signal interrupted whole, args and all.
    if (whole || live.wholeLocals) {
      if (frame.varp > frame.sp) readWords(frame.sp, frame.varp);
      // What the signal handler pushed when it faked this call.
      if (live.callerWhole && pushed != 0) readWords(frame.fp, std::min(hi_, frame.fp + pushed));
    } else if (frame.varp > frame.sp) {
      readMask(frame.varp - live.locals.words * kWord, live.locals);
    }
    if (live.argsOfCaller) {
      // No more than the caller's frame.
      const Addr end = i + 1 < frames_.size() ? frames_[i + 1].varp : hi_;
      readWords(frame.argp, std::min(end, frame.argp + kMaxArgs));
    } else if (whole || live.wholeArgs) {
      const auto size = static_cast<std::uint64_t>(std::max(live.argBytes, 0));
      if (size != 0) readWords(frame.argp, std::min(hi_, frame.argp + size));
    } else {
      readMask(frame.argp, live.args);
    }
    if (!whole && !live.wholeLocals) {
      for (const golang::StackObject record : live.objects) {
        const Addr address = record.address(frame);
        if (address >= frame.sp) objects_.push_back({address, record, live.masks});
      }
    }
    whole = live.callerWhole;
  }
}

void StackRoots::readDeferred(const image::Object& g) {
  Addr anchor = 0;  // Brent's cycle detection
  std::uint64_t count = 0;
  for (Addr at = g[g_.deferred]; at != 0;) {
    const image::Object record = image::readObject(memory_, at, defer_.size);
    if (!record || at == anchor) {
      complete_ = false;
      return;
    }
    if (std::has_single_bit(++count)) anchor = at;
    found(g.addressOf(g_.deferred), at, false);
    found(record.addressOf(defer_.function), record[defer_.function], false);
    at = record[defer_.link];
  }
}

void StackRoots::readObject(const Object& object) {
  const auto pointers = std::int64_t{object.record.pointers};
  if (pointers == 0) return;
  if (pointers < 0) {  // its mask is a program
    readWords(object.address, object.address + static_cast<std::uint64_t>(-pointers));
    return;
  }
  golang::WordMask mask;
  mask.words = static_cast<std::uint32_t>(pointers / static_cast<std::int64_t>(kWord));
  mask.bits = memory_.bytes(object.masks + object.record.mask, (mask.words + std::uint64_t{7}) / 8);
  if (mask.bits.empty()) {
    readWords(object.address, object.address + mask.words * kWord);
  } else {
    readMask(object.address, mask);
  }
}

/// A damaged pc may name a function that ends every stack, and hide all that is above it.
bool StackRoots::reachEnd() const { return !frames_.empty() && hi_ - frames_.back().fp <= kSpare; }

bool StackRoots::makeShape(Shape& shape) {
  const auto addWords = [&](Addr from, const golang::WordMask& mask) {
    std::uint64_t size = mask.words * kWord;
    if (from <= hi_ && size > hi_ - from) size = untilLastPointer(mask);
    if (size == 0) return true;
    if (from < hi_ - shape.size || from > hi_ || size > hi_ - from) return false;
    for (std::uint32_t word = 0; word < size / kWord; ++word) {
      if (mask.test(word)) shape.words.push_back(hi_ - from - word * kWord);
    }
    return true;
  };
  for (const golang::Frame& frame : frames_) {
    const golang::FrameLiveness live = maps_.at(frame);
    // Of runtime.goexit, where every stack begins, all locals may be live, and there are none.
    const bool locals = frame.varp > frame.sp;
    if ((live.wholeLocals && locals) || live.wholeArgs || live.argsOfCaller || live.callerWhole) {
      return false;
    }
    if (locals && !addWords(frame.varp - live.locals.words * kWord, live.locals)) {
      return false;
    }
    if (!addWords(frame.argp, live.args)) return false;
    if (live.wholeLocals) continue;
    for (const golang::StackObject record : live.objects) {
      const Addr address = record.address(frame);
      if (address < frame.sp) continue;
      if (address > hi_) return false;
      shape.objects.push_back({hi_ - address, record, live.masks});
    }
  }
  return true;
}

const StackRoots::Shape* StackRoots::shapeOf(const golang::Goroutine& goroutine) {
  if (goroutine.sp < lo_ || goroutine.sp >= hi_) return nullptr;
  if (shapeIds_.empty()) shapeIds_.resize(snapshot_.stacks.size(), kNotSeen);
  std::uint32_t& id = shapeIds_[goroutine.stack];
  if (id == kNotSeen) {  // many stacks occur only once
    id = kSeen;
    return nullptr;
  }
  const std::uint64_t size = hi_ - goroutine.sp;
  if (id == kSeen) {
    Shape shape;
    shape.size = size;
    golang::framesOf(snapshot_, goroutine, unwinder_, frames_);
    id = kNoShape;
    if (reachEnd() && makeShape(shape)) {
      id = kFirstShape + static_cast<std::uint32_t>(shapes_.size());
      shapes_.push_back(std::move(shape));
    }
    frames_.clear();
  }
  if (id == kNoShape) return nullptr;
  // Stacks are only ever moved whole, so equal frames begin at the same distance from the end.
  const Shape& shape = shapes_[id - kFirstShape];
  return shape.size == size ? &shape : nullptr;
}

bool StackRoots::readShape(const Shape& shape) {
  const Addr from = hi_ - shape.size;
  const auto bytes = memory_.view(from, shape.size);
  if (bytes.empty()) return false;
  for (const std::uint64_t distance : shape.words) {
    Addr value;
    std::memcpy(&value, bytes.data() + (shape.size - distance), kWord);
    found(hi_ - distance, value, false);
  }
  for (const Object& object : shape.objects) {
    objects_.push_back({hi_ - object.address, object.record, object.masks});
  }
  return true;
}

/// Stack objects that something live points into, which may make more of them live.
void StackRoots::readObjects() {
  std::ranges::sort(objects_, {}, &Object::address);
  while (!intoStack_.empty()) {
    const Addr pointer = intoStack_.back();
    intoStack_.pop_back();
    auto it = std::ranges::upper_bound(objects_, pointer, {}, &Object::address);
    if (it == objects_.begin()) continue;
    --it;
    if (it->done || pointer - it->address >= static_cast<std::uint64_t>(it->record.size)) continue;
    it->done = true;
    readObject(*it);
  }
}

void StackRoots::readWhole(const golang::Goroutine& goroutine, Addr from) {
  if (from < goroutine.stackLo || from >= goroutine.stackHi) from = goroutine.stackLo;
  readEveryWord(from, goroutine.stackHi);
  if (goroutine.thread == kNone) return;
  const target::Thread& thread = snapshot_.image->target().threads()[goroutine.thread];
  for (const std::uint64_t word : thread.words) found(0, word, true);
}

void StackRoots::prefetch(const golang::Goroutine& goroutine) const {
  constexpr std::uint64_t kInnermost = 512;  // bytes of stack that the frames of most waits span
  constexpr std::uint64_t kLine = 64;
  const auto ask = [this](Addr address, std::uint64_t size) {
    const target::Region* region = memory_.region(address);
    if (region == nullptr || region->mapped == nullptr) return;
    const std::byte* bytes = region->mapped + (address - region->start);
    size = std::min(size, region->end - address);
    for (std::uint64_t i = 0; i < size; i += kLine) __builtin_prefetch(bytes + i);
  };
  ask(goroutine.address, g_.size);
  ask(goroutine.sp, kInnermost);
}

/// Who waits or is runnable has a thread only while the scheduler changes that. Where the status is
/// damaged it runs: what was saved then tells nothing. Except who does the runtime's work on the
/// thread's own stack, and waits for that (casGToWaiting of runtime/proc.go): it is parked as any
/// other.
bool StackRoots::mayRun(const golang::Goroutine& goroutine) const {
  if (goroutine.m == 0) return false;
  switch (goroutine.status) {
    case golang::Status::running:
    case golang::Status::syscall:
      return false;
    case golang::Status::waiting:
      return snapshot_.reasonOf(goroutine) != golang::ReasonClass::runtimeInternal;
    default:
      return true;
  }
}

bool StackRoots::read(const golang::Goroutine& goroutine, std::vector<HeldPointer>& out) {
  out.clear();
  out_ = &out;
  lo_ = goroutine.stackLo;
  hi_ = goroutine.stackHi;
  complete_ = true;
  frames_.clear();
  objects_.clear();
  intoStack_.clear();
  const image::Object g = image::readObject(memory_, goroutine.address, g_.size);
  if (!g) return false;
  found(g.addressOf(g_.schedContext), g[g_.schedContext], false);
  found(g.addressOf(g_.panic), g[g_.panic], false);
  readDeferred(g);
  if (g_.savedRegisters && g[g_.savedRegisters] != 0) {
    const Addr saved = g[g_.savedRegisters];
    const auto bytes = memory_.view(saved, savedRegistersSize_);
    for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
      Addr value;
      std::memcpy(&value, bytes.data() + at, kWord);
      if (memory_.contains(value)) memory_.note(saved + at, kWord);
      found(0, value, true);
    }
  }
  const bool runs = goroutine.status == golang::Status::running;
  const bool changes = goroutine.inFlux || goroutine.stackMoves() || mayRun(goroutine);
  if (runs || changes || goroutine.sp == 0) {
    // It stands at any instruction: every word may be live.
    readWhole(goroutine, changes || goroutine.sp < goroutine.stackLo + kRedZone
                             ? goroutine.stackLo
                             : goroutine.sp - kRedZone);
    return complete_;
  }
  const bool known = goroutine.stack != kNone && !snapshot_.stacks[goroutine.stack].truncated;
  if (!known) {  // perhaps because sp is damaged: it tells nothing
    readWhole(goroutine, goroutine.stackLo);
    return complete_;
  }
  if (const Shape* shape = shapeOf(goroutine); shape == nullptr || !readShape(*shape)) {
    golang::framesOf(snapshot_, goroutine, unwinder_, frames_);
    if (!reachEnd()) {
      readWhole(goroutine, goroutine.stackLo);
      return complete_;
    }
    readFrames();
  }
  readObjects();
  return complete_;
}

}  // namespace parked::proof
