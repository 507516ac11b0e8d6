#include "golang/unwind.h"

#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "arch/architecture.h"
#include "base/traits.h"
#include "schema/releases.h"

namespace parked::golang {

namespace {

constexpr std::array kEnds = {
    Named{UnwindEnd::top, "complete"},
    Named{UnwindEnd::unknownPc, "a program counter is in no known Go function"},
    Named{UnwindEnd::unreadable, "stack memory is not in the target"},
    Named{UnwindEnd::outsideStack, "a frame lies outside the goroutine's stack"},
    Named{UnwindEnd::stackSwitched, "its thread was switching stacks"},
    Named{UnwindEnd::limit, "more frames than the limit"},
};
static_assert(isComplete(kEnds, UnwindEnd::limit));

using arch::Architecture;
using image::FunctionTable;
using image::kNoFunc;
using target::AddressSpace;

/// What a pc alone says about its frame. Equal pcs have equal shapes, and a million goroutines are
/// parked at a handful of them.
struct Shape {
  Addr pc = 0;  ///< 0: the slot is free
  std::int32_t delta = -1;
  image::FuncIndex function = kNoFunc;
  bool top = false;
  bool spWrite = false;
  bool injected = false;     ///< a call that the runtime faked at an arbitrary instruction
  bool exactCaller = false;  ///< the caller's pc is not looked up as a return address
  bool atEntry = false;
};

/// The functions whose caller stands at an arbitrary instruction (runtime.isInjectedCall).
bool isInjectedCall(std::string_view name) {
  return name == "runtime.sigpanic" || name == "runtime.asyncPreempt" ||
         name == "runtime.debugCallV2";
}

Shape makeShape(const FunctionTable& functions, bool everyInjectedCall, Addr pc) {
  Shape shape;
  shape.pc = pc;
  shape.function = functions.find(pc);
  if (shape.function == kNoFunc) return shape;
  const image::Function& function = functions.function(shape.function);
  shape.delta = functions.frameSize(shape.function, pc);
  shape.top = function.flags.top;
  // cgocallback writes SP, but keeps both stacks unwindable through it while it does.
  shape.spWrite = function.flags.spWrite && function.name != "runtime.cgocallback";
  shape.injected = isInjectedCall(function.name);
  shape.exactCaller = everyInjectedCall ? shape.injected : function.name == "runtime.sigpanic";
  shape.atEntry = pc == function.entry;
  return shape;
}

/// pc -> Shape, open addressing with linear probing.
class ShapeCache {
 public:
  ShapeCache(const FunctionTable& functions, bool everyInjectedCall)
      : functions_(functions), everyInjectedCall_(everyInjectedCall), slots_(1024) {}

  /// The copy is what makes growing safe for the caller.
  Shape get(Addr pc) {
    for (std::size_t i = slotOf(pc);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].pc == pc) return slots_[i];
      if (slots_[i].pc == 0) return insert(i, pc);
    }
  }

 private:
  // Hostile stacks could name a new pc in every frame; beyond this the cache starts over.
  static constexpr std::size_t kMaxSlots = 1 << 20;

  std::size_t slotOf(Addr pc) const {
    return ((pc * 0x9e3779b97f4a7c15u) >> 20) & (slots_.size() - 1);
  }

  Shape insert(std::size_t slot, Addr pc) {
    const Shape shape = makeShape(functions_, everyInjectedCall_, pc);
    if (pc == 0) return shape;
    slots_[slot] = shape;
    if (++used_ * 2 > slots_.size()) grow();
    return shape;
  }

  void grow() {
    std::vector<Shape> old;
    old.swap(slots_);
    if (old.size() >= kMaxSlots) {
      slots_.resize(1024);
      used_ = 0;
      return;
    }
    slots_.resize(old.size() * 2);
    for (const Shape& shape : old) {
      if (shape.pc == 0) continue;
      std::size_t i = slotOf(shape.pc);
      while (slots_[i].pc != 0) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = shape;
    }
  }

  const FunctionTable& functions_;
  bool everyInjectedCall_;
  std::vector<Shape> slots_;
  std::size_t used_ = 0;
};

/// The words of one stack: one look-up in the address space for all of them.
class StackWords {
 public:
  StackWords(AddressSpace& memory, Addr sp, Addr hi) : memory_(memory), start_(sp) {
    if (sp < hi) bytes_ = memory.viewUpTo(sp, hi - sp);
  }

  bool read(Addr address, Addr& value) {
    const Addr offset = address - start_;
    if (address >= start_ && offset <= bytes_.size() && kWord <= bytes_.size() - offset) {
      std::memcpy(&value, bytes_.data() + offset, kWord);
      memory_.note(address, kWord);
      return true;
    }
    return memory_.read(address, value);  // the stack lies in two regions, or partly in none
  }

 private:
  AddressSpace& memory_;
  Addr start_;
  std::span<const std::byte> bytes_;
};

/// The frame that is looked at, while an unwinder goes from callee to caller.
struct Cursor {
  Addr pc = 0, sp = 0, lr = 0;
  bool innermost = true;
  bool trap = false;  ///< it stands at an arbitrary instruction, not behind a call
};

}  // namespace

struct Unwinder::Impl {
  Impl(AddressSpace& space, const FunctionTable& table, const Architecture& architecture,
       ShapeCache cache)
      : memory(space), functions(table), arch(architecture), shapes(std::move(cache)) {}

  Addr callSlot(const Shape& shape, Addr sp, Addr fp);
  bool calls(Addr returnPc, image::FuncIndex callee);
  bool returnAddress(StackWords& words, const Cursor& at, Addr fp, Addr& returnPc) const;
  bool undoInjectedCall(StackWords& words, Cursor& at);

  AddressSpace& memory;
  const FunctionTable& functions;
  const Architecture& arch;
  ShapeCache shapes;
};

/// Whether the instruction before `returnPc` is a direct call of the function. The prologues call
/// morestack through a function that jumps there.
bool Unwinder::Impl::calls(Addr returnPc, image::FuncIndex callee) {
  constexpr std::string_view kMorestack = "runtime.morestack";
  const Addr length = arch.callSize;
  // Most words on a stack are no code: a read of what is not there would count as missing memory.
  if (returnPc < length || functions.find(returnPc - length) == kNoFunc) return false;
  const Addr target = arch.calleeBefore(returnPc, memory.bytes(returnPc - length, length));
  if (target == 0) return false;
  const image::FuncIndex called = functions.find(target);
  if (called == kNoFunc || called == callee) return called == callee;
  return functions.function(called).name.starts_with(kMorestack) &&
         functions.function(callee).name.starts_with(kMorestack);
}

/// Where the return address of a thread lies that stands in a function which writes SP, 0 if that
/// is not certain. While SP is still, or again, the goroutine's, these functions have either the
/// frame that the table tells or none: the table does not know that SP came back. The address must
/// be that of a call of just this function.
Addr Unwinder::Impl::callSlot(const Shape& shape, Addr sp, Addr fp) {
  if (arch.frames.usesLink) return 0;
  for (const Addr slot : {fp - kWord, sp}) {
    if (calls(memory.pointer(slot), shape.function)) return slot;
  }
  return 0;
}

/// Where the frame that ends at `fp` returns to. False if that is not readable.
bool Unwinder::Impl::returnAddress(StackWords& words, const Cursor& at, Addr fp,
                                   Addr& returnPc) const {
  if (!arch.frames.usesLink) return words.read(fp - kWord, returnPc);
  returnPc = at.lr;
  const bool saved = (at.innermost && at.sp < fp) || at.lr == 0;
  return !saved || words.read(at.sp, returnPc);
}

/// The signal handler saved LR on the stack before it faked the call. False if that is not
/// readable.
bool Unwinder::Impl::undoInjectedCall(StackWords& words, Cursor& at) {
  Addr saved = 0;
  if (!words.read(at.sp, saved)) return false;
  at.sp += arch.frames.injectedSize;
  const Shape caller = shapes.get(at.pc);
  if (caller.function == kNoFunc) {
    at.pc = saved;
  } else if (caller.delta == 0) {
    at.lr = saved;
  }
  return true;
}

Unwinder::Unwinder(image::Image& image)
    : Unwinder(image.target().memory(), image.functions(), image.target().arch(),
               image.build().version) {}
Unwinder::Unwinder(AddressSpace& memory, const FunctionTable& functions, const Architecture& arch,
                   const image::GoVersion& version)
    : impl_(
          std::make_unique<Impl>(memory, functions, arch,
                                 ShapeCache(functions, schema::marksEveryInjectedCall(version)))) {}
Unwinder::~Unwinder() = default;

UnwindEnd Unwinder::unwind(const UnwindStart& start, std::vector<Frame>& out, std::size_t limit) {
  const arch::FrameRules& rules = impl_->arch.frames;
  const std::size_t first = out.size();
  Cursor at{
      .pc = start.pc, .sp = start.sp, .lr = rules.usesLink ? start.lr : 0, .trap = start.trap};
  if (at.sp < start.stackLo || at.sp >= start.stackHi) return UnwindEnd::outsideStack;
  StackWords words(impl_->memory, at.sp, start.stackHi);

  if (at.pc == 0) {  // a call of a nil function: its caller is the innermost frame
    if (!words.read(at.sp, at.pc)) return UnwindEnd::unreadable;
    at.sp += rules.returnSlot;
    at.lr = 0;
  }

  while (true) {
    const Shape shape = impl_->shapes.get(at.pc);
    if (shape.function == kNoFunc || shape.delta < 0) return UnwindEnd::unknownPc;
    if (out.size() - first >= limit) return UnwindEnd::limit;

    Addr fp = at.sp + static_cast<Addr>(shape.delta) + rules.returnSlot;
    if (fp < at.sp || fp > start.stackHi) return UnwindEnd::outsideStack;
    // Innermost and saved by the runtime, an SPWRITE function has stopped itself before it wrote.
    const bool switching = shape.spWrite && (!at.innermost || (start.trap && !start.syscall));
    const Addr slot = switching && at.innermost ? impl_->callSlot(shape, at.sp, fp) : 0;
    if (slot != 0) fp = slot + kWord;
    Addr varp = fp - rules.returnSlot;
    if (varp > at.sp) varp -= kWord;  // the saved frame pointer
    out.push_back({.pc = at.pc,
                   .exact = at.trap || shape.atEntry,
                   .sp = at.sp,
                   .fp = fp,
                   .varp = varp,
                   .argp = fp + rules.minFrameSize,
                   .function = shape.function});
    if (shape.top) return UnwindEnd::top;
    if (switching && slot == 0) return UnwindEnd::stackSwitched;

    Addr returnPc = 0;
    if (!impl_->returnAddress(words, at, fp, returnPc)) return UnwindEnd::unreadable;
    if (returnPc == at.pc && fp == at.sp) return UnwindEnd::outsideStack;  // would never end
    at = {.pc = returnPc, .sp = fp, .innermost = false, .trap = shape.exactCaller};
    if (rules.usesLink && shape.injected && !impl_->undoInjectedCall(words, at)) {
      return UnwindEnd::unreadable;
    }
  }
}

std::string_view describe(UnwindEnd end) { return rowOf(kEnds, end).name; }

std::vector<Frame> framesOf(const Snapshot& snapshot, const Goroutine& goroutine) {
  std::vector<Frame> frames;
  Unwinder unwinder(*snapshot.image);
  framesOf(snapshot, goroutine, unwinder, frames);
  return frames;
}

void framesOf(const Snapshot& snapshot, const Goroutine& goroutine, Unwinder& unwinder,
              std::vector<Frame>& frames) {
  frames.clear();
  const auto known = snapshot.frames(goroutine);
  if (known.empty()) return;
  // An exact pc at a function's entry may not come from a trap; unwinding is the same then.
  UnwindStart start{.pc = goroutine.pc,
                    .sp = goroutine.sp,
                    .lr = goroutine.link,
                    .stackLo = goroutine.stackLo,
                    .stackHi = goroutine.stackHi,
                    .trap = known.front().exact != 0,
                    .syscall = goroutine.status == Status::syscall};
  unwinder.unwind(start, frames, known.size());
}

}  // namespace parked::golang
