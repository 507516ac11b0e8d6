#include "leak/lock_code.h"

#include <algorithm>
#include <string>

#include "golang/stack_maps.h"
#include "schema/sync_types.h"

namespace parked::leak {

namespace {

constexpr Addr kLongestFunction = 1 << 18;  // bytes
// A helper may call a helper.
constexpr int kHelpers = 2;
constexpr int kDeepest = 4;

/// The methods of sync.Mutex and sync.RWMutex. Since 1.24 the mutex itself is in internal/sync.
struct Method {
  std::string_view name;
  LockCall call;
  bool slow = false;   ///< what a method calls when it gets slow
  bool inner = false;  ///< of a Mutex, which may be that of an RWMutex
};
constexpr LockCall kLock{LockMode::mutex, true, false}, kUnlock{LockMode::mutex, false, false},
    kTry{LockMode::mutex, true, true};
constexpr Method kMethods[] = {
    {"sync.(*Mutex).Lock", kLock, false, true},
    {"sync.(*Mutex).TryLock", kTry, false, true},
    {"sync.(*Mutex).Unlock", kUnlock, false, true},
    {"sync.(*Mutex).lockSlow", kLock, true, true},
    {"sync.(*Mutex).unlockSlow", kUnlock, true, true},
    {"internal/sync.(*Mutex).Lock", kLock, false, true},
    {"internal/sync.(*Mutex).TryLock", kTry, false, true},
    {"internal/sync.(*Mutex).Unlock", kUnlock, false, true},
    {"internal/sync.(*Mutex).lockSlow", kLock, true, true},
    {"internal/sync.(*Mutex).unlockSlow", kUnlock, true, true},
    {"sync.(*RWMutex).Lock", {LockMode::writer, true, false}},
    {"sync.(*RWMutex).TryLock", {LockMode::writer, true, true}},
    {"sync.(*RWMutex).Unlock", {LockMode::writer, false, false}},
    {"sync.(*RWMutex).RLock", {LockMode::reader, true, false}},
    {"sync.(*RWMutex).TryRLock", {LockMode::reader, true, true}},
    {"sync.(*RWMutex).RUnlock", {LockMode::reader, false, false}},
    {"sync.(*RWMutex).rUnlockSlow", {LockMode::reader, false, false}, true},
};

/// What RWMutex.RLock calls itself when it gets slow.
constexpr std::string_view kSlowPaths[] = {"sync.runtime_SemacquireMutex",
                                           "sync.runtime_SemacquireRWMutexR"};

const Method* methodNamed(std::string_view name) {
  if (!name.starts_with("sync.") && !name.starts_with("internal/sync.")) return nullptr;
  const auto* at = std::ranges::find(kMethods, name, &Method::name);
  return at == std::end(kMethods) ? nullptr : at;
}

/// The calls of package sync at a pc, inlined into one another and into the user's function.
struct Inlined {
  const Method* inner = nullptr;
  const Method* outer = nullptr;
  std::size_t user = 0;  ///< the frame that called `outer`
};

Inlined inlinedAt(std::span<const image::SourceFrame> frames) {
  Inlined result;
  for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
    const Method* method = methodNamed(frames[i].function);
    if (method == nullptr) continue;
    if (result.inner == nullptr) result.inner = method;
    result.outer = method;
    result.user = i + 1;
  }
  return result;
}

std::uint64_t instanceOf(const Inlined& inlined, const image::SourceFrame& user) {
  const std::uint64_t hash = std::hash<std::string_view>()(user.function) * 31 +
                             static_cast<std::uint64_t>(inlined.outer - kMethods) * 7919 +
                             static_cast<std::uint64_t>(user.line) * 0x9e3779b97f4a7c15u;
  return hash | 1;
}

bool startsWithAny(std::string_view name, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view p) { return name.starts_with(p); });
}

CodeFacts::Kind kindOfRuntime(std::string_view name) {
  using Kind = CodeFacts::Kind;
  if (name.starts_with("runtime.morestack_noctxt")) return Kind::moreStack;
  if (name.starts_with("runtime.morestack")) return Kind::moreStackContext;
  if (name.starts_with("runtime.gcWriteBarrier")) return Kind::writeBarrier;
  if (startsWithAny(name, {"runtime.duffzero", "runtime.duffcopy"})) return Kind::fill;
  if (name == "runtime.deferreturn") return Kind::runsDeferred;
  if (neverReturns(name) || name.starts_with("runtime.asyncPreempt")) return Kind::neverReturns;
  return Kind::plain;
}

bool ofLibrary(std::string_view name) {
  return isRuntimeFunction(name) ||
         startsWithAny(name, {"sync.", "internal/sync.", "sync/atomic."});
}

}  // namespace

/// What is known of a function, worked out when somebody asks.
struct LockCode::Known {
  enum class Uses : std::uint8_t { unknown, no, yes };
  std::array<Uses, kHelpers + 1> uses{};  ///< by how many helpers deep
  bool followed = false, busy = false;
  std::unique_ptr<LockFlow> flow;  ///< null: not understood
  LockSummary summary;
};

LockCode::LockCode(image::Image& image, const Code& code)
    : image_(image), code_(code), arch_(image.target().arch()) {
  if (arch_.decoder == nullptr) return;
  decoder_ = arch_.decoder();
  const auto sync = schema::SyncLayout::of(image.layouts());
  if (!sync.mutexState) return;
  mutexState_ = sync.mutexState.offset;
  // A program without an RWMutex has no calls of its methods either.
  if (sync.rwReaderCount && sync.rwInner != schema::SyncLayout::kAbsent) {
    rwInner_ = sync.rwInner;
    rwReaders_ = sync.rwReaderCount.offset;
  }
  layouts_ = true;
  const image::FunctionTable& table = image.functions();
  for (const Method& method : kMethods) {
    const image::FuncIndex index = table.byName(method.name);
    if (index != image::kNoFunc) methods_.insert(table.function(index).entry);
  }
  for (const std::string_view name : kSlowPaths) {
    const image::FuncIndex index = table.byName(name);
    if (index != image::kNoFunc) methods_.insert(table.function(index).entry);
  }
}

LockCode::~LockCode() = default;

LockCode::Known& LockCode::known(image::FuncIndex function) {
  auto& known = known_[function];
  if (known == nullptr) known = std::make_unique<Known>();
  return *known;
}

std::span<const std::byte> LockCode::bytes(const image::Function& function) const {
  if (function.end <= function.entry || function.end - function.entry > kLongestFunction) return {};
  return image_.target().memory().bytes(function.entry, function.end - function.entry);
}

/// Whether it calls a method of package sync, or has one inlined, whose slow path is a call, or
/// calls a function that does. What only looks like a call costs time, and nothing else.
bool LockCode::scan(const image::Function& function, int depth) {
  const std::span<const std::byte> code = bytes(function);
  const image::FunctionTable& table = image_.functions();
  std::size_t at = 0;
  arch::Transfer transfer;
  while (arch_.scan.nextTransfer(function.entry, code, at, transfer)) {
    const Addr target = transfer.target;
    if (methods_.contains(target)) return true;
    if (depth == 0 || (target >= function.entry && target < function.end)) continue;
    const image::FuncIndex called = table.find(target);
    if (called == image::kNoFunc || table.function(called).entry != target) continue;
    if (usesLocks(called, depth - 1)) return true;
  }
  return false;
}

bool LockCode::usesLocks(image::FuncIndex index, int depth) {
  using Uses = Known::Uses;
  Uses& uses = known(index).uses[static_cast<std::size_t>(depth)];
  if (uses != Uses::unknown) return uses == Uses::yes;
  uses = Uses::no;  // for one that calls itself
  const image::Function& function = image_.functions().function(index);
  if (ofLibrary(function.name) || function.flags.assembly) return false;
  const bool found = scan(function, depth);
  known(index).uses[static_cast<std::size_t>(depth)] = found ? Uses::yes : Uses::no;
  return found;
}

FrameFacts LockCode::frameOf(image::FuncIndex index) const {
  // What lies between the words that may be pointers and the end of the frame, and behind that
  // before the arguments.
  const auto returnAndFramePointer = static_cast<std::int64_t>(arch_.frames.returnSlot + kWord);
  const auto beforeArguments = static_cast<std::int64_t>(arch_.frames.minFrameSize);
  const image::FunctionTable& table = image_.functions();
  target::AddressSpace& memory = image_.target().memory();
  FrameFacts facts;
  facts.locals = -returnAndFramePointer;
  struct {
    std::int32_t count, bits;
  } header;  // runtime.stackmap
  if (const Addr map = table.funcData(index, image::FuncData::localPointers);
      map != 0 && memory.read(map, header) && header.bits > 0) {
    facts.locals -= std::int64_t{header.bits} * static_cast<std::int64_t>(sizeof(Addr));
  }
  const auto objects =
      golang::readStackObjects(memory, table.funcData(index, image::FuncData::stackObjects));
  if (!objects) return facts;
  for (const golang::StackObject object : *objects) {
    const std::int64_t from =
        object.offset < 0 ? object.offset - returnAndFramePointer : object.offset + beforeArguments;
    facts.objects.push_back({from, from + std::max(object.size, 0)});
  }
  return facts;
}

void LockCode::follow(Known& known, image::FuncIndex index) {
  known.followed = true;
  if (!layouts_ || !usesLocks(index, kHelpers)) return;
  const image::Function& function = image_.functions().function(index);
  auto code = decoder_->decode(function.entry, bytes(function));
  if (!code) return;
  auto flow = std::make_unique<LockFlow>(arch_, std::move(*code), frameOf(index), *this);
  known.busy = true;
  ++depth_;
  const bool understood = flow->run();
  --depth_;
  known.busy = false;
  if (!understood) return;
  known.flow = std::move(flow);
  known.summary = known.flow->summary();
  // What is deferred may undo it.
  if (known.flow->defers()) std::erase_if(known.summary.events, &LockEvent::acquires);
}

LockFlow* LockCode::flowOf(image::FuncIndex index) {
  if (index == image::kNoFunc) return nullptr;
  Known& it = known(index);
  if (!it.followed) follow(it, index);
  return it.busy ? nullptr : it.flow.get();
}

const LockSummary* LockCode::summaryOf(image::FuncIndex index) {
  const LockFlow* flow = flowOf(index);
  if (flow == nullptr) return nullptr;
  const LockSummary& summary = known(index).summary;
  return summary.events.empty() ? nullptr : &summary;
}

CodeFacts::Callee LockCode::classify(image::FuncIndex index) {
  const image::Function& function = image_.functions().function(index);
  Callee callee;
  if (function.argBytes != image::kArgsUnknown && function.argBytes >= 0) {
    callee.argBytes = static_cast<std::uint32_t>(function.argBytes);
  }
  if (const Method* method = methodNamed(function.name)) {
    if (!method->slow) {
      callee.kind = Kind::lock;
      callee.lock = method->call;
    }
  } else if (isRuntimeFunction(function.name)) {
    callee.kind = kindOfRuntime(function.name);
  }
  return callee;
}

std::optional<Filled> LockCode::filledFrom(Addr entry, Addr end) {
  if (decoder_ == nullptr || end <= entry || end - entry > kLongestFunction) return std::nullopt;
  const auto code = decoder_->decode(entry, image_.target().memory().bytes(entry, end - entry));
  return code ? filledBy(*code, rules().fill) : std::nullopt;
}

CodeFacts::Callee LockCode::callee(Addr entry) {
  const auto [at, isNew] = callees_.try_emplace(entry);
  const image::FunctionTable& table = image_.functions();
  const image::FuncIndex index = table.find(entry);
  if (index == image::kNoFunc) return at->second;
  const image::Function& function = table.function(index);
  // Duff's devices are entered in the middle.
  if (isNew && (function.entry == entry || isRuntimeFunction(function.name))) {
    at->second = classify(index);
    if (at->second.kind == Kind::fill) at->second.filled = filledFrom(entry, function.end);
  }
  Callee callee = at->second;
  if (callee.kind == Kind::plain && depth_ < kDeepest && function.entry == entry &&
      usesLocks(index, kHelpers - 1)) {
    callee.summary = summaryOf(index);
  }
  return callee;
}

bool LockCode::isFunction(Addr address) {
  const image::FunctionTable& table = image_.functions();
  const image::FuncIndex index = table.find(address);
  return index != image::kNoFunc && table.function(index).entry == address;
}

bool LockCode::word(Addr address, Addr& value) {
  return image_.target().memory().read(address, value);
}

std::optional<CodeFacts::Atomic> LockCode::atomicAt(std::span<const Addr> pcs) {
  const auto [at, isNew] = atomics_.try_emplace(pcs.front());
  if (!isNew) return at->second;
  Inlined inlined;
  for (std::size_t i = 0; i < pcs.size() && inlined.outer == nullptr; ++i) {
    frames_.clear();
    code_.expand(pcs[i], true, frames_);
    inlined = inlinedAt(frames_);
  }
  if (inlined.outer == nullptr || inlined.outer->slow || inlined.inner->slow) return std::nullopt;
  const LockCall& call = inlined.outer->call;
  std::int64_t field = mutexState_;
  if (!inlined.outer->inner) {
    // Of several atomic instructions of an RWMutex's methods, the first.
    const bool viaInner = call.mode == LockMode::writer && call.acquires;
    if (viaInner != inlined.inner->inner) return std::nullopt;
    field = viaInner ? rwInner_ + mutexState_ : rwReaders_;
  }
  at->second = Atomic{call, field, instanceOf(inlined, frames_[inlined.user])};
  return at->second;
}

std::uint64_t LockCode::acquiringAt(Addr pc, bool exact) {
  frames_.clear();
  code_.expand(pc, exact, frames_);
  const Inlined inlined = inlinedAt(frames_);
  if (inlined.outer == nullptr || !inlined.outer->call.acquires) return 0;
  return instanceOf(inlined, frames_[inlined.user]);
}

Place LockCode::placeOf(const LockSite& site, std::vector<std::string_view>& around) {
  const auto expand = [this](Addr pc, bool exact) {
    frames_.clear();
    code_.expand(pc, exact, frames_);
    return std::span<const image::SourceFrame>(frames_).subspan(inlinedAt(frames_).user);
  };
  around.clear();
  if (site.via != 0) {
    for (const image::SourceFrame& frame : expand(site.via, false)) {
      around.push_back(frame.function);
    }
  }
  const auto frames = expand(site.pc, site.exact);
  if (frames.empty()) return {};
  if (site.via == 0) {
    for (const image::SourceFrame& frame : frames) around.push_back(frame.function);
  }
  return {frames.front().function, frames.front().file, frames.front().line};
}

}  // namespace parked::leak
