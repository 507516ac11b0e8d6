// The rule for finalizers and cleanups that do not return: the runtime calls all finalizers in one
// goroutine, and cleanups in that (1.24) or a few (1.25 and later).
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "base/text.h"
#include "golang/system_goroutine.h"
#include "rules/findings.h"
#include "rules/thresholds.h"
#include "schema/finalizers.h"

namespace parked::rules {

namespace {

using golang::Caller;

/// The goroutines that call finalizers, or cleanups.
struct Callers {
  Caller what = Caller::none;
  std::uint64_t all = 0;
  std::vector<Index> stuck;  ///< in a function of the program, for ever or for long
  bool proved = true;        ///< all of the stuck ones, for ever
  std::int64_t age = 0;      ///< of the one that is stuck for the shortest time
};

bool isStuck(const leak::Analysis& analysis, Index index) {
  const golang::Goroutine& goroutine = analysis.snapshot().goroutines[index];
  // One that waits for work is the runtime's own.
  if (goroutine.system || leak::stateOf(goroutine) != leak::State::blocked) return false;
  return analysis.info(index).verdict == leak::Verdict::proved ||
         analysis.waitAtLeast(index) >= hangAge(analysis);
}

Callers findCallers(const leak::Analysis& analysis, Caller what) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  Callers callers;
  callers.what = what;
  if (snapshot.image == nullptr) return callers;
  std::map<Addr, bool> starts;
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    const Addr start = snapshot.goroutines[i].startPc;
    const auto [known, isNew] = starts.try_emplace(start);
    if (isNew) known->second = golang::callerAt(*snapshot.image, start) == what;
    if (!known->second) continue;
    ++callers.all;
    if (!isStuck(analysis, i)) continue;
    const std::int64_t age = analysis.waitAtLeast(i);
    callers.age = callers.stuck.empty() ? age : std::min(callers.age, age);
    callers.stuck.push_back(i);
    callers.proved = callers.proved && analysis.info(i).verdict == leak::Verdict::proved;
  }
  return callers;
}

/// Finalizers behind the one that runs, which is counted with them until it returns.
std::optional<std::uint64_t> queuedFinalizers(const leak::Analysis& analysis) {
  const proof::Proof* proof = analysis.options().proof;
  const auto layout = schema::BlockLayout::ofFinalizers(analysis.snapshot().image->layouts());
  if (proof == nullptr || proof->specials().finalizers.empty() || layout.entrySize == 0) return {};
  std::uint64_t bytes = 0;
  for (const heap::RootBlock& block : proof->specials().finalizers) bytes += block.size;
  const std::uint64_t count = bytes / layout.entrySize;
  return count == 0 ? std::nullopt : std::optional(count - 1);
}

/// Cleanups that have not begun. In 1.25 one that runs is still in its block; since 1.26 it is
/// taken out before, and its entry has more than one word.
std::optional<std::uint64_t> queuedCleanups(const leak::Analysis& analysis, std::uint64_t running) {
  const proof::Proof* proof = analysis.options().proof;
  const image::Image& image = *analysis.snapshot().image;
  const auto block = schema::BlockLayout::ofCleanups(image.layouts());
  const bool known = block.used && block.entries != image::Field<Addr>::kAbsent;
  if (proof == nullptr || proof->specials().cleanups.empty() || !known) return {};
  const std::uint64_t step = block.entrySize;
  if (step < kWord) return {};
  auto& memory = image.target().memory();
  std::uint64_t count = 0;
  for (const heap::RootBlock& place : proof->specials().cleanups) {
    const image::Object object = image::readObject(memory, place.address, block.size);
    if (!object) return {};
    const std::uint64_t most = (block.size - std::min(block.entries, block.size)) / step;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(object[block.used], most); ++i) {
      if (object[image::Field<Addr>{static_cast<std::uint32_t>(block.entries + i * step)}] != 0)
        ++count;
    }
  }
  return block.hasRecords ? count : count - std::min(count, running);
}

/// "a finalizer", "2 cleanups".
std::string countedCallers(const Callers& callers, std::string_view noun) {
  return callers.stuck.size() == 1
             ? fmt::format("a {}", noun)
             : fmt::format("{} {}s", withSeparators(callers.stuck.size()), noun);
}

void add(const leak::Analysis& analysis, const Callers& callers, std::vector<Finding>& findings) {
  if (callers.stuck.empty()) return;
  const golang::Snapshot& snapshot = analysis.snapshot();
  const bool cleanups = callers.what == Caller::cleanups;
  const std::string_view noun = cleanups ? "cleanup" : "finalizer";
  // More goroutines are made for cleanups, up to a quarter of the Ps (maxCleanupGs).
  const std::uint64_t most = cleanups ? std::max<std::uint64_t>(snapshot.gomaxprocs / 4, 1) : 1;
  const bool all = callers.stuck.size() >= std::max(most, callers.all);
  Finding finding;
  finding.rule = RuleId::finalizerStuck;
  finding.verdict = callers.proved ? leak::Verdict::proved : leak::Verdict::suspect;
  finding.count = callers.stuck.size();
  finding.goroutines = callers.stuck;
  finding.place =
      analysis.place(analysis.stack(snapshot.goroutines[callers.stuck.front()].stack).user);
  finding.sentence =
      callers.proved
          ? fmt::format("{} can never return", countedCallers(callers, noun))
          : fmt::format("{} {} not returned for at least {}", countedCallers(callers, noun),
                        callers.stuck.size() == 1 ? "has" : "have", humanDuration(callers.age));
  finding.sentence +=
      all ? fmt::format(": no other {} runs {}", noun, callers.proved ? "any more" : "meanwhile")
          : fmt::format(": {} of the {} goroutines there may be for {}s {} taken",
                        callers.stuck.size(), std::max(most, callers.all), noun,
                        callers.stuck.size() == 1 ? "is" : "are");
  const auto queued =
      cleanups ? queuedCleanups(analysis, callers.stuck.size()) : queuedFinalizers(analysis);
  if (queued) {
    finding.sentence +=
        fmt::format(", {} queued", *queued == 0   ? "none is"
                                   : *queued == 1 ? "1 is"
                                                  : withSeparators(*queued) + " are");
  }
  for (const Index index : callers.stuck) {
    const golang::Goroutine& goroutine = snapshot.goroutines[index];
    if (goroutine.reason >= snapshot.reasons.size()) continue;
    finding.evidence.push_back(
        fmt::format("goroutine {}: {}", goroutine.id,
                    snapshot.strings[snapshot.reasons[goroutine.reason].text]));
  }
  findings.push_back(std::move(finding));
}

}  // namespace

void finalizerRules(const Context& context, std::vector<Finding>& findings) {
  for (const Caller what : {Caller::finalizers, Caller::cleanups}) {
    add(context.analysis, findCallers(context.analysis, what), findings);
  }
}

}  // namespace parked::rules
