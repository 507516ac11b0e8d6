#include "leak/wake_sites.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>

#include "leak/code.h"

namespace parked::leak {

namespace {

constexpr Addr kLongestFunction = 1 << 16;
constexpr std::size_t kMaxSlots = 128;      // words of a frame whose content is remembered
constexpr std::int64_t kMaxCases = 1 << 8;  // of a select
constexpr std::int64_t kCaseSize = 16;      // runtime.scase: channel, element

/// Runtime calls and methods by which one goroutine wakes another, and which of their arguments is
/// the object (runtime/chan.go, runtime/select.go, sync/waitgroup.go; the same 1.18 to 1.27).
struct WakingCall {
  std::string_view name;
  WakeAct act;
  std::size_t object;
};
constexpr std::array kWakingCalls = {
    WakingCall{"runtime.chanrecv1", WakeAct::receive, 0},
    WakingCall{"runtime.chanrecv2", WakeAct::receive, 0},
    WakingCall{"runtime.selectnbrecv", WakeAct::receive, 1},
    WakingCall{"runtime.chansend1", WakeAct::send, 0},
    WakingCall{"runtime.selectnbsend", WakeAct::send, 0},
    WakingCall{"runtime.closechan", WakeAct::close, 0},
    WakingCall{"sync.(*WaitGroup).Done", WakeAct::done, 0},
};
constexpr std::string_view kSelect = "runtime.selectgo", kAdd = "sync.(*WaitGroup).Add";

bool isWakingCall(std::string_view name) {
  return name == kSelect || name == kAdd ||
         std::ranges::find(kWakingCalls, name, &WakingCall::name) != kWakingCalls.end();
}

image::FuncIndex functionFrom(const image::FunctionTable& functions, Addr entry) {
  const image::FuncIndex index = functions.find(entry);
  return index != image::kNoFunc && functions.function(index).entry == entry ? index
                                                                             : image::kNoFunc;
}

/// It is written inside of the other one.
bool isClosureOf(std::string_view closure, std::string_view function) {
  return closure.size() > function.size() + 1 && closure.starts_with(function) &&
         closure[function.size()] == '.';
}

}  // namespace

/// Goes through a function's code once, in order, and notes what registers and the frame's words
/// hold, as far as that is a way of words from the frame on. At a place that jumps lead to, only
/// what is the same on all ways from above. What a loop brings back is not followed: whether a way
/// leads to the object asked about is checked against memory, so that a wrong one finds nothing.
class WakeSites::Reader {
 public:
  Reader(image::Image& image, image::FuncIndex function, Code& code)
      : image_(image),
        rules_(image.target().arch().calls),
        name_(image.functions().function(function).name),
        code_(code) {}

  void read();

 private:
  struct State {
    std::array<WordPath, kRegisters> registers;
    std::map<std::int64_t, WordPath> words;  // by distance from the stack pointer
    bool reached = true;
  };

  static void meet(State& into, const State& from);
  void step(std::uint32_t index);
  void stepCall(std::uint32_t index);
  void select(std::uint32_t index);
  void note(std::uint32_t index, WakeAct act, const WordPath& object);
  void store(const Operand& to, const Operand& from);
  WordPath addressOf(const Operand& memory) const;
  WordPath valueOf(const Operand& operand) const;
  void set(Register reg, const WordPath& path) {
    if (reg >= 0) state_.registers[static_cast<std::size_t>(reg)] = path;
  }
  const WordPath& get(Register reg) const {
    return state_.registers[static_cast<std::size_t>(reg)];
  }
  const WordPath& argument(std::size_t number) const { return get(rules_.arguments[number]); }
  image::FuncIndex functionAt(Addr entry) const { return functionFrom(image_.functions(), entry); }

  image::Image& image_;
  const CallRules& rules_;
  std::string_view name_;
  Code& code_;
  State state_;
  std::map<Addr, State> ahead_;  // of jumps to what comes later
};

void WakeSites::Reader::meet(State& into, const State& from) {
  if (!into.reached) {
    into = from;
    return;
  }
  for (std::size_t i = 0; i < into.registers.size(); ++i) {
    if (into.registers[i] != from.registers[i]) into.registers[i] = {};
  }
  std::erase_if(into.words, [&](const auto& word) {
    const auto other = from.words.find(word.first);
    return other == from.words.end() || other->second != word.second;
  });
}

void WakeSites::Reader::read() {
  set(rules_.stackPointer, WordPath::at(WordPath::Start::frame, 0));
  set(rules_.closure, WordPath::at(WordPath::Start::closure, 0));
  for (std::uint32_t i = 0; i < code_.instructions.size(); ++i) {
    const Instruction& instruction = code_.instructions[i];
    if (const auto joined = ahead_.find(instruction.pc); joined != ahead_.end()) {
      meet(state_, joined->second);
      ahead_.erase(joined);
    }
    if (!state_.reached) state_ = State();  // a loop may lead here: nothing is known
    set(rules_.stackPointer, WordPath::at(WordPath::Start::frame, 0));
    const Addr to = instruction.destination();
    if ((instruction.op == Op::jump || instruction.op == Op::branch) && to > instruction.pc) {
      const auto [at, isNew] = ahead_.try_emplace(to, state_);
      if (!isNew) meet(at->second, state_);
    }
    step(i);
    if (instruction.op == Op::jump || instruction.op == Op::ret || instruction.op == Op::stop) {
      state_.reached = false;
    }
  }
}

WordPath WakeSites::Reader::addressOf(const Operand& memory) const {
  if (memory.index != kNoRegister) return {};
  if (memory.base == kNoRegister) return WordPath::at(WordPath::Start::address, memory.value);
  if (memory.base < 0 || !get(memory.base).known()) return {};
  return get(memory.base).plus(memory.value);
}

WordPath WakeSites::Reader::valueOf(const Operand& operand) const {
  switch (operand.kind) {
    case Operand::Kind::reg:
      return operand.reg >= 0 ? get(operand.reg) : WordPath();
    case Operand::Kind::immediate:
      return WordPath::at(WordPath::Start::address, operand.value);
    case Operand::Kind::memory:
      return operand.size == sizeof(Addr) ? addressOf(operand).load() : WordPath();
    default:
      return {};
  }
}

void WakeSites::Reader::store(const Operand& to, const Operand& from) {
  const WordPath address = addressOf(to);
  if (!address.isFrameAddress()) return;
  const std::int64_t at = address.offsets[0];
  const WordPath value = valueOf(from);
  if (to.size == sizeof(Addr) && value.isNumber()) {
    const image::FuncIndex function = functionAt(static_cast<Addr>(value.offsets[0]));
    // A closure of this very function, made on its own stack.
    if (function != image::kNoFunc &&
        isClosureOf(image_.functions().function(function).name, name_)) {
      code_.closures.push_back({at, function});
    }
  }
  // What was put into the frame is found there again, on whatever way one comes by later: what a
  // closure captured, and what a loop keeps.
  const bool lasting = value.known() && value.start != WordPath::Start::closure;
  const bool there = value.start == WordPath::Start::frame && value.words <= 1;
  if (from.kind == Operand::Kind::reg && from.reg >= 0 && to.size == sizeof(Addr) && !there &&
      !value.isNumber()) {
    set(from.reg, address.load());
  }
  if (lasting && to.size == sizeof(Addr) && state_.words.size() < kMaxSlots) {
    state_.words[at] = value;
  } else {
    state_.words.erase(at);
  }
}

void WakeSites::Reader::step(std::uint32_t index) {
  const Instruction& instruction = code_.instructions[index];
  switch (instruction.op) {
    case Op::call:
      stepCall(index);
      state_.registers.fill({});
      return;
    case Op::move:
      if (instruction.a.kind == Operand::Kind::memory) {
        store(instruction.a, instruction.b);
      } else {
        set(instruction.a.reg, valueOf(instruction.b));
      }
      return;
    case Op::address:
      set(instruction.a.reg, addressOf(instruction.b));
      return;
    case Op::clear:
      set(instruction.a.reg, WordPath::at(WordPath::Start::address, 0));
      return;
    case Op::compare:
    case Op::test:
    case Op::nothing:
      return;
    default:
      break;
  }
  for (Register reg = 0; reg < kRegisters; ++reg) {
    if ((instruction.written >> reg & 1) != 0) set(reg, {});
  }
  if (instruction.stores) {
    const WordPath address = addressOf(instruction.a);
    if (address.isFrameAddress()) state_.words.erase(address.offsets[0]);
  }
}

void WakeSites::Reader::note(std::uint32_t index, WakeAct act, const WordPath& object) {
  if (!object.known() || object.isNumber()) return;
  const Instruction& call = code_.instructions[index];
  code_.calls.push_back({index, {.act = act, .pc = call.next(), .object = object}});
}

void WakeSites::Reader::stepCall(std::uint32_t index) {
  const image::FuncIndex callee = functionAt(code_.instructions[index].destination());
  if (callee == image::kNoFunc) return;
  const std::string_view name = image_.functions().function(callee).name;
  if (name == kSelect) {
    select(index);
    return;
  }
  if (name == kAdd) {
    const WordPath& delta = argument(1);
    if (delta.isNumber() && static_cast<std::int32_t>(delta.offsets[0]) == -1) {
      note(index, WakeAct::done, argument(0));
    }
    return;
  }
  const auto* const waker = std::ranges::find(kWakingCalls, name, &WakingCall::name);
  if (waker != kWakingCalls.end()) note(index, waker->act, argument(waker->object));
}

/// selectgo(cases, order, pcs, sends, receives, blocks): the sends come first.
void WakeSites::Reader::select(std::uint32_t index) {
  const WordPath cases = argument(0), sends = argument(3), receives = argument(4);
  if (!cases.isFrameAddress() || !sends.isNumber() || !receives.isNumber()) return;
  const std::int64_t sending = sends.offsets[0], all = sending + receives.offsets[0];
  if (sending < 0 || all < sending || all > kMaxCases) return;
  for (std::int64_t i = 0; i < all; ++i) {
    const auto channel = state_.words.find(cases.offsets[0] + i * kCaseSize);
    if (channel == state_.words.end()) continue;
    note(index, i < sending ? WakeAct::send : WakeAct::receive, channel->second);
  }
}

/// Whether there is what looks like a call of one that wakes, or the address of a closure in which
/// there is. Most functions have none, and need not be disassembled.
bool WakeSites::mayWake(image::FuncIndex index, bool closures) const {
  const image::FunctionTable& functions = image_.functions();
  const image::Function& function = functions.function(index);
  if (function.end <= function.entry || function.end - function.entry > kLongestFunction) {
    return false;
  }
  const auto code = image_.target().memory().bytes(function.entry, function.end - function.entry);
  const arch::CodeScan& scan = image_.target().arch().scan;
  std::size_t at = 0;
  arch::Transfer transfer;
  while (scan.nextTransfer(function.entry, code, at, transfer)) {
    if (!transfer.call) continue;
    const image::FuncIndex callee = functionFrom(functions, transfer.target);
    if (callee != image::kNoFunc && isWakingCall(functions.function(callee).name)) return true;
  }
  if (!closures) return false;
  std::vector<arch::CodeReference> references;
  scan.references(function.entry, code, references);
  return std::ranges::any_of(references, [&](const arch::CodeReference& reference) {
    if (!reference.address) return false;
    const image::FuncIndex made = functionFrom(functions, reference.target);
    return made != image::kNoFunc && isClosureOf(functions.function(made).name, function.name) &&
           mayWake(made, false);
  });
}

WakeSites::WakeSites(image::Image& image) : image_(image) {
  const auto make = image.target().arch().decoder;
  if (make != nullptr) decoder_ = make();
}

const WakeSites::Code& WakeSites::codeOf(image::FuncIndex index) {
  const auto [at, isNew] = codes_.try_emplace(index);
  if (!isNew) return at->second;
  const image::Function& function = image_.functions().function(index);
  if (decoder_ == nullptr || !mayWake(index, true)) return at->second;
  const auto bytes = image_.target().memory().bytes(function.entry, function.end - function.entry);
  auto instructions = decoder_->decode(function.entry, bytes);
  if (!instructions) return at->second;
  at->second.instructions = std::move(*instructions);
  Reader(image_, index, at->second).read();
  auto& closures = at->second.closures;
  std::ranges::sort(closures);
  closures.erase(std::ranges::unique(closures).begin(), closures.end());
  return at->second;
}

/// What can come after `pc` within the function. A jump whose target is not told may lead anywhere.
void WakeSites::addReachable(const Code& code, Addr pc, std::vector<WakeSite>& out) const {
  const auto& all = code.instructions;
  const auto indexOf = [&](Addr address) {
    const auto at = std::ranges::lower_bound(all, address, {}, &Instruction::pc);
    return at != all.end() && at->pc == address ? static_cast<std::size_t>(at - all.begin())
                                                : all.size();
  };
  std::vector<bool> seen(all.size() + 1);
  std::vector<std::size_t> todo;
  const auto go = [&](std::size_t index) {
    if (index >= all.size() || seen[index]) return;
    seen[index] = true;
    todo.push_back(index);
  };
  go(indexOf(pc));
  while (!todo.empty()) {
    const std::size_t index = todo.back();
    const Instruction& instruction = all[index];
    todo.pop_back();
    const Addr to = instruction.destination();
    switch (instruction.op) {
      case Op::ret:
      case Op::stop:
        break;
      case Op::jump:
      case Op::branch:
        if (instruction.op == Op::branch) go(index + 1);
        if (instruction.a.kind == Operand::Kind::memory) {
          for (std::size_t i = 0; i < all.size(); ++i) go(i);
        } else if (to != all.front().pc) {
          // The way back to the entry is taken when the stack was too small, before anything else.
          go(indexOf(to));
        }
        break;
      case Op::call: {
        const image::FuncIndex callee = to != 0 ? image_.functions().find(to) : image::kNoFunc;
        if (callee == image::kNoFunc || !neverReturns(image_.functions().function(callee).name)) {
          go(index + 1);
        }
        break;
      }
      default:
        go(index + 1);
    }
  }
  for (const Call& call : code.calls) {
    if (seen[call.instruction]) out.push_back(call.site);
  }
}

/// What the closures do that the function has made on its stack; it calls them when it returns, if
/// not before.
void WakeSites::addClosures(const Code& code, std::vector<WakeSite>& out) {
  for (const Closure& closure : code.closures) {
    for (const Call& call : codeOf(closure.function).calls) {
      WakeSite site = call.site;
      if (site.object.start != WordPath::Start::closure) continue;
      site.object.start = WordPath::Start::frame;
      site.object.offsets[0] += closure.at;
      site.closure = closure.function;
      site.closureAt = closure.at;
      out.push_back(site);
    }
  }
}

const std::vector<WakeSite>& WakeSites::from(image::FuncIndex function, Addr pc) {
  const auto [at, isNew] = known_.try_emplace(pc);
  if (!isNew || function == image::kNoFunc) return at->second;
  const Code& code = codeOf(function);
  if (code.instructions.empty()) return at->second;
  std::vector<WakeSite> sites;
  addReachable(code, pc, sites);
  addClosures(code, sites);
  std::erase_if(sites,
                [](const WakeSite& site) { return site.object.start == WordPath::Start::closure; });
  return at->second = std::move(sites);
}

}  // namespace parked::leak
