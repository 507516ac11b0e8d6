// Reads Contexts. Mirrors context/context.go (cancelCtx, timerCtx, valueCtx, afterFuncCtx,
// withoutCancelCtx), Go 1.18 to 1.27.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/incomplete.h"
#include "golang/map_reader.h"
#include "stdlib/contexts.h"
#include "stdlib/finder.h"
#include "stdlib/stop.h"
#include "stdlib/timers.h"
#include "stdlib/values.h"

namespace parked::stdlib {

class ContextReader {
 public:
  /// `timers` are read first; `observer` may be null. All must outlive the object.
  ContextReader(const golang::Snapshot& snapshot, const heap::Heap& heap, bool proved,
                const Timers& timers, IncompleteList& incomplete, Observer* observer);

  /// Types to look for in the first pass of `finder`.
  static void want(Finder& finder);
  /// Reads the trees from what that pass found; asks `again` about holders for a second one.
  void read(const Finder& finder, Finder& again);
  /// Which ones nobody can cancel any more, by what the second pass found. Both end early when the
  /// user asks to stop, and what they give is worth nothing then.
  void judgeHolders(const Finder& again);

  const Contexts& contexts() const { return contexts_; }
  Contexts take() { return std::move(contexts_); }

 private:
  struct Layout {
    std::uint32_t context = 0, done = 0, error = 0, value = 0, key = 0, without = 0, callback = 0;
    image::Field<Addr> children, timer, inner;
    bool usable = false;
  };

  void bind();
  bool isContext(const Interface& context) const;
  Index nodeAt(Interface context);
  Index create(const Interface& context, const std::string& type);
  Interface parentOf(const ContextNode& node, Addr type) const;
  Interface customParent(const ContextNode& node, Addr type) const;
  Addr cancelPart(const ContextNode& node) const;
  void readCancel(ContextNode& node);
  void readChildren(Index index);
  void addFromTimers();
  void cutCycles();
  void addGoroutines();

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  const bool proved_;
  const Timers& timers_;
  IncompleteList& incomplete_;
  Stop stop_;
  Values values_;
  golang::MapReader maps_;
  Layout layout_;
  const image::RuntimeType* childrenType_ = nullptr;
  Contexts contexts_;
  std::vector<Addr> types_;                         // descriptors, parallel to the nodes
  std::map<std::pair<Addr, Addr>, Index> byValue_;  // address and type
  golang::AddrMap mapParts_;                        // objects that hold sets of children
  golang::AddrMap nodeObjects_;                     // heap objects of nodes
  golang::AddrMap timerObjects_;                    // to index of the timer
  Addr background_ = 0;
};

}  // namespace parked::stdlib
