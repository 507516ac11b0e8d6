// What the standard library holds: HTTP and SQL pools, contexts, files. Read once per snapshot, as
// flat arrays like the snapshot's own, with one walker each.
#pragma once

#include <memory>

#include "base/incomplete.h"
#include "base/observer.h"
#include "golang/snapshot.h"
#include "proof/proof.h"
#include "stdlib/contexts.h"
#include "stdlib/files.h"
#include "stdlib/http.h"
#include "stdlib/pools.h"
#include "stdlib/sql.h"
#include "stdlib/timers.h"
#include "stdlib/xsync.h"

namespace parked::stdlib {

using golang::Index;
using golang::kNone;

struct Resources {
  Http http;
  Sql sql;
  Timers timers;
  Contexts contexts;
  Files files;
  ExtraSync extraSync;
  std::vector<StarvedPool> starved;
  IncompleteList incomplete;  ///< what of them could not be read
  bool interrupted = false;   ///< the user asked to stop: nothing of them is here
};

/// Reads all of them. Needs the target's memory: of a live process, while it is stopped. `proof`
/// may be null or withheld; then what needs the heap index opens its own. Damage costs what is
/// damaged and is counted. Interrupted, it gives nothing: who has not looked everywhere does not
/// know that nobody has a thing.
std::unique_ptr<Resources> readResources(const golang::Snapshot& snapshot,
                                         const proof::Proof* proof, Observer* observer,
                                         Timings* timings);

/// What readResources() gives when it is interrupted.
std::unique_ptr<Resources> interruptedResources();

}  // namespace parked::stdlib
