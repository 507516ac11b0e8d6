#include "resources/contexts/cases.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <unordered_map>

#include "base/text.h"
#include "golang/goids.h"
#include "golang/unwind.h"
#include "image/function_references.h"
#include "image/symbol_name.h"
#include "leak/describe.h"
#include "resources/contexts/model.h"
#include "resources/finder.h"
#include "resources/kit.h"
#include "rules/thresholds.h"

namespace parked::resources {

namespace {

/// Who of those that have a context could cancel it. A Context alone cannot: it takes the function
/// that came with it, which is a closure of package context; on a stack it may have no object of
/// its own.
class Cancellers {
 public:
  explicit Cancellers(const golang::Snapshot& snapshot)
      : snapshot_(snapshot),
        image_(*snapshot_.image),
        references_(image_),
        makers_(snapshot_.stacks.size(), Answer::unknown) {}

  bool canCancel(const Holder& holder) {
    if (holder.goroutine != kNone) return makesContexts(snapshot_.goroutines[holder.goroutine]);
    if (holder.object != 0) return isCancelFunction(holder.object);
    return !isVariable(holder.word);  // a register, or a word on a system stack
  }

 private:
  enum class Answer : std::uint8_t { unknown, no, yes };

  bool isVariable(Addr word) const {
    return std::ranges::any_of(image_.modules(), [word](const image::Module& module) {
      return (word >= module.data && word < module.dataEnd) ||
             (word >= module.bss && word < module.bssEnd);
    });
  }

  /// A closure whose code is in context.go, inlined or not.
  bool isCancelFunction(Addr object) const {
    const image::FunctionTable& functions = image_.functions();
    const Addr entry = image_.target().memory().pointer(object);
    const image::FuncIndex function = functions.find(entry);
    if (function == image::kNoFunc || functions.function(function).entry != entry) return false;
    return functions.file(function, entry).ends_with("context/context.go") ||
           image::packageOf(functions.function(function).name) == "context";
  }

  /// A function on the stack makes contexts itself, or is package context's: it may cancel one.
  bool makesContexts(const golang::Goroutine& goroutine) {
    if (goroutine.stack >= makers_.size()) return true;
    Answer& answer = makers_[goroutine.stack];
    if (answer == Answer::unknown) answer = ofStack(goroutine) ? Answer::yes : Answer::no;
    return answer == Answer::yes;
  }

  bool ofStack(const golang::Goroutine& goroutine) {
    const image::FunctionTable& functions = image_.functions();
    if (snapshot_.stacks[goroutine.stack].truncated) return true;
    return std::ranges::any_of(snapshot_.frames(goroutine), [&](const golang::FramePc& pc) {
      const image::FuncIndex function = functions.find(pc.inside());
      if (function == image::kNoFunc) return true;
      if (image::packageOf(functions.function(function).name) == "context") return true;
      return std::ranges::any_of(references_.of(function).calls, [&](Addr call) {
        const image::FuncIndex callee = functions.find(call);
        return callee != image::kNoFunc && isMaker(functions.function(callee).name);
      });
    });
  }

  /// What WithCancel and its like are, and what they call where they are inlined.
  static bool isMaker(std::string_view function) {
    return function.starts_with("context.With") || function.starts_with("context.with") ||
           function.starts_with("context.newCancelCtx") ||
           (image::packageOf(function) == "context" &&
            function.find("propagateCancel") != std::string_view::npos);
  }

  const golang::Snapshot& snapshot_;
  image::Image& image_;
  image::FunctionReferences references_;
  std::vector<Answer> makers_;  // by stack
};

/// Goroutines at one place, with a context each.
struct Place {
  std::vector<Index> goroutines;
  std::vector<Index> contexts;
};

class Search {
 public:
  explicit Search(const Context& context)
      : analysis_(context.analysis), contexts_(context.resources->of<Contexts>()) {}

  void run(std::vector<Finding>& findings) {
    gather();
    std::erase_if(places_, [this](const auto& place) { return !isMany(place.second); });
    if (places_.empty() || !dropHeld()) return;
    for (const auto& [stack, place] : places_) {
      if (isMany(place)) findings.push_back(findingOf(place));
    }
  }

 private:
  /// Others can still wake it by another case, and nothing else is said of it.
  bool isAlive(Index goroutine) const {
    const leak::GoroutineInfo& info = analysis_.info(goroutine);
    return info.verdict == leak::Verdict::waiting && info.why != leak::Why::background &&
           info.why != leak::Why::benign && analysis_.islandKind(goroutine) == nullptr &&
           analysis_.snapshot().goroutines[goroutine].waitCount > 1;
  }

  void gather() {
    for (Index i = 0; i < contexts_.nodes.size(); ++i) {
      const ContextNode& node = contexts_.nodes[i];
      if (node.kind != ContextKind::cancel || node.cancelled || node.registered != kNone ||
          node.timer != kNone || node.done == 0 || node.deadlineKnown) {
        continue;
      }
      for (const Index goroutine : node.goroutines) {
        if (!isAlive(goroutine)) continue;
        Place& place = places_[analysis_.snapshot().goroutines[goroutine].stack];
        place.goroutines.push_back(goroutine);
        place.contexts.push_back(i);
      }
    }
  }

  /// As many contexts as make a leak, and no more than a worker for each CPU, made at the start.
  bool isMany(const Place& place) const {
    std::vector<Index> contexts = place.contexts;
    std::ranges::sort(contexts);
    const auto end = std::ranges::unique(contexts).begin();
    const auto count = static_cast<std::uint64_t>(end - contexts.begin());
    if (count < analysis_.options().thresholds.orphans) return false;
    const golang::Snapshot& snapshot = analysis_.snapshot();
    if (count > snapshot.gomaxprocs) return true;
    std::uint64_t first = ~std::uint64_t{0}, last = 0;
    for (const Index goroutine : place.goroutines) {
      first = std::min(first, snapshot.goroutines[goroutine].id);
      last = std::max(last, snapshot.goroutines[goroutine].id);
    }
    return last - first > golang::goidSpread(snapshot, count);
  }

  /// Takes a look at the heap. False if it cannot be told who has the contexts.
  bool dropHeld() {
    const proof::Proof* proof = analysis_.options().proof;
    if (proof == nullptr || !proof->given()) return false;
    Finder finder(analysis_.snapshot(), *proof->heap(), proof->marker());
    finder.heed(proof->specials());
    for (const auto& [stack, place] : places_) {
      for (const Index i : place.contexts) finder.wantTarget(contexts_.nodes[i].address, true);
    }
    if (!finder.scan(nullptr)) return false;
    Cancellers cancellers(analysis_.snapshot());
    std::unordered_map<Index, bool> cancellable;
    const auto held = [&](Index i) {
      const auto [at, isNew] = cancellable.try_emplace(i, true);
      if (!isNew) return at->second;
      const Addr address = contexts_.nodes[i].address;
      at->second = !finder.knowsHolders(address) ||
                   std::ranges::any_of(finder.holdersOf(address), [&](const auto& holder) {
                     return holder.reachable && cancellers.canCancel(holder);
                   });
      return at->second;
    };
    for (auto& [stack, place] : places_) {
      Place left;
      for (std::size_t i = 0; i < place.contexts.size(); ++i) {
        if (held(place.contexts[i])) continue;
        left.contexts.push_back(place.contexts[i]);
        left.goroutines.push_back(place.goroutines[i]);
      }
      place = std::move(left);
    }
    return true;
  }

  Finding findingOf(const Place& place) const {
    const golang::Snapshot& snapshot = analysis_.snapshot();
    Finding finding;
    finding.rule = RuleId::contextOrphaned;
    finding.count = place.goroutines.size();
    finding.goroutines = place.goroutines;
    finding.place = analysis_.place(analysis_.userLine(place.goroutines.front()).user);
    finding.sentence = fmt::format(
        "{} also wait for the end of contexts that nobody can cancel and nothing ends; another "
        "case may still wake them, this one never will",
        counted(place.goroutines.size(), "goroutine"));
    for (std::size_t i = 0; i < std::min(kExamples, place.goroutines.size()); ++i) {
      const ContextNode& node = contexts_.nodes[place.contexts[i]];
      finding.evidence.push_back(fmt::format(
          "goroutine {}: {} {:#x}, done by chan {:#x}: no cancel function of it is left",
          snapshot.goroutines[place.goroutines[i]].id, node.type, node.address, node.done));
    }
    return finding;
  }

  const leak::Analysis& analysis_;
  const Contexts& contexts_;
  std::map<Index, Place> places_;  // by stack
};

}  // namespace

void deadContextCases(const Context& context, std::vector<Finding>& findings) {
  Search(context).run(findings);
}

}  // namespace parked::resources
