// The analysis of a snapshot: places in the source, a verdict for every goroutine, groups. Flat
// arrays parallel to the snapshot's; nothing per goroutine owns memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/observer.h"
#include "base/progress.h"
#include "golang/snapshot.h"
#include "leak/code.h"
#include "leak/island_kinds.h"
#include "leak/lock_holders.h"
#include "leak/origin.h"
#include "leak/places.h"
#include "leak/static_holders.h"
#include "leak/verdict.h"
#include "leak/wait_circles.h"
#include "proof/orphans.h"
#include "proof/proof.h"

namespace parked::leak {

using golang::Index;
using golang::kNone;

struct GoroutineInfo {
  Verdict verdict = Verdict::unknown;
  Why why = Why::none;
  StringId label = kEmptyString;  ///< what a well-known goroutine is: "idle HTTP client connection"
  PlaceId start = kNoPlace;       ///< start function, wrappers skipped, at its `func` line
  PlaceId creator = kNoPlace;     ///< the go statement
  Index group = kNone;            ///< into Analysis::groups (the default grouping)
};

/// Status as a reader sees it, and as groups are split by.
enum class State : std::uint8_t { running, runnable, syscall, blocked, other };
State stateOf(const golang::Goroutine& goroutine);
struct StateTraits {
  State value;
  std::string_view id;    ///< stable, for machines: "syscall"
  std::string_view name;  ///< "in a system call"
};
const StateTraits& traitsOf(State state);

/// Goroutines that belong together.
struct Group {
  Index first = 0;  ///< members are Grouping::members[first, first+count)
  std::uint32_t count = 0;
  Verdict verdict = Verdict::running;  ///< the gravest of its members
  Why why = Why::none;                 ///< of the gravest
  std::uint32_t findings = 0;          ///< members that are PROVED or SUSPECT
  State state = State::blocked;        ///< of the example
  Index example = 0;                   ///< the goroutine that stands for the group: longest wait
  std::int64_t longestWait = 0;        ///< ns, a lower bound; 0: not known
  std::uint64_t withWait = 0;          ///< members whose wait is known at all
  std::uint64_t settled = 0;           ///< members blocked at least Thresholds::someAge
  std::uint64_t old = 0;               ///< members blocked at least Thresholds::age
  std::uint64_t objects = 0;           ///< distinct objects its members wait on
  std::uint64_t creators = 0;          ///< distinct go statements
  PlaceId creator = kNoPlace;          ///< the most frequent one
  std::uint64_t origins = 0;           ///< distinct origins, of members that have one
  Origin origin;                       ///< the most frequent one
  bool system = false;                 ///< every member is the runtime's own
  std::string key;                     ///< the --group key's value; empty in the default grouping
};

struct Grouping {
  std::vector<Group> groups;   ///< largest first
  std::vector<Index> members;  ///< goroutines, by group, ascending inside one
  std::span<const Index> membersOf(const Group& group) const {
    return {members.data() + group.first, group.count};
  }
};

struct Options {
  Thresholds thresholds;
  bool proofs = true;                       ///< false: the process was read while it ran
  const proof::Proof* proof = nullptr;      ///< reachability; null: not asked for
  const proof::Orphans* orphans = nullptr;  ///< the same
};

class Analysis {
 public:
  /// Judges every goroutine and groups them. `snapshot` and `code` must outlive the analysis.
  /// Where `observer`, which may be null, asks to stop, the rest is left out: interrupted().
  Analysis(const golang::Snapshot& snapshot, const Code& code, const Options& options = {},
           Timings* timings = nullptr, Observer* observer = nullptr);

  const golang::Snapshot& snapshot() const { return *snapshot_; }
  const Code& code() const { return *code_; }
  const Options& options() const { return options_; }
  /// What was left out because the user asked to stop, in one clause; empty if nothing was. Every
  /// goroutine is in a group all the same; those that were not judged are UNKNOWN.
  std::string_view interrupted() const { return interrupted_; }

  const GoroutineInfo& info(Index goroutine) const { return goroutines_[goroutine]; }
  const StackInfo& stack(Index stack) const;  ///< kNone gives an empty one
  /// The user's line and the library's, of the goroutine's stack. Of `go C.f()`, which has nothing
  /// that anybody wrote on its stack, the go statement.
  StackInfo userLine(Index goroutine) const;
  /// It called C and has not returned; to the runtime this is a system call.
  bool inC(Index goroutine) const;
  /// Where the goroutine comes from, if neither its stack nor its creator is in the main module.
  Origin origin(Index goroutine) const;
  const Place& place(PlaceId id) const { return places_[id]; }
  std::size_t placeCount() const { return places_.size(); }
  std::string_view label(Index goroutine) const { return strings_[goroutines_[goroutine].label]; }
  /// The default grouping of all goroutines.
  const Grouping& grouping() const { return grouping_; }

  /// How long the goroutine has been blocked at least, ns; 0 if nothing is known. The runtime notes
  /// the time only when a GC sees the goroutine blocked.
  std::int64_t waitAtLeast(Index goroutine) const;

  /// Who may hold the locks others wait for.
  const LockHolders& lockHolders() const { return lockHolders_; }
  /// Who waits for whom in a circle that is not of locks alone.
  const WaitCircles& waitCircles() const { return waitCircles_; }
  /// Of the program, with the heap of the proof, which must be there; made when first asked for.
  const StaticHolders& staticHolders() const;

  /// Orphans by what they are; empty where none are named.
  const std::vector<IslandKind>& islandKinds() const { return islandKinds_; }
  /// Of an orphan, or of one that is Why::background; null of others.
  const IslandKind* islandKind(Index goroutine) const;

  /// A running timer or ticker is among what the goroutine waits on.
  bool wokenByTimer(const golang::Goroutine& goroutine) const;
  /// Of a channel that a running ticker sends to, ns; 0: a timer does, once; -1: none does.
  std::int64_t tickerPeriod(Addr channel) const {
    const auto at = tickerPeriods_.find(channel);
    return channel == 0 || at == tickerPeriods_.end() ? -1 : at->second;
  }
  /// Why::paired: the live goroutine it belongs to, else kNone.
  Index partnerOf(Index goroutine) const {
    const auto at = partners_.find(goroutine);
    return at == partners_.end() ? kNone : at->second;
  }

  /// One sentence, no final stop: why this goroutine has its verdict.
  std::string sentence(Index goroutine) const;
  /// The same for a group.
  std::string sentence(const Group& group) const;

  /// Source frames of a stack, innermost first, with the wrappers and runtime.goexit that Go's
  /// traceback hides (see SourceFrame::wrapper). `pcs`, if given, gets the pc of each.
  void frames(const golang::Goroutine& goroutine, std::vector<image::SourceFrame>& out,
              std::vector<Addr>* pcs = nullptr) const;

 private:
  friend class Suspects;  // judges a second time, when the groups are known

  void readPlaces(Progress& progress);
  void findOrigins(Progress& progress);
  void judgeAll(Progress& progress);
  void sortIslands();
  void judgeLockCycles();
  void judgeWaitCircles();
  void groupAll();

  const golang::Snapshot* snapshot_;
  const Code* code_;
  Options options_;
  std::string_view interrupted_;
  StringTable strings_;
  Places places_;
  std::vector<StackInfo> stacks_;
  std::vector<GoroutineInfo> goroutines_;
  std::unordered_map<Index, Origin> origins_;
  Grouping grouping_;
  LockHolders lockHolders_;
  WaitCircles waitCircles_;
  mutable std::optional<StaticHolders> staticHolders_;
  std::unordered_map<Addr, std::int64_t> tickerPeriods_;  ///< of those
  std::vector<IslandKind> islandKinds_;
  std::vector<Index> kindOfIsland_;
  std::unordered_set<Addr> timerChannels_;     ///< channels a running timer will send to
  std::unordered_map<Index, Index> partners_;  ///< of goroutines that are Why::paired
};

}  // namespace parked::leak
