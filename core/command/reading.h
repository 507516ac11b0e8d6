// One Go runtime of a target, read: memory, snapshot, proof, and the commands about it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/observer.h"
#include "command/access_host.h"
#include "command/execute.h"
#include "command/host_observer.h"
#include "command/live_copy.h"
#include "command/options.h"
#include "golang/snapshot.h"
#include "image/image.h"
#include "leak/code.h"
#include "parked/parked.h"
#include "proof/orphans.h"
#include "proof/proof.h"
#include "stdlib/resources.h"
#include "target/target.h"

namespace parked::command {

class Reading {
 public:
  /// Opens the target and takes the snapshot. A live process is released before this returns.
  Result<void> open(const OpenRequest& request, const Host& host);
  /// The error of opening; a file that changed meanwhile may be all that is behind it.
  Error explained(Error error) const;

  /// Runs a command that was understood.
  Result<CommandResult> run(const Invocation& invocation, const Style& style, const Sink& sink);

  std::optional<Session::Registers> registersOf(std::uint64_t goid) const;
  Workspace& workspace() const { return *workspace_; }

  /// The file that has the runtime: "" if that is not known.
  std::string file() const;
  /// The files of all runtimes of the target, this one's among them.
  std::vector<std::string> runtimes() const;

 private:
  /// Snapshot, proof and resources. A live process is looked at again where what is normal for a
  /// moment cost a part of the answer.
  Result<void> readTarget(const OpenRequest& request, Observer* observer);
  /// One look, with a live process stopped as long as it has to be.
  Result<void> look(LiveCopy* copy, const OpenRequest& request, Observer* observer);
  /// What of the last look another one may do better; "" if nothing, or if it would stop the
  /// process for too long.
  std::string worthAnotherLook(const OpenRequest& request, Observer* observer);
  /// Who can never run again, and whom nobody can stop.
  void prove(Observer* observer);
  void proveNothing(const std::string& why);
  /// Of a process that is read while it runs: reads again while goroutines went on meanwhile, up to
  /// a few times; those that still did are marked.
  Result<void> rereadRaced(Observer* observer);
  /// A live process was let go before everything was copied.
  void tellLate(const OpenRequest& request);
  /// Says so, and proves nothing, if a file changed while it was read.
  void tellChanged(const OpenRequest& request);
  Result<std::unique_ptr<target::Target>> openTarget(const OpenRequest& request,
                                                     HostObserver& observer);
  /// Whether the file's code is one of the modules that this runtime has, as a plugin's is.
  bool hasModuleIn(const target::GoFile& file) const;

  Host callbacks_;  ///< asked while commands run, too
  Timings timings_;
  std::unique_ptr<AccessHost> debugger_;
  std::unique_ptr<target::Target> target_;
  std::unique_ptr<image::Image> image_;
  std::unique_ptr<golang::Snapshot> snapshot_;
  std::unique_ptr<proof::Proof> proof_;
  std::unique_ptr<proof::Orphans> orphans_;  ///< refers to the proof
  std::unique_ptr<stdlib::Resources> resources_;
  std::unique_ptr<leak::Code> code_;
  std::unique_ptr<Workspace> workspace_;
  bool changedBefore_ = false;  ///< a file of the target, while it was opened; the report says so
};

}  // namespace parked::command
