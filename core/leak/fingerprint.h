// What stays the same of a leak from build to build (docs/fingerprints.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "leak/analysis.h"

namespace parked::leak {

/// A function as its author would name it: the number that the compiler gave a closure, the
/// functions that it was inlined into, and the major version in an import path are left out.
/// "main.(*server).run.func2" is "main.(*server).run.func", "main.main.run.func1" "main.run.func",
/// "example.com/pool/v2.Get" "example.com/pool.Get".
std::string stableFunction(std::string_view function);

/// How a goroutine is blocked, in the words of JSON's `waiting_on`: "channel send", "mutex lock",
/// "select"; its state if it is not.
std::string waitKind(const Analysis& analysis, Index goroutine);

/// 64 bits over parts, as 16 hexadecimal digits: FNV-1a, each part closed by a zero byte.
class Fingerprint {
 public:
  void add(std::string_view part);
  std::string text() const;

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

/// Adds who created the goroutines of the group, the user's own function, and the kind of wait.
void addGroup(Fingerprint& fingerprint, const Analysis& analysis, const Group& group);
/// Of a group of the default grouping.
std::string fingerprintOf(const Analysis& analysis, const Group& group);

}  // namespace parked::leak
