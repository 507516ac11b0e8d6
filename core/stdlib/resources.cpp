#include "stdlib/resources.h"

#include "stdlib/context_reader.h"
#include "stdlib/finder.h"
#include "stdlib/http_reader.h"
#include "stdlib/stack_index.h"

namespace parked::stdlib {

namespace {

/// The heap index: the proof's, or one of our own.
class HeapIndex {
 public:
  HeapIndex(const golang::Snapshot& snapshot, const proof::Proof* proof, Observer* observer) {
    if (proof != nullptr && proof->heap() != nullptr) {
      heap_ = proof->heap();
      if (proof->given()) marker_ = proof->marker();
      return;
    }
    auto opened = heap::Heap::open(*snapshot.image, observer);
    if (!opened) return;
    own_ = std::move(*opened);
    heap_ = own_.get();
  }
  const heap::Heap* heap() const { return heap_; }
  const proof::Marker* marker() const { return marker_; }

 private:
  std::unique_ptr<heap::Heap> own_;
  const heap::Heap* heap_ = nullptr;
  const proof::Marker* marker_ = nullptr;
};

}  // namespace

std::unique_ptr<Resources> interruptedResources() {
  auto resources = std::make_unique<Resources>();
  resources->interrupted = true;
  resources->incomplete.add(kInterrupted, "pools, connections, files and contexts were not read");
  return resources;
}

std::unique_ptr<Resources> readResources(const golang::Snapshot& snapshot,
                                         const proof::Proof* proof, Observer* observer,
                                         Timings* timings) {
  const Timings::Scope scope(timings, "resources");
  if (observer != nullptr) observer->progress("resources", 0, 0);
  auto resources = std::make_unique<Resources>();
  const HeapIndex index(snapshot, proof, observer);
  const auto stopped = [observer] { return observer != nullptr && observer->cancelled(); };
  if (stopped()) return interruptedResources();
  if (index.heap() == nullptr) {
    resources->incomplete.add("resources", "the heap is not readable");
    return resources;
  }
  StackIndex stacks(snapshot);
  HttpReader http(snapshot, proof, stacks, resources->incomplete, observer);
  SqlReader sql(snapshot, proof, stacks, resources->incomplete, observer);
  TimersReader timers(snapshot, *index.heap(), proof, observer);
  Finder finder(snapshot, *index.heap(), index.marker());
  Finder again(snapshot, *index.heap(), index.marker());
  if (index.marker() != nullptr) {
    finder.heed(proof->specials());
    again.heed(proof->specials());
  }
  http.want(finder);
  timers.want(finder);
  ContextReader::want(finder);
  sql.read(finder);
  if (stopped() || !finder.scan(observer)) return interruptedResources();
  http.read(finder, again);
  sql.wantUsers(finder, again);
  timers.judge(finder);
  if (stopped()) return interruptedResources();
  resources->timers = timers.take();
  ContextReader contexts(snapshot, *index.heap(), index.marker() != nullptr, resources->timers,
                         resources->incomplete, observer);
  contexts.read(finder, again);
  if (stopped() || !again.scan(observer)) return interruptedResources();
  http.judgeHolders(again, contexts.contexts());
  sql.judgeHolders(finder, again);
  contexts.judgeHolders(again);
  if (stopped()) return interruptedResources();
  const heap::Specials* specials =
      proof != nullptr && proof->heap() != nullptr ? &proof->specials() : nullptr;
  heap::Specials own;
  if (specials == nullptr) {
    own = heap::readSpecials(*snapshot.image, *index.heap());
    specials = &own;
  }
  resources->files =
      readFiles(snapshot, *index.heap(), *specials, proof, resources->incomplete, observer);
  if (stopped()) return interruptedResources();
  resources->extraSync = readExtraSync(snapshot, stacks);
  resources->http = http.take();
  resources->sql = sql.take();
  resources->contexts = contexts.take();
  resources->starved =
      findStarvedPools(snapshot, proof, stacks, resources->sql, resources->extraSync, observer);
  if (stopped()) return interruptedResources();
  return resources;
}

}  // namespace parked::stdlib
