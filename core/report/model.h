// The report: what every renderer reads. Whatever is said once is here as text; whatever is said
// per goroutine stays an index into the snapshot and its analysis.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/incomplete.h"
#include "base/parts.h"
#include "golang/snapshot.h"
#include "leak/analysis.h"
#include "leak/cases.h"
#include "leak/keeper.h"
#include "proof/holdings.h"
#include "query/allow_list.h"
#include "query/filter.h"
#include "query/group_by.h"
#include "rules/findings.h"
#include "target/target.h"

namespace parked::report {

using golang::Index;
using golang::kNone;

/// Which program, how and when it was read.
struct TargetInfo {
  std::string executable;  ///< path of the file that has the Go runtime
  std::string loadedBy;    ///< path of the program that has loaded it, "" if it is the program
  /// Paths of all files of the process that have a Go runtime, as the process has them, and this
  /// one's.
  std::vector<std::string> runtimes;
  std::string runtimeFile;
  std::string mainPackage;   ///< "" if unknown
  std::string goVersion;     ///< "go1.26.8", as the toolchain wrote it
  bool newerGo = false;      ///< than the releases parked was checked against
  std::string architecture;  ///< GOARCH
  std::string buildId;       ///< Go's build id, or the GNU one
  std::string source;        ///< "core.1234", "process 1234"
  target::Kind kind = target::Kind::core;
  bool redacted = false;                ///< stand-ins are in the place of texts
  std::int32_t pid = 0;                 ///< 0 if unknown
  int signal = 0;                       ///< that made the core, 0 if none or unknown
  std::optional<std::int64_t> takenAt;  ///< wall clock, ns since 1970
  std::chrono::nanoseconds pause{0};    ///< how long a live process was stopped
  std::string layoutOrigin;             ///< "DWARF"
  std::string clockSource;
  std::optional<std::int64_t> upSince;  ///< ns the process had run when it was read
  bool clockIsLowerBound = false;  ///< it may have run for longer: `upSince` is a lower bound, too
  std::size_t threads = 0;
  std::uint32_t gomaxprocs = 0;
};

/// All goroutines of the target by state, whatever the filters say.
struct Census {
  std::uint64_t total = 0;  ///< without dead ones
  std::uint64_t running = 0, runnable = 0, syscall = 0, blocked = 0, other = 0;
  std::uint64_t inC = 0;     ///< of syscall
  std::uint64_t system = 0;  ///< of the total
  std::uint64_t dead = 0;    ///< not in the total
  std::uint64_t unread = 0;  ///< not in the total: the target lacks their memory
  /// Of the total without system goroutines, by leak::Verdict.
  std::array<std::uint64_t, leak::kVerdicts> byVerdict{};
};

/// Which finding a goroutine or a group of Analysis::grouping() is in, by its place in
/// Report::findings; the first one, if it is in several.
struct FindingIndex {
  std::unordered_map<Index, std::size_t> ofGroup;
  std::unordered_map<Index, std::size_t> ofGoroutine;  ///< of findings without a group
};

/// What --fail-on makes of a report: the one decision behind exit codes, `fail_on` in JSON and
/// parked.assert_no_leaks().
struct Decision {
  leak::Verdict verdict = leak::Verdict::proved;  ///< this one or a graver one fails
  /// Into Report::grouping: groups with a goroutine of the program that has it.
  std::vector<std::size_t> groups;
  std::vector<const rules::Finding*> findings;  ///< about resources, that have it
  bool incomplete = false;                      ///< what is not known may hide more: exit code 3
  bool fails() const { return !groups.empty() || !findings.empty(); }
};

struct Section;
class SourceLines;

/// What the rooms behind this one bring.
struct Brought {
  const Parts* resources = nullptr;  ///< what was read of resources; null: nothing was read
  std::span<const rules::Source* const> rules = {};
  std::span<const Section* const> sections =
      {};  ///< all that a report tells, those of this room, too
};

struct Report {
  const golang::Snapshot* snapshot = nullptr;
  const leak::Analysis* analysis = nullptr;
  const Parts* resources = nullptr;          ///< null: not read
  std::span<const Section* const> sections;  ///< see Brought
  TargetInfo target;
  Census census;
  bool filtered = false;          ///< some goroutines were left out by --with/--without
  std::vector<Index> goroutines;  ///< the chosen ones, by goid
  query::GroupBy groupBy;
  leak::Grouping grouping;  ///< of the chosen ones, largest first
  /// What the leaked goroutines of each group hold, by its number, and one more for those that the
  /// filters left out. Empty without a proof, or if nobody asked (see addHoldings()).
  proof::Holdings holdings;
  std::shared_ptr<leak::Keepers> keepers;  ///< who keeps a group; looked for when asked
  std::vector<leak::CaseOutlook> cases;    ///< of one select (see addCases())
  std::vector<rules::Finding> findings;    ///< of all goroutines, whatever the filters say
  FindingIndex findingIndex;
  std::vector<Incomplete> incomplete;  ///< of target, snapshot, proof and resources
  bool interrupted = false;            ///< the user asked to stop before all was read
  std::optional<Decision> decision;    ///< with --fail-on
  /// The program is at its end (`parked exec`): what does nothing but wait for tests is no finding.
  bool atExit = false;
  /// Lines of source, which renderers show where it is there (source_lines.h); null: not asked for.
  std::shared_ptr<SourceLines> source;
  /// With --baseline: which groups of Analysis::grouping() it lists. Findings say it of themselves.
  std::optional<std::vector<bool>> knownGroups;
  /// What the allow-list took out: goroutines and, of the default grouping, groups.
  std::uint64_t quietedGoroutines = 0, quietedGroups = 0;
};

/// Reads the header's facts from target and image.
TargetInfo describeTarget(const golang::Snapshot& snapshot);

/// Puts the report together. `info` comes from describeTarget(), kept apart because a live process
/// may be gone by the time of the second command. `incomplete` is what the rooms above counted.
/// Where `observer`, which may be null, asks to stop, rules are left out; it must outlive the
/// report.
Result<Report> makeReport(const leak::Analysis& analysis, const Brought& brought, TargetInfo info,
                          std::vector<Incomplete> incomplete,
                          const std::vector<query::Filter>& filters = {},
                          const query::GroupBy& groupBy = {}, Observer* observer = nullptr);

/// The group of the goroutine that the program died in, which is the first; null if it did not die
/// by itself, or not in one that the report shows.
const leak::Group* crashGroup(const Report& report);

/// Takes out of the report what the list quiets: goroutines, their groups and findings.
void applyAllowList(Report& report, const query::AllowList& list);

/// What of the report has the verdict or a graver one; Decision::incomplete is left to whoever
/// knows the options.
Decision decide(const Report& report, leak::Verdict verdict);

/// The finding that a group of the report's is about, null if none is. Groups by something else
/// than the stack have none.
const rules::Finding* findingOf(const Report& report, const leak::Group& group);

/// Who keeps the goroutines at the place of the group, those that filters left out as well; null:
/// nobody is known who keeps all of them. Groups by something else than the stack have none.
const leak::Keeper* keeperOf(const Report& report, const leak::Group& group);

/// Leaves one goroutine in the report, and what is said of it: the group it is in, whole, with what
/// that holds, behind it that group's root cause if it has one, and its findings. For reports with
/// the default grouping.
void onlyGroupOf(Report& report, Index goroutine);

/// Fills in Report::cases: those of the select that the goroutine waits in, `limit` at most, 0:
/// all. `observer` may be null; where it asks to stop there are none.
void addCases(Report& report, Index goroutine, std::uint64_t limit, Observer* observer);

/// Fills in Report::holdings. `observer` may be null.
void addHoldings(Report& report, Observer* observer);
/// How long a live process was stopped for this, ns; none if it was not, or by somebody else.
std::optional<std::int64_t> pauseNs(const TargetInfo& target);

}  // namespace parked::report
