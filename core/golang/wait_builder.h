// What the resolvers of waits share: the snapshot being filled, and ways to add to it.
#pragma once

#include <string_view>
#include <vector>

#include "golang/access.h"
#include "golang/snapshot.h"
#include "golang/wait_sites.h"
#include "schema/sudog.h"

namespace parked::golang {

struct WaitBuilder {
  WaitBuilder(Snapshot& s, Access& a) : snapshot(s), access(a), sites(s, a.code) {
    std::vector<std::string> missing;
    sudogs = schema::SudogLayout::of(a.layouts, missing);
    haveSudogs = missing.empty();
  }

  Wait& add(Index goroutine, ObjectKind kind, WaitOp op = WaitOp::none) {
    Wait& wait = snapshot.waits.emplace_back();
    wait.goroutine = goroutine;
    wait.kind = kind;
    wait.op = op;
    return wait;
  }

  /// Adds a wait on something that could not be determined, and why.
  void unknown(Index goroutine, std::string_view why, Addr address = 0) {
    Wait& wait = add(goroutine, ObjectKind::unknown);
    wait.address = address;
    wait.note = note(why);
  }

  StringId note(std::string_view text) { return snapshot.strings.intern(text); }

  /// The innermost `limit` physical frames of a goroutine; valid until the next call.
  const std::vector<Frame>& frames(const Goroutine& goroutine, std::size_t limit) {
    frames_.clear();
    access.code.unwind(goroutine, limit, frames_);
    return frames_;
  }

  Snapshot& snapshot;
  Access& access;
  WaitSites sites;
  schema::SudogLayout sudogs;
  bool haveSudogs = false;

 private:
  std::vector<Frame> frames_;
};

}  // namespace parked::golang
