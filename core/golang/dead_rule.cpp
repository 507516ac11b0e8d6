#include "golang/dead_rule.h"

#include <string_view>

namespace parked::golang {

namespace {
// newproc1 and oneNewExtraM leave less above the outermost frame.
constexpr std::uint64_t kSpare = 64;
}  // namespace

/// Told by sched, which is set before the status and not touched after it:
/// - A goroutine ends in mcall, which saves where it stands (proc.go, goexit1; coro.go, coroexit).
///   That stays, on free lists too, until newproc1 uses the g again.
/// - newproc1 clears sched and lets it begin at the top of the stack. So does malg with a new g.
/// - That of a thread of C, which keeps its m, begins at the top, in goexit (oneNewExtraM), and
///   cgocallback puts that back after each call.
/// Whoever else is called dead has a saved pc elsewhere (gopark, a system call), or has an m and
/// runs.
bool DeadRule::canBeDead(const image::Object& g) {
  const Addr pc = g[g_.schedPc], sp = g[g_.schedSp], top = g[g_.stackHi];
  const Place place = placeOf(pc);
  if (place == Place::end) return true;
  const bool begins = sp <= top && top - sp <= kSpare;
  if (g[g_.m] != 0) return begins && place == Place::goexit;
  return begins || sp == 0 || pc == 0;
}

DeadRule::Place DeadRule::placeOf(Addr pc) {
  const auto [it, isNew] = places_.try_emplace(pc, Place::elsewhere);
  if (!isNew) return it->second;
  const image::FuncIndex index = image_.functions().find(pc);
  if (index == image::kNoFunc) return it->second;
  const std::string_view name = image_.functions().function(index).name;
  // What ends a goroutine may be inlined into its only caller: coroexit is, into the wrapper of
  // corostart's defer.
  if (name == "runtime.goexit1" || name == "runtime.Goexit" || name == "runtime.coroexit" ||
      name.starts_with("runtime.corostart")) {
    it->second = Place::end;
  } else if (name == "runtime.goexit") {
    it->second = Place::goexit;
  }
  return it->second;
}

}  // namespace parked::golang
