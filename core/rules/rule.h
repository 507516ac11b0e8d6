// The table of rules: what each silent pattern is called, and what to do about it. The id is for
// scripts and allow-lists and never changes its meaning; docs/rules.md has a section for each, with
// a program that has the pattern and one that does not.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace parked::rules {

enum class RuleId : std::uint8_t {
  nilChannel,
  noWayOut,
  firstAnswerWins,
  bufferFull,
  sendNobodyReceives,
  rangeNobodyCloses,
  receiveNobodySends,
  pullNeverStopped,
  waitGroupNeverDone,
  condNeverSignalled,
  lockNeverUnlocked,
  lockCycle,
  onceNeverDone,
  readersNeverLeave,
  semaphoreNeverReleased,
  errorGroupNeverEnds,
  errorGroupFull,
  lockedAgain,
  waitCircle,
  timerRearmsItself,
  timersPileUp,
  timeAfterInLoop,
  tickerAbandoned,
  notifyNeverStopped,
  httpBodyOpen,
  httpTransportLost,
  httpHandshakeHangs,
  httpPoolStarved,
  httpServerHandshake,
  httpHandlerHangs,
  httpShutdownWaits,
  sqlRowsOpen,
  sqlTxOpen,
  sqlConnOpen,
  sqlDbLost,
  sqlPoolStarved,
  poolStarved,
  poolFull,
  fileNeverClosed,
  connNeverClosed,
  commandHeldUp,
  finalizerStuck,
  cancelNeverCalled,
  contextsPileUp,
  timeoutNeverCancelled,
  afterFuncNeverStopped,
  clientOrphaned,
  workerOrphaned,
  contextOrphaned,
  feederOrphaned,
  registryGrows,
  streamAbandoned,
};

struct Rule {
  RuleId id;
  std::string_view name;   ///< "PK001"
  std::string_view title;  ///< the pattern, in a few words
  std::string_view fix;    ///< what to change, one sentence without a final stop
};

/// All rules, in order of their names.
std::span<const Rule> rules();
const Rule& ruleOf(RuleId id);
/// Where its section is: "docs/rules.md#pk001".
std::string documentation(const Rule& rule);

}  // namespace parked::rules
