// The contexts of a program as trees: who derives from whom, what can still be cancelled, and by
// whom it cannot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golang/snapshot.h"

namespace parked::resources {

using golang::Index;
using golang::kNone;

enum class ContextKind : std::uint8_t {
  root,           ///< context.Background or TODO
  cancel,         ///< WithCancel, WithCancelCause
  deadline,       ///< WithDeadline, WithTimeout
  value,          ///< WithValue
  afterFunc,      ///< what context.AfterFunc hangs on its context
  withoutCancel,  ///< WithoutCancel
  custom,         ///< any other type
};

struct ContextTraits {
  ContextKind value;
  std::string_view id;        ///< stable, for machines: "after_func"
  std::string_view function;  ///< of package context that makes it; "" where a type says more
};
const ContextTraits& traitsOf(ContextKind kind);

struct ContextNode {
  Addr address = 0;
  ContextKind kind = ContextKind::custom;
  std::string type;      ///< "context.cancelCtx", "*main.requestContext"
  std::string key;       ///< value: type of its key
  Index parent = kNone;  ///< into Contexts::nodes
  /// It is in the set of those that end with this one, the nearest above it that can be cancelled.
  Index registered = kNone;
  std::uint64_t children = 0;     ///< nodes derived from it directly
  std::uint64_t cancelables = 0;  ///< in its set of those that end with it, however far down
  bool cancelled = false;
  bool deadlineKnown = false;
  std::int64_t deadline = 0;      ///< monotonic ns; a timer that still pends
  Index timer = kNone;            ///< into Timers::all
  Addr done = 0;                  ///< channel of Done(); 0: nobody asked for it
  std::vector<Index> goroutines;  ///< that wait on it
  Addr callback = 0;              ///< afterFunc: entry of the function it will call; 0: not known
  /// Nobody who can run has the context or its cancel function (afterFunc: its stop function): only
  /// the one it derives from or its timer end it. false if that is not known.
  bool lost = false;
};

struct Contexts {
  std::vector<ContextNode> nodes;
};

}  // namespace parked::resources
