#include "leak/cases.h"

#include <span>

#include "base/traits.h"
#include "golang/addr_map.h"
#include "leak/keep_alive.h"
#include "proof/others.h"

namespace parked::leak {

namespace {

constexpr std::array kFates = {
    CaseFateTraits{CaseFate::unknown, "", ""},
    CaseFateTraits{
        CaseFate::nobody, "nobody",
        "nobody but this goroutine has the channel: it is not ready before another case is"},
    CaseFateTraits{CaseFate::timer, "timer", "a timer sends to it"},
    CaseFateTraits{CaseFate::reached, "reached", "others have it: "},
};
static_assert(isComplete(kFates, CaseFate::reached));

/// Channels that a timer will send to.
golang::AddrMap sentTo(const golang::Snapshot& snapshot) {
  golang::AddrMap channels;
  for (const golang::Timer& timer : snapshot.timers) {
    if (!timer.stopped && timer.when > 0 && timer.p >= 0) channels.insert(timer.channel, 0);
  }
  return channels;
}

}  // namespace

const CaseFateTraits& traitsOf(CaseFate fate) { return rowOf(kFates, fate); }

std::vector<CaseOutlook> casesOf(const Analysis& analysis, Index index, std::uint64_t limit,
                                 Observer* observer) {
  constexpr std::size_t kWays = 16;  // each takes a look at all goroutines
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  const auto waits = snapshot.waitsOf(goroutine);
  const proof::Proof* proof = analysis.options().proof;
  std::vector<CaseOutlook> cases;
  if (proof == nullptr || waits.empty() || !waits.front().inSelect) return cases;
  // What is not certain of it is said of the whole.
  if (proof->fate(index) == proof::Fate::notAsked || proof->fate(index) == proof::Fate::undecided) {
    return cases;
  }
  proof::Others others(snapshot, *proof, observer);
  if (!others.mark(std::span(&index, 1))) return cases;
  const golang::AddrMap timers = sentTo(snapshot);
  std::size_t ways = 0;
  for (std::size_t i = 0; i < waits.size() && (limit == 0 || i < limit); ++i) {
    CaseOutlook& outlook = cases.emplace_back();
    outlook.wait = goroutine.firstWait + static_cast<Index>(i);
    const golang::Wait& wait = waits[i];
    if (wait.kind != golang::ObjectKind::channel || !wait.queued) continue;
    if (wait.op == golang::WaitOp::receive && timers.contains(wait.address)) {
      outlook.fate = CaseFate::timer;
    } else if (!others.reaches(wait.address)) {
      outlook.fate = CaseFate::nobody;
    } else {
      outlook.fate = CaseFate::reached;
      if (ways++ < kWays) {
        outlook.by = keepAliveLine(wayTo(analysis, wait.address, &others.marker()));
      }
    }
  }
  return cases;
}

}  // namespace parked::leak
