// Reads Contexts. Mirrors context/context.go (cancelCtx, timerCtx, valueCtx, afterFuncCtx,
// withoutCancelCtx), Go 1.18 to 1.27.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/incomplete.h"
#include "base/progress.h"
#include "golang/go_values.h"
#include "golang/map_reader.h"
#include "resources/contexts/model.h"
#include "resources/finder.h"
#include "resources/timers/model.h"

namespace parked::resources {

using golang::GoValues;
using golang::Interface;
using golang::Slice;

class ContextReader {
 public:
  /// `timers` are read first; `observer` may be null. All must outlive the object. Fills in
  /// `contexts`.
  ContextReader(const golang::Snapshot& snapshot, const heap::Heap& heap, bool proved,
                const Timers& timers, Contexts& contexts, IncompleteList& incomplete,
                Observer* observer);

  /// Types to look for in the first pass of `finder`.
  static void want(Finder& finder);
  /// Reads the trees from what that pass found; asks `again` about holders for a second one.
  void read(const Finder& finder, Finder& again);
  /// Which ones nobody can cancel any more, by what the second pass found. Both end early when the
  /// user asks to stop, and what they give is worth nothing then.
  void judgeHolders(const Finder& again);

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
  Contexts& contexts_;
  IncompleteList& incomplete_;
  Progress progress_;
  GoValues values_;
  golang::MapReader maps_;
  Layout layout_;
  const image::RuntimeType* childrenType_ = nullptr;
  std::vector<Addr> types_;                         // descriptors, parallel to the nodes
  std::map<std::pair<Addr, Addr>, Index> byValue_;  // address and type
  golang::AddrMap mapParts_;                        // objects that hold sets of children
  golang::AddrMap nodeObjects_;                     // heap objects of nodes
  golang::AddrMap timerObjects_;                    // to index of the timer
  Addr background_ = 0;
};

}  // namespace parked::resources
