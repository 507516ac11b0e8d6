// The resources of a program: what libraries hold and goroutines wait for. Read once per snapshot,
// as flat arrays like the snapshot's own.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/incomplete.h"
#include "base/observer.h"
#include "base/parts.h"
#include "golang/snapshot.h"
#include "proof/proof.h"
#include "report/section.h"

namespace parked::resources {

using golang::Index;
using golang::kNone;

struct Resources {
  Parts parts;                ///< Http, Sql, Timers …: of every resource its model
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

/// Everything that a report tells besides goroutines: of resources, and of core/report.
std::span<const report::Section* const> sections();
/// Null if there is none of that name.
const report::Section* sectionNamed(std::string_view name);
/// Whether the section tells of resources: reading them is needed for it.
bool tellsOfResources(const report::Section& section);

/// What a report needs to tell of them. `resources` may be null: they were not read.
report::Brought broughtBy(const Resources* resources);

}  // namespace parked::resources
