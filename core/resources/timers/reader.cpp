#include "resources/timers/reader.h"

#include <algorithm>
#include <unordered_map>

#include "golang/timers.h"
#include "image/function_references.h"
#include "proof/global_roots.h"
#include "proof/machine_roots.h"
#include "resources/timers/retention.h"
#include "target/read_log.h"

namespace parked::resources {

namespace {

using golang::Timer;
using golang::TimerKind;

bool isChannelTimer(const Timer& timer) {
  return timer.kind == TimerKind::timer || timer.kind == TimerKind::ticker;
}

/// Names under which a timer is started for the first time, and again. Inlined calls leave those of
/// what they call in turn.
bool starts(std::string_view function) {
  return function == "time.AfterFunc" || function == "time.startTimer" ||
         function == "time.newTimer";
}
bool resets(std::string_view function) {
  return function == "time.(*Timer).Reset" || function == "time.resetTimer";
}

/// How the code of a callback starts timers.
struct Starting {
  bool any = false, again = false, itself = false;
};

class StartingCode {
 public:
  explicit StartingCode(image::Image& image) : functions_(image.functions()), references_(image) {}

  const Starting& of(Addr callback) {
    const auto [at, isNew] = known_.try_emplace(callback);
    if (!isNew) return at->second;
    const auto all = references_.near(functions_.find(callback));
    for (const Addr call : all.calls) {
      const std::string_view name = functions_.function(functions_.find(call)).name;
      at->second.any |= starts(name);
      at->second.again |= resets(name);
    }
    at->second.itself = std::ranges::find(all.addresses, callback) != all.addresses.end();
    return at->second;
  }

 private:
  const image::FunctionTable& functions_;
  image::FunctionReferences references_;
  std::unordered_map<Addr, Starting> known_;
};

}  // namespace

TimersReader::TimersReader(const golang::Snapshot& snapshot, const heap::Heap& heap,
                           const proof::Proof* proof, Observer* observer)
    : snapshot_(snapshot),
      heap_(heap),
      proof_(proof),
      progress_(observer),
      unwinder_(*snapshot.image) {
  if (proof != nullptr && (!proof->given() || proof->heap() != &heap)) proof_ = nullptr;
}

TimersReader::~TimersReader() = default;

/// Since 1.23 the timer of a channel is in a P's heap only while somebody waits on the channel. The
/// others are objects like any other, which time.newTimer made as runtime.timeTimer.
void TimersReader::addIdle() {
  image::Image& image = *snapshot_.image;
  std::vector<std::string> missing;
  image::Binder binder(image.layouts(), "runtime.timeTimer", missing);
  const std::uint32_t offset = binder.offsetOf("timer", false);
  const auto layout = schema::TimerLayout::of(image.layouts());
  if (!layout.timers || !layout.function || offset == image::Field<Addr>::kAbsent)
    return;  // up to 1.22
  golang::AddrMap known;
  for (const Timer& timer : timers_.all) known.insert(timer.address, 0);
  golang::ImageCode code(image);
  golang::ImageAccess access(image, code);
  golang::TimerReader reader(access);
  if (!reader.usable()) return;
  auto& memory = heap_.memory();
  std::unordered_map<Addr, bool> sends;  // func values: of time.sendTime
  const auto isSendTime = [&](Addr value) {
    const auto [at, isNew] = sends.try_emplace(value, false);
    if (isNew && value != 0 && !heap_.find(value) && memory.contains(value)) {
      at->second = code.functionAt(memory.pointer(value)) == "time.sendTime";
    }
    return at->second;
  };
  for (std::uint32_t number = 0; number < heap_.spans().size() && progress_.step(); ++number) {
    const heap::Span& span = heap_.spans()[number];
    // Its size class is the next one.
    if (!span.scan || span.bytes == nullptr || span.elementSize < binder.size() ||
        span.elementSize > binder.size() + 2 * kWord) {
      continue;
    }
    for (std::uint32_t index = 0; index < span.objects; ++index) {
      const heap::ObjectRef object{number, index};
      if (!heap_.allocated(object)) continue;
      if (proof_ != nullptr ? !proof_->marker()->isMarked(object) : heap_.isDead(object)) continue;
      const Addr address = span.address(index) + offset;
      if (known.contains(address) || !isSendTime(memory.pointer(address + layout.function.offset)))
        continue;
      target::ReadLog::Trial trial(memory.log());
      auto read = reader.read(address);
      if (!read || read->fake || read->timer.stopped || !isChannelTimer(read->timer)) continue;
      trial.keep();
      timers_.all.push_back(read->timer);
    }
  }
}

void TimersReader::addReceivers() {
  golang::AddrMap byChannel;
  for (Index i = 0; i < timers_.all.size(); ++i) byChannel.insert(timers_.all[i].channel, i);
  for (const golang::Wait& wait : snapshot_.waits) {
    if (wait.kind != golang::ObjectKind::channel || wait.op == golang::WaitOp::send) continue;
    const auto at = byChannel.find(wait.address);
    if (at == golang::AddrMap::kMissing) continue;
    TimerDetail& detail = timers_.details[at];
    if (detail.receivers++ == 0) detail.receiver = wait.goroutine;
  }
}

void TimersReader::want(Finder& finder) {
  timers_.all = snapshot_.timers;
  timers_.inHeaps = timers_.all.size();
  addIdle();
  timers_.details.resize(timers_.all.size());
  addReceivers();
  if (proof_ == nullptr) return;
  for (std::size_t i = 0; i < timers_.all.size() && progress_.step(); ++i) {
    const Timer& timer = timers_.all[i];
    if (timer.kind != TimerKind::afterFunc && !isChannelTimer(timer)) continue;
    const auto object = heap_.find(timer.address);
    if (!object) continue;
    timers_.details[i].object = heap_.address(object);
    finder.wantTarget(timers_.details[i].object);
    if (timer.channel != 0) finder.wantTarget(timer.channel);
  }
  for (const Addr array : proof::timerHeaps(*snapshot_.image)) {
    if (const auto object = heap_.find(array)) heaps_.push_back(heap_.address(object));
  }
  std::ranges::sort(heaps_);
  for (const auto& pointer : proof::readMachineRoots(snapshot_).pointers) {
    if (const auto object = heap_.find(pointer.value)) machine_.push_back(heap_.address(object));
  }
  std::ranges::sort(machine_);
  retention_ = std::make_unique<TimerRetention>(snapshot_, *proof_, timers_.all, progress_);
  retention_->want(finder);
}

/// Entry of the function whose closure the object is, 0 if it is none.
Addr TimersReader::closureCode(Addr object) const {
  const Addr code = heap_.memory().pointer(object);
  const image::FunctionTable& functions = snapshot_.image->functions();
  const image::FuncIndex index = functions.find(code);
  return index != image::kNoFunc && functions.function(index).entry == code ? code : 0;
}

/// The frame of the goroutine in which the word lies, 0 if it lies in none.
Addr TimersReader::frameOf(Index goroutine, Addr word) {
  frames_.clear();
  golang::framesOf(snapshot_, snapshot_.goroutines[goroutine], unwinder_, frames_);
  for (const golang::Frame& frame : frames_) {
    if (word >= frame.sp && word < frame.argp + kWord) return frame.pc;
  }
  return 0;
}

void TimersReader::judgeHolder(std::size_t index, const Finder& finder,
                               const TimerRetention* retention) {
  const Timer& timer = timers_.all[index];
  TimerDetail& detail = timers_.details[index];
  detail.holder = TimerHolder::nobody;
  for (const Addr target : {detail.object, timer.channel}) {
    if (target == 0) continue;
    if (std::ranges::binary_search(machine_, target)) detail.holder = TimerHolder::object;
    for (const Holder& holder : finder.holdersOf(target)) {
      if (holder.object != 0) {
        if (!holder.reachable || holder.object == detail.object || holder.object == timer.channel ||
            std::ranges::binary_search(heaps_, holder.object) ||
            (retention != nullptr && retention->isOwn(holder.object))) {
          continue;
        }
        // What says most stays: a goroutine, then a global, then an object.
        if (detail.holder != TimerHolder::nobody) continue;
        detail.holderCode = closureCode(holder.object);
        detail.holder = detail.holderCode != 0 ? TimerHolder::closure : TimerHolder::object;
        detail.holderWord = holder.word;
      } else if (holder.goroutine != kNone) {
        if (detail.holder == TimerHolder::stack) continue;
        detail.holder = TimerHolder::stack;
        detail.holderGoroutine = holder.goroutine;
        detail.holderPc = frameOf(holder.goroutine, holder.word);
        detail.holderWord = holder.word;
      } else if (detail.holder != TimerHolder::stack) {
        detail.holder = TimerHolder::global;
        detail.holderWord = holder.word;
      }
    }
  }
  if (detail.holder == TimerHolder::nobody &&
      (!finder.knowsHolders(detail.object) || !finder.knowsHolders(timer.channel))) {
    detail.holder = TimerHolder::notAsked;
  }
}

void TimersReader::judge(const Finder& finder) {
  if (proof_ == nullptr) return;
  const bool retained = retention_->judge(timers_.details, timers_.shared);
  StartingCode code(*snapshot_.image);
  for (Index i = 0; i < timers_.all.size(); ++i) {
    if (!progress_.step()) return;
    TimerDetail& detail = timers_.details[i];
    if (detail.object == 0) continue;
    const Timer& timer = timers_.all[i];
    judgeHolder(i, finder, retained ? retention_.get() : nullptr);
    if (timer.kind != TimerKind::afterFunc || timer.stopped) continue;
    const Starting& starting = code.of(timer.callback);
    if (starting.again && retention_->reaches(i, detail.object)) {
      detail.rearming = Rearming::resetsItself;
    } else if (starting.any && (starting.itself || retention_->reaches(i, timer.closure))) {
      detail.rearming = Rearming::startsItself;
    }
  }
  retention_.reset();
  dropGarbage();
}

/// A timer that is in no heap and that nobody has is garbage, though something left over on a stack
/// has marked it.
void TimersReader::dropGarbage() {
  std::size_t kept = timers_.inHeaps;
  for (std::size_t i = timers_.inHeaps; i < timers_.all.size(); ++i) {
    const TimerDetail& detail = timers_.details[i];
    if (detail.holder == TimerHolder::nobody && detail.receivers == 0) continue;
    timers_.all[kept] = timers_.all[i];
    timers_.details[kept] = detail;
    ++kept;
  }
  timers_.all.resize(kept);
  timers_.details.resize(kept);
}

}  // namespace parked::resources
