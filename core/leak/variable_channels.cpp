#include "leak/variable_channels.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "base/progress.h"
#include "image/variable_references.h"
#include "proof/global_roots.h"

namespace parked::leak {

namespace {

constexpr std::uint64_t kMostScanned = 1 << 20;

/// What the compiler makes of `var c = make(chan T)`; it has run before anything else did.
bool initialisesVariables(std::string_view function) { return function.ends_with(".init"); }

}  // namespace

VariableChannels::VariableChannels(const golang::Snapshot& snapshot, const proof::Proof& proof)
    : snapshot_(snapshot), proof_(proof), code_(*snapshot.image) {}

bool VariableChannels::find(std::span<const Index> channels, Observer* observer) {
  // A plugin gets at the program's variables through a table.
  if (snapshot_.image->modules().size() != 1) return true;
  for (const Index channel : channels) uses_.try_emplace(channel, std::vector<Use>());
  return findVariables(observer) && findUses(observer);
}

const std::vector<VariableChannels::Use>* VariableChannels::usesOf(Index channel) const {
  const auto at = uses_.find(channel);
  return at == uses_.end() || !at->second ? nullptr : &*at->second;
}

/// Which variables hold them. What else does, but for the sudogs of who waits there, hands them on,
/// and so does what has the address of such a variable, or of what it is a part of.
bool VariableChannels::findVariables(Observer* observer) {
  const heap::Heap& heap = *proof_.heap();
  std::unordered_map<std::uint64_t, Index> channelOf;  // by slot
  for (const auto& [channel, uses] : uses_) {
    if (const auto object = heap.find(snapshot_.channels[channel].address)) {
      channelOf.emplace(heap.slot(object), channel);
    }
  }
  const auto held = [&](Addr value) {
    const heap::ObjectRef object = heap.find(value);
    const auto at = object ? channelOf.find(heap.slot(object)) : channelOf.end();
    return at == channelOf.end() ? kNone : at->second;
  };
  image::Image& image = *snapshot_.image;
  const auto missing = proof::visitGlobals(image, [&](Addr at, Addr value) {
    const Index channel = held(value);
    if (channel == kNone) return;
    variables_.emplace(at, channel);
    const image::Image::Variable variable = image.variableAt(at);
    if (variable.name.empty() || variable.address != at) uses_[channel].reset();
  });
  const auto passOn = [&](Addr value) {
    const auto variable = variables_.find(value);
    if (variable != variables_.end()) uses_[variable->second].reset();
  };
  proof::visitGlobals(image, [&](Addr, Addr value) { passOn(value); });
  std::unordered_set<std::uint64_t> passed;  // slots
  for (const golang::Wait& wait : snapshot_.waits) {
    if (const auto sudog = heap.find(wait.sudog)) passed.insert(heap.slot(sudog));
  }
  Progress progress(observer, Progress::kCheap);
  for (std::uint32_t span = 0; span < heap.spans().size(); ++span) {
    for (std::uint32_t i = 0; i < heap.spans()[span].objects; ++i) {
      if (!progress.step()) return false;
      const heap::ObjectRef object{span, i};
      if (!proof_.marker()->isMarked(object) || passed.contains(heap.slot(object))) continue;
      proof_.pointers().visit(object, [&](Addr, Addr value) {
        passOn(value);
        const Index channel = held(value);
        if (channel != kNone && heap.find(value) != object) uses_[channel].reset();
      });
    }
  }
  if (missing) uses_.clear();
  return true;
}

bool VariableChannels::findUses(Observer* observer) {
  if (std::ranges::none_of(uses_, [](const auto& each) { return each.second.has_value(); })) {
    return true;
  }
  Progress progress(observer, Progress::kDear);
  for (image::FuncIndex i = 0; i < snapshot_.image->functions().size(); ++i) {
    if (!progress.step()) return false;
    addUses(i);
  }
  return true;
}

/// Each time that the function's code takes a channel from its variable it has to do something with
/// it that is understood; else it may have handed it on.
void VariableChannels::addUses(image::FuncIndex index) {
  image::Image& image = *snapshot_.image;
  const image::Function& function = image.functions().function(index);
  if (function.end <= function.entry || initialisesVariables(function.name)) return;
  const std::uint64_t size = std::min(function.end - function.entry, kMostScanned);
  std::map<Addr, std::size_t> taken;  // by variable
  for (const image::CodeRef& reference :
       image::codeRefs(image.target().arch(), function.entry,
                       image.target().memory().bytesUpTo(function.entry, size))) {
    const auto variable = variables_.find(reference.target);
    if (variable == variables_.end() || reference.store) continue;
    ++taken[reference.target];
    if (reference.address) uses_[variable->second].reset();
  }
  for (const auto& [variable, times] : taken) {
    auto& uses = uses_[variables_[variable]];
    if (!uses) continue;
    std::size_t understood = 0;
    for (const WakeSite& call : code_.from(index, function.entry)) {
      const WordPath& from = call.object;
      if (from.start != WordPath::Start::address || from.words != 1 || from.offsets[1] != 0 ||
          static_cast<Addr>(from.offsets[0]) != variable) {
        continue;
      }
      ++understood;
      uses->push_back({index, call.act});
    }
    if (understood < times) uses.reset();
  }
}

}  // namespace parked::leak
