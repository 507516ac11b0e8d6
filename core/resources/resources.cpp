#include "resources/resources.h"

#include <algorithm>
#include <array>
#include <vector>

#include "resources/resource.h"

namespace parked::resources {

// The table of resources, each defined in a folder of its own. Their order is that of reading, of
// findings and of sections: what uses another one's model stands behind it.
extern const Resource kTimers, kLocks, kHttp, kSql, kPools, kFiles, kContexts;

namespace {

constexpr std::array kResources = {
    &kTimers, &kLocks, &kHttp, &kSql, &kPools, &kFiles, &kContexts,
};

/// The heap index: the proof's, or one of our own.
class HeapIndex {
 public:
  HeapIndex(const golang::Snapshot& snapshot, const proof::Proof* proof, Observer* observer) {
    if (proof != nullptr && proof->heap() != nullptr) {
      heap_ = proof->heap();
      specials_ = &proof->specials();
      if (proof->given()) marker_ = proof->marker();
      return;
    }
    auto opened = heap::Heap::open(*snapshot.image, observer);
    if (!opened) return;
    own_ = std::move(*opened);
    heap_ = own_.get();
    ownSpecials_ = heap::readSpecials(*snapshot.image, *heap_);
    specials_ = &ownSpecials_;
  }
  const heap::Heap* heap() const { return heap_; }
  const heap::Specials& specials() const { return *specials_; }
  const proof::Marker* marker() const { return marker_; }

 private:
  std::unique_ptr<heap::Heap> own_;
  heap::Specials ownSpecials_;
  const heap::Heap* heap_ = nullptr;
  const heap::Specials* specials_ = nullptr;
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
  const Scene scene{.snapshot = snapshot,
                    .heap = *index.heap(),
                    .specials = index.specials(),
                    .proof = proof,
                    .proved = index.marker() != nullptr,
                    .stacks = stacks,
                    .parts = resources->parts,
                    .incomplete = resources->incomplete,
                    .observer = observer};
  std::vector<std::unique_ptr<Reader>> readers;
  for (const Resource* resource : kResources) readers.push_back(resource->reader(scene));
  Finder first(snapshot, *index.heap(), index.marker());
  Finder second(snapshot, *index.heap(), index.marker());
  if (scene.proved) {
    first.heed(scene.specials);
    second.heed(scene.specials);
  }
  for (const auto& reader : readers) reader->want(first);
  if (stopped() || !first.scan(observer)) return interruptedResources();
  for (const auto& reader : readers) reader->read(first, second);
  if (stopped() || !second.scan(observer)) return interruptedResources();
  for (const auto& reader : readers) reader->judge(first, second);
  if (stopped()) return interruptedResources();
  return resources;
}

std::span<const report::Section* const> sections() {
  static const std::vector<const report::Section*> kAll = [] {
    std::vector<const report::Section*> all;
    for (const Resource* resource : kResources) {
      if (!resource->section.name.empty()) all.push_back(&resource->section);
    }
    const auto own = report::ownSections();
    all.insert(all.end(), own.begin(), own.end());
    return all;
  }();
  return kAll;
}

const report::Section* sectionNamed(std::string_view name) {
  const auto at = std::ranges::find(sections(), name, &report::Section::name);
  return at == sections().end() ? nullptr : *at;
}

bool tellsOfResources(const report::Section& section) {
  return std::ranges::any_of(
      kResources, [&](const Resource* resource) { return &resource->section == &section; });
}

report::Brought broughtBy(const Resources* resources) {
  static const std::vector<const rules::Source*> kRules = [] {
    std::vector<const rules::Source*> all;
    for (const Resource* resource : kResources) all.push_back(&resource->rules);
    return all;
  }();
  return {resources == nullptr ? nullptr : &resources->parts, kRules, sections()};
}

}  // namespace parked::resources
