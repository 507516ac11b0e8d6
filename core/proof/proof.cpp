#include "proof/proof.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/progress.h"
#include "heap/pointers.h"
#include "proof/candidates.h"
#include "proof/waking.h"

namespace parked::proof {

namespace {

/// As of a process that a debugger holds: any thread may have the only pointer to something.
bool lacksRegisters(const target::Target& target) {
  return !target.threads().empty() &&
         std::ranges::none_of(target.threads(), &target::Thread::hasRegisters);
}

}  // namespace

class Proof::Run {
 public:
  Run(Proof& proof, const golang::Snapshot& snapshot, Observer* observer)
      : proof_(proof), snapshot_(snapshot), image_(*snapshot.image), observer_(observer) {}

  bool prepare(Timings* timings);
  void mark(Timings* timings);

 private:
  bool withhold(std::string why) {
    if (proof_.withheld_.empty()) proof_.withheld_ = std::move(why);
    return false;
  }
  bool interrupt() {
    proof_.interrupted_ = true;
    return withhold("it was interrupted");
  }
  bool choose(Waking& waking);
  void keepStacks(Waking& waking);

  Proof& proof_;
  const golang::Snapshot& snapshot_;
  image::Image& image_;
  Observer* observer_;
};

bool Proof::Run::prepare(Timings* timings) {
  Timings::Scope scope(timings, "heap");
  auto heap = heap::Heap::open(image_, observer_);
  if (!heap && heap.error().code == ErrorCode::interrupted) return interrupt();
  if (!heap) return withhold(heap.error().message);
  proof_.heap_ = std::move(*heap);
  proof_.mayPass_ = true;
  if (const auto& problem = proof_.heap_->problem()) return withhold(*problem);
  proof_.types_ = std::make_unique<heap::TypeMasks>(image_);
  proof_.pointers_ = std::make_unique<heap::Pointers>(*proof_.heap_, *proof_.types_);
  proof_.specials_ = heap::readSpecials(image_, *proof_.heap_);
  if (const auto& problem = proof_.specials_.problem) return withhold(*problem);
  proof_.mayPass_ = false;
  proof_.marker_ = std::make_unique<Marker>(*proof_.heap_, *proof_.pointers_);
  return true;
}

/// Candidates, and what each waits on. An object outside of the heap (a global, a value on a stack)
/// is reached by whoever runs.
bool Proof::Run::choose(Waking& waking) {
  Progress progress(observer_, "candidates", snapshot_.goroutines.size());
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return false;
    const golang::Goroutine& goroutine = snapshot_.goroutines[i];
    const Fate fate = firstFate(snapshot_, goroutine);
    if (fate != Fate::leaked) {
      waking.setFate(i, fate);
      continue;
    }
    waking.sleep(i);
    ++proof_.candidates_;
    for (Index w = goroutine.firstWait; w < goroutine.firstWait + goroutine.waitCount; ++w) {
      const golang::Wait& wait = snapshot_.waits[w];
      if (!isWatched(wait.kind)) continue;
      const ObjectRef object = proof_.heap_->find(wait.address);
      if (!object) {
        waking.stayAwake(i, w);
        break;
      }
      waking.watch(object, i, w);
    }
  }
  return waking.hide();
}

void Proof::Run::mark(Timings* timings) {
  Waking waking(snapshot_, *proof_.heap_, proof_.specials_, *proof_.marker_, observer_);
  bool marked = waking.fine() && choose(waking);
  if (marked) {
    waking.hideStoppedTimers();
    Timings::Scope scope(timings, "reachability");
    marked = waking.markAll();
    if (marked) {
      keepStacks(waking);
      waking.check();
    }
  }
  if (waking.interrupted() || (!marked && !waking.problem())) interrupt();
  if (const auto& problem = waking.problem()) withhold(*problem);
  proof_.fates_ = waking.takeFates();
  proof_.reachedWaits_ = waking.takeReachedWaits();
}

/// What a leaked goroutine holds is asked later (proof/holdings.h), when a live process runs again.
void Proof::Run::keepStacks(Waking& waking) {
  target::Target& target = image_.target();
  if (target::isFile(target.kind())) return;
  std::vector<HeldPointer> held;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (waking.sleeps(i)) waking.stacks().read(snapshot_.goroutines[i], held);
  }
}

Proof::~Proof() = default;

Index Proof::reachedWait(Index goroutine) const {
  return goroutine < reachedWaits_.size() ? reachedWaits_[goroutine] : kNone;
}

std::unique_ptr<Proof> Proof::without(std::string why) {
  std::unique_ptr<Proof> proof(new Proof);
  proof->withheld_ = std::move(why);
  return proof;
}

std::unique_ptr<Proof> Proof::run(const golang::Snapshot& snapshot, Observer* observer,
                                  Timings* timings) {
  std::unique_ptr<Proof> proof(new Proof);
  target::Target& target = snapshot.image->target();
  if (target.kind() == target::Kind::liveUnstopped) {
    proof->withheld_ = "the process was read while it ran";
    return proof;
  }
  if (lacksRegisters(target)) {
    proof->withheld_ = "the registers of its threads are not known";
    return proof;
  }
  if (snapshot.interrupted) {
    proof->interrupted_ = true;
    proof->withheld_ = "it was interrupted";
    return proof;
  }
  if (!snapshot.lostRoot.empty()) {
    proof->withheld_ = "who can still run is not known, " + snapshot.lostRoot;
    return proof;
  }
  const std::uint64_t holes = target.memory().misses();
  Run run(*proof, snapshot, observer);
  if (run.prepare(timings)) {
    run.mark(timings);
    proof->mayPass_ = !proof->given() && !proof->interrupted();
  }
  if (target.memory().misses() != holes) {
    proof->memoryMissing_ = true;
    if (proof->given()) {
      proof->withheld_ = fmt::format("memory is missing in the target, at {:#x} for one",
                                     target.memory().firstMiss());
    }
  }
  return proof;
}

}  // namespace parked::proof
