// What the rules find in an analysed snapshot.
#pragma once

#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/observer.h"
#include "base/parts.h"
#include "leak/analysis.h"
#include "leak/keeper.h"
#include "rules/rule.h"

namespace parked::rules {

using golang::Index;
using golang::kNone;

/// A pattern that was found at one place.
struct Finding {
  RuleId rule = RuleId::nilChannel;
  leak::Verdict verdict = leak::Verdict::suspect;  ///< suspect, orphan or proved
  std::string sentence;               ///< what was found, in plain words and numbers; no final stop
  leak::Place place;                  ///< in the user's code
  std::uint64_t count = 0;            ///< goroutines, timers, connections … it is about
  Index group = kNone;                ///< into Analysis::grouping(); kNone: it is about a resource
  std::vector<std::string> evidence;  ///< what shows it, a line each: addresses, numbers, ways
  std::vector<Index> goroutines;      ///< that are involved, if it has no group
  std::string fix;                    ///< what to change in this case; empty: what the rule says
  bool known = false;                 ///< a baseline lists it
};

/// 16 hexadecimal digits that are the same for the same leak in the next build: over the rule and
/// what leak::fingerprintOf() takes of the group; of a resource over the function it is told at.
std::string fingerprintOf(const leak::Analysis& analysis, const Finding& finding);

/// What to change.
std::string_view fixOf(const Finding& finding);

struct Source;

/// What rules look at. `resources` may be null: they were not read; `keepers`, too. So may
/// `observer`; a rule that it stops finds nothing, and its caller says that rules were left out.
struct Context {
  const leak::Analysis& analysis;
  const Parts* resources = nullptr;
  leak::Keepers* keepers = nullptr;
  Observer* observer = nullptr;
  std::span<const Source* const> sources = {};  ///< rules of the rooms behind this one
  /// What sources that explain have found so far; null: nothing.
  const std::vector<Finding>* explained = nullptr;
};

struct Evidence;

/// Rules that a room behind this one brings. None is asked where resources were not read.
struct Source {
  /// Appends what it finds about resources; null: nothing.
  void (*find)(const Context& context, std::vector<Finding>& findings) = nullptr;
  /// Goroutines that its findings name are not explained once more by a rule about their group.
  bool explains = false;
  /// The rule for a group of stuck goroutines, the example of which waits so; asked before those
  /// about what they wait on. False if it has none, and then `finding` stays as it is.
  bool (*ofGroup)(const Context& context, const leak::Group& group, const golang::Wait& wait,
                  const Evidence& evidence, Finding& finding) = nullptr;
  /// Adds the channels by which contexts are done; null: it knows of none.
  void (*doneChannels)(const Parts& resources, std::unordered_set<Addr>& channels) = nullptr;
};

/// Applies every rule. First those about groups, in the order of the analysis' groups and at most
/// one for each; then those about resources.
std::vector<Finding> findAll(const Context& context);

/// The rule for one group of stuck goroutines: what they wait on, and how. Sets the rule and the
/// sentence; false if none fits, and then `finding` stays as it is.
bool ruleForGroup(const Context& context, const leak::Group& group, Finding& finding);

/// The rules about what needs no reader of its own; each appends what it finds.
void grpcRules(const Context& context, std::vector<Finding>& findings);
void execRules(const Context& context, std::vector<Finding>& findings);
void signalRules(const Context& context, std::vector<Finding>& findings);

/// The rules about what still runs and nobody can stop.
void orphanRules(const Context& context, std::vector<Finding>& findings);

/// The rule about finalizers and cleanups that do not return.
void finalizerRules(const Context& context, std::vector<Finding>& findings);

}  // namespace parked::rules
