// Lists of what goroutines wait on: the most wanted first, with the first of those who wait.
#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "golang/snapshot.h"
#include "leak/describe.h"

namespace parked::report {

using golang::Index;

/// Indices of an array, the ones with the highest `weight` first.
template <class Weight>
std::vector<Index> byWeight(std::size_t size, Weight weight) {
  std::vector<Index> order(size);
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return weight(a) > weight(b); });
  return order;
}

/// The first goroutines that wait on each of some objects, and how.
class Waiters {
 public:
  Waiters(const golang::Snapshot& snapshot, std::span<const Index> objects, bool channels)
      : snapshot_(snapshot), texts_(objects.size()), counts_(objects.size(), 0) {
    std::unordered_map<Index, std::size_t> at;
    for (std::size_t i = 0; i < objects.size(); ++i) at[objects[i]] = i;
    for (const golang::Wait& wait : snapshot.waits) {
      const bool isChannel = wait.kind == golang::ObjectKind::channel;
      if (isChannel != channels || (!isChannel && !isLock(wait.kind))) continue;
      const auto found = at.find(wait.object);
      if (found != at.end() && wait.goroutine < snapshot.goroutines.size()) {
        add(found->second, wait);
      }
    }
  }
  /// "goroutine 5 (rlock), goroutine 6 (lock), ..."
  const std::string& operator[](std::size_t i) const { return texts_[i]; }

 private:
  static constexpr std::size_t kShown = 3;

  static bool isLock(golang::ObjectKind kind) {
    return kind >= golang::ObjectKind::mutex && kind <= golang::ObjectKind::semaphore;
  }

  void add(std::size_t i, const golang::Wait& wait) {
    if (++counts_[i] <= kShown) {
      texts_[i] += fmt::format("{}goroutine {} ({})", counts_[i] == 1 ? "" : ", ",
                               snapshot_.goroutines[wait.goroutine].id, golang::opName(wait.op));
    } else if (counts_[i] == kShown + 1) {
      texts_[i] += ", ...";
    }
  }

  const golang::Snapshot& snapshot_;
  std::vector<std::string> texts_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace parked::report
