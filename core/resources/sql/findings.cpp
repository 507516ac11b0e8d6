// The rules for database/sql: connections that are not given back, pools that are dropped.

#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "resources/kit.h"
#include "resources/pools/model.h"
#include "resources/sql/slice.h"
#include "rules/pool_words.h"
#include "rules/thresholds.h"

namespace parked::resources {

namespace {

std::string evidenceOf(const golang::Snapshot& snapshot, const SqlConn& conn) {
  std::string text = fmt::format("{} {:#x}", conn.driverType, conn.address);
  if (conn.use != SqlUse::unknown)
    text += fmt::format(" by {} {:#x}", sqlUseName(conn.use), conn.user);
  if (conn.waiter != kNone) {
    text +=
        fmt::format(", goroutine {} waits for its context", snapshot.goroutines[conn.waiter].id);
  }
  if (conn.contextOnly) text += ", and nobody else has it";
  return text;
}

leak::Place placeOf(const leak::Analysis& analysis, Index goroutine) {
  if (goroutine == kNone) return {};
  return analysis.place(analysis.stack(analysis.snapshot().goroutines[goroutine].stack).user);
}

/// Connections in use by `use`: those that are proved lost, or those that are in use for too long.
void unreturned(const leak::Analysis& analysis, const SqlDb& db, SqlUse use, bool lost,
                Finding& finding) {
  std::int64_t oldest = 0;
  for (const SqlConn& conn : db.conns) {
    // Of what is gone without a trace most was a result set.
    const bool same = conn.use == use || (conn.use == SqlUse::unknown && use == SqlUse::rows);
    if (!conn.inUse || !same || conn.lost != lost) continue;
    const std::int64_t age = conn.waiter == kNone ? 0 : analysis.waitAtLeast(conn.waiter);
    if (!lost && age < hangAge(analysis)) continue;
    oldest = std::max(oldest, age);
    ++finding.count;
    if (conn.waiter != kNone) finding.goroutines.push_back(conn.waiter);
    if (finding.place.function.empty()) finding.place = placeOf(analysis, conn.goroutine);
    if (finding.evidence.size() < kExamples) {
      finding.evidence.push_back(evidenceOf(analysis.snapshot(), conn));
    }
  }
  finding.verdict = lost ? leak::Verdict::proved : leak::Verdict::suspect;
  finding.sentence =
      fmt::format("{} of the pool of {} {} in use by {} {}", counted(finding.count, "connection"),
                  db.driver, finding.count == 1 ? "is" : "are",
                  use == SqlUse::rows ? "Rows"
                  : use == SqlUse::tx ? "a Tx"
                                      : "a Conn",
                  lost ? "that nobody has any more"
                       : fmt::format("for at least {}, it seems", humanDuration(oldest)));
}

/// Connections that nobody gives back: for each way they are used a finding about those that are
/// proved, and one about those that are suspect.
void unreturned(const leak::Analysis& analysis, const SqlDb& db, std::vector<Finding>& findings) {
  for (const auto& [use, rule] : {std::pair{SqlUse::rows, RuleId::sqlRowsOpen},
                                  {SqlUse::tx, RuleId::sqlTxOpen},
                                  {SqlUse::conn, RuleId::sqlConnOpen}}) {
    for (const bool lost : {true, false}) {
      Finding finding;
      finding.rule = rule;
      unreturned(analysis, db, use, lost, finding);
      if (finding.count != 0) findings.push_back(std::move(finding));
    }
  }
}

void starved(const leak::Analysis& analysis, const SqlDb& db, std::vector<Finding>& findings) {
  if (db.waiters.empty() || db.maxOpen <= 0) return;
  // One that is being opened now would serve a waiter, too.
  const bool lost =
      db.inUse >= static_cast<std::uint64_t>(db.maxOpen) &&
      std::ranges::all_of(db.conns, [](const SqlConn& conn) { return !conn.inUse || conn.lost; });
  std::int64_t age = 0;
  for (const Index waiter : db.waiters) age = std::max(age, analysis.waitAtLeast(waiter));
  if (!lost && age < hangAge(analysis)) return;
  Finding finding;
  finding.rule = RuleId::sqlPoolStarved;
  finding.verdict = lost ? leak::Verdict::proved : leak::Verdict::suspect;
  finding.count = db.waiters.size();
  finding.goroutines = db.waiters;
  finding.place = placeOf(analysis, db.waiters.front());
  finding.sentence = fmt::format(
      "{}{}", waitForPool(finding.count, "a sql.DB", static_cast<std::uint64_t>(db.maxOpen)),
      lost ? ", and nobody gives one back" : fmt::format(", for at least {}", humanDuration(age)));
  for (const SqlConn& conn : db.conns) {
    if (!conn.inUse || finding.evidence.size() == kExamples) continue;
    std::string taken = "taken: " + evidenceOf(analysis.snapshot(), conn);
    if (conn.goroutine != kNone) taken += ", " + holderOf(analysis, conn.goroutine);
    finding.evidence.push_back(std::move(taken));
  }
  findings.push_back(std::move(finding));
}

}  // namespace

void sqlRules(const Context& context, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  Finding lost;
  lost.rule = RuleId::sqlDbLost;
  lost.verdict = leak::Verdict::proved;
  for (const SqlDb& db : context.resources->of<Sql>().databases) {
    unreturned(analysis, db, findings);
    const auto& told = context.resources->of<Pools>().starved;
    if (std::ranges::find(told, db.address, &StarvedPool::address) == told.end()) {
      starved(analysis, db, findings);
    }
    if (db.opener == kNone || analysis.info(db.opener).verdict != leak::Verdict::proved) continue;
    ++lost.count;
    lost.goroutines.push_back(db.opener);
    if (lost.evidence.size() < kExamples) {
      lost.evidence.push_back(fmt::format(
          "DB {:#x} of {}, {} open", db.address, db.driver,
          counted(static_cast<std::uint64_t>(std::max<std::int64_t>(db.open, 0)), "connection")));
    }
  }
  if (lost.count == 0) return;
  lost.sentence = fmt::format("{} {} not closed, and nothing can use {} any more",
                              counted(lost.count, "sql.DB", "sql.DBs"),
                              lost.count == 1 ? "is" : "are", lost.count == 1 ? "it" : "them");
  findings.push_back(std::move(lost));
}

}  // namespace parked::resources
