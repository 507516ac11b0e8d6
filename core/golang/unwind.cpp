#include "golang/unwind.h"

#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "golang/layouts.h"

namespace parked::golang {

namespace {

using image::FunctionTable;
using image::kNoFunc;
using target::AddressSpace;
using target::Arch;

constexpr std::uint64_t kWord = 8;

/// What the architecture means for a frame (runtime/traceback.go: usesLR, sys.MinFrameSize,
/// sys.StackAlign).
struct FrameRules {
  bool usesLink;               ///< the return address is in a register, saved at the frame's bottom
  std::uint64_t returnSlot;    ///< bytes the call instruction pushes
  std::uint64_t minFrameSize;  ///< words between a frame and its in-args
  std::uint64_t injectedSize;  ///< what the signal handler pushes when it fakes a call
};

constexpr FrameRules rulesOf(Arch arch) {
  if (arch == Arch::arm64) return {true, 0, kWord, 16};
  return {false, kWord, 0, 0};
}

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

/// Whether tracebacks treat every injected call alike (unwindTrap, since 1.21) or sigpanic only.
bool marksEveryInjectedCall(const image::GoVersion& version) { return version.minor >= 21; }

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
    if (sp < hi) bytes_ = memory.bytesUpTo(sp, hi - sp);
  }

  bool read(Addr address, Addr& value) {
    const Addr offset = address - start_;
    if (address >= start_ && offset <= bytes_.size() && kWord <= bytes_.size() - offset) {
      std::memcpy(&value, bytes_.data() + offset, kWord);
      return true;
    }
    return memory_.read(address, value);  // the stack lies in two regions, or partly in none
  }

 private:
  AddressSpace& memory_;
  Addr start_;
  std::span<const std::byte> bytes_;
};

}  // namespace

struct Unwinder::Impl {
  Impl(AddressSpace& space, const FunctionTable& table, Arch arch, ShapeCache cache)
      : memory(space), functions(table), rules(rulesOf(arch)), shapes(std::move(cache)) {}

  Addr callSlot(const Shape& shape, Addr sp, Addr fp);
  bool calls(Addr returnPc, image::FuncIndex callee);

  AddressSpace& memory;
  const FunctionTable& functions;
  FrameRules rules;
  ShapeCache shapes;
};

/// Whether the instruction before `returnPc` is a direct call of the function. The prologues call
/// morestack through a function that jumps there.
bool Unwinder::Impl::calls(Addr returnPc, image::FuncIndex callee) {
  constexpr std::uint8_t kCall = 0xe8;  // CALL rel32, amd64
  constexpr Addr kLength = 5;
  constexpr std::string_view kMorestack = "runtime.morestack";
  std::uint8_t opcode = 0;
  std::int32_t distance = 0;
  // Most words on a stack are no code: a read of what is not there would count as missing memory.
  if (returnPc < kLength || functions.find(returnPc - kLength) == kNoFunc ||
      !memory.read(returnPc - kLength, opcode) || opcode != kCall ||
      !memory.read(returnPc - kLength + 1, distance)) {
    return false;
  }
  const image::FuncIndex called = functions.find(returnPc + static_cast<Addr>(distance));
  if (called == kNoFunc || called == callee) return called == callee;
  return functions.function(called).name.starts_with(kMorestack) &&
         functions.function(callee).name.starts_with(kMorestack);
}

/// Where the return address of a thread lies that stands in a function which writes SP, 0 if that
/// is not certain. While SP is still, or again, the goroutine's, these functions have either the
/// frame that the table tells or none: the table does not know that SP came back. The address must
/// be that of a call of just this function.
Addr Unwinder::Impl::callSlot(const Shape& shape, Addr sp, Addr fp) {
  if (rules.usesLink) return 0;
  for (const Addr slot : {fp - kWord, sp}) {
    Addr returnPc = 0;
    if (memory.read(slot, returnPc) && calls(returnPc, shape.function)) return slot;
  }
  return 0;
}

Unwinder::Unwinder(image::Image& image)
    : Unwinder(image.target().memory(), image.functions(), image.target().arch(),
               image.build().version) {}
Unwinder::Unwinder(AddressSpace& memory, const FunctionTable& functions, Arch arch,
                   const image::GoVersion& version)
    : impl_(std::make_unique<Impl>(memory, functions, arch,
                                   ShapeCache(functions, marksEveryInjectedCall(version)))) {}
Unwinder::~Unwinder() = default;

UnwindEnd Unwinder::unwind(const UnwindStart& start, std::vector<Frame>& out, std::size_t limit) {
  const FrameRules& rules = impl_->rules;
  const std::size_t first = out.size();
  Addr pc = start.pc, sp = start.sp, lr = rules.usesLink ? start.lr : 0;
  if (sp < start.stackLo || sp >= start.stackHi) return UnwindEnd::outsideStack;
  StackWords words(impl_->memory, sp, start.stackHi);

  if (pc == 0) {  // a call of a nil function: its caller is the innermost frame
    if (!words.read(sp, pc)) return UnwindEnd::unreadable;
    sp += rules.returnSlot;
    lr = 0;
  }

  bool innermost = true;
  bool trap = start.trap;
  while (true) {
    const Shape shape = impl_->shapes.get(pc);
    if (shape.function == kNoFunc || shape.delta < 0) return UnwindEnd::unknownPc;
    if (out.size() - first >= limit) return UnwindEnd::limit;

    Addr fp = sp + static_cast<Addr>(shape.delta) + rules.returnSlot;
    if (fp < sp || fp > start.stackHi) return UnwindEnd::outsideStack;
    // Innermost and saved by the runtime, an SPWRITE function has stopped itself before it wrote.
    const bool switching = shape.spWrite && (!innermost || (start.trap && !start.syscall));
    const Addr slot = switching && innermost ? impl_->callSlot(shape, sp, fp) : 0;
    if (slot != 0) fp = slot + kWord;
    Addr varp = fp - rules.returnSlot;
    if (varp > sp) varp -= kWord;  // the saved frame pointer
    out.push_back({.pc = pc,
                   .exact = trap || shape.atEntry,
                   .sp = sp,
                   .fp = fp,
                   .varp = varp,
                   .argp = fp + rules.minFrameSize,
                   .function = shape.function});
    if (shape.top) return UnwindEnd::top;
    if (switching && slot == 0) return UnwindEnd::stackSwitched;

    Addr returnPc = lr;
    if (rules.usesLink) {
      if ((innermost && sp < fp) || lr == 0) {
        if (!words.read(sp, returnPc)) return UnwindEnd::unreadable;
      }
    } else if (!words.read(fp - kWord, returnPc)) {
      return UnwindEnd::unreadable;
    }
    if (returnPc == pc && fp == sp) return UnwindEnd::outsideStack;  // would never end

    pc = returnPc;
    sp = fp;
    lr = 0;
    innermost = false;
    trap = shape.exactCaller;
    if (rules.usesLink && shape.injected) {
      // The signal handler saved LR on the stack before it faked the call.
      Addr saved = 0;
      if (!words.read(sp, saved)) return UnwindEnd::unreadable;
      sp += rules.injectedSize;
      const Shape caller = impl_->shapes.get(pc);
      if (caller.function == kNoFunc) {
        pc = saved;
      } else if (caller.delta == 0) {
        lr = saved;
      }
    }
  }
}

std::string_view describe(UnwindEnd end) {
  switch (end) {
    case UnwindEnd::top:
      return "complete";
    case UnwindEnd::unknownPc:
      return "a program counter is in no known Go function";
    case UnwindEnd::unreadable:
      return "stack memory is not in the target";
    case UnwindEnd::outsideStack:
      return "a frame lies outside the goroutine's stack";
    case UnwindEnd::stackSwitched:
      return "its thread was switching stacks";
    case UnwindEnd::limit:
      return "more frames than the limit";
  }
  return "unknown";
}

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
  image::Image& image = *snapshot.image;
  // An exact pc at a function's entry may not come from a trap; unwinding is the same then.
  UnwindStart start{.pc = goroutine.pc,
                    .sp = goroutine.sp,
                    .stackLo = goroutine.stackLo,
                    .stackHi = goroutine.stackHi,
                    .trap = known.front().exact != 0,
                    .syscall = goroutine.status == Status::syscall};
  if (image.target().arch() == Arch::arm64) {
    if (start.trap && goroutine.thread != kNone) {
      start.lr = image.target().threads()[goroutine.thread].registers.link;
    } else if (auto layouts = bindLayouts(image.layouts())) {
      const auto g = image::readObject(image.target().memory(), goroutine.address, layouts->g.size);
      start.lr = g[layouts->g.schedLr];
    }
  }
  unwinder.unwind(start, frames, known.size());
}

}  // namespace parked::golang
