// What the rules find in an analysed snapshot.
#pragma once

#include <string>
#include <vector>

#include "leak/analysis.h"
#include "leak/keeper.h"
#include "rules/rule.h"
#include "stdlib/resources.h"

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
  std::string_view fix;               ///< what to change in this case; empty: what the rule says
};

/// What to change.
std::string_view fixOf(const Finding& finding);

/// What rules look at. `resources` may be null: they were not read; `keepers`, too.
struct Context {
  const leak::Analysis& analysis;
  const stdlib::Resources* resources = nullptr;
  leak::Keepers* keepers = nullptr;
};

/// Applies every rule. First those about groups, in the order of the analysis' groups and at most
/// one for each; then those about resources.
std::vector<Finding> findAll(const Context& context);

/// The rule for one group of stuck goroutines: what they wait on, and how. Sets the rule and the
/// sentence; false if none fits, and then `finding` stays as it is.
bool ruleForGroup(const Context& context, const leak::Group& group, Finding& finding);

/// The rules about resources; each appends what it finds.
void httpRules(const Context& context, std::vector<Finding>& findings);
void sqlRules(const Context& context, std::vector<Finding>& findings);
/// Of database/sql, too: those are not for sqlRules().
void poolRules(const Context& context, std::vector<Finding>& findings);
/// Connections that `named` are about are not named again.
void fileRules(const Context& context, const std::vector<Finding>& named,
               std::vector<Finding>& findings);
void grpcRules(const Context& context, std::vector<Finding>& findings);
void execRules(const Context& context, std::vector<Finding>& findings);
void contextRules(const Context& context, std::vector<Finding>& findings);
void signalRules(const Context& context, std::vector<Finding>& findings);
void timerRules(const Context& context, std::vector<Finding>& findings);

/// The rules about what still runs and nobody can stop.
void orphanRules(const Context& context, std::vector<Finding>& findings);

/// The rule about finalizers and cleanups that do not return.
void finalizerRules(const Context& context, std::vector<Finding>& findings);

}  // namespace parked::rules
