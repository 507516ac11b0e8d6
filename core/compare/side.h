// What of a report is compared: groups and findings by fingerprint, and who is parked on what.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "leak/verdict.h"

namespace parked::compare {

/// Groups of one fingerprint taken together, or findings of one.
struct Entry {
  std::string rule;         ///< "PK005"; "" of groups
  std::string title;        ///< of the rule; of groups the wait reason, or the state
  leak::Verdict verdict{};  ///< the gravest
  std::uint64_t count = 0;  ///< goroutines, timers, connections …
  std::string function, file;
  std::int64_t line = 0;  ///< of the user's frame
  std::string creator;    ///< function with the go statement; "" if not known
  std::string group;      ///< of a finding: the fingerprint of its group; "" if it has none
  bool known = false;     ///< a baseline lists it
  bool system = false;    ///< all are goroutines of the runtime
  /// The functions with the closures' own numbers, which the fingerprint leaves out: how many
  /// places there are. Counted apart for those that are SUSPECT or graver.
  std::set<std::pair<std::string, std::string>> places, leakingPlaces;

  /// Takes in another one of the same fingerprint.
  void add(const Entry& other);
};
using Entries = std::map<std::string, Entry>;

/// A goroutine with all it waits on, which two looks at one process can tell again.
struct Parked {
  std::uint64_t id = 0;
  std::uint64_t on = 0;  ///< from the kinds, addresses and directions of what it waits on
  std::string group;     ///< fingerprint
  friend bool operator<(const Parked& a, const Parked& b) {
    return std::pair(a.id, a.on) < std::pair(b.id, b.on);
  }
};

struct Side {
  std::string source;  ///< what was named on the command line
  std::string program, goVersion, buildId, takenAt;
  std::int64_t pid = 0;        ///< 0: not known
  std::int64_t startedNs = 0;  ///< 0: not known
  std::uint64_t goroutines = 0;
  Entries groups, findings;
  std::vector<Parked> parked;  ///< ascending
  std::string withheld;        ///< why nothing was proved; "" if the proof was given
  bool proved = false;         ///< the proof was given
  bool incomplete = false;     ///< something could not be read
  bool partial = false;        ///< filters or a limit left goroutines out
};

/// Both are of the same process: its id, when its runtime started, and its build.
bool sameProcess(const Side& a, const Side& b);

}  // namespace parked::compare
