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
#include "command/options.h"
#include "golang/snapshot.h"
#include "image/image.h"
#include "leak/code.h"
#include "parked/parked.h"
#include "proof/orphans.h"
#include "proof/proof.h"
#include "resources/resources.h"
#include "target/core_head.h"
#include "target/read_log.h"
#include "target/target.h"

namespace parked::command {

class Reading {
 public:
  /// Opens the target and takes the snapshot. A live process is released before this returns.
  /// `held`: as Runtimes::open has it.
  Result<void> open(const OpenRequest& request, const Host& host,
                    const std::vector<target::Thread>* held);
  /// To be called before open(): all reads of the target's memory are told to `log`.
  void record(target::ReadLog& log) { log_ = &log; }
  /// The same: of a process with several Go runtimes the memory of all is copied.
  void copyEveryRuntime() { everyRuntime_ = true; }
  /// The same: the request's process is one of which the kernel is writing a core; must outlive the
  /// object.
  void dies(const target::DyingProcess& dying) { dying_ = &dying; }
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
  class WhileThere;
  /// Snapshot, proof and resources.
  Result<void> readTarget(const OpenRequest& request, Observer* observer);
  /// Who can never run again, and whom nobody can stop.
  void prove(const golang::Snapshot& snapshot, Observer* observer);
  void proveNothing(const std::string& why);
  /// A live process was let go before everything was copied.
  void tellLate(golang::Snapshot& snapshot, const OpenRequest& request);
  /// Says so, and proves nothing, if a file changed while it was read.
  void tellChanged(const OpenRequest& request);
  Result<std::unique_ptr<target::Target>> openTarget(const OpenRequest& request,
                                                     const std::vector<target::Thread>* held,
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
  std::unique_ptr<resources::Resources> resources_;
  std::unique_ptr<leak::Code> code_;
  std::unique_ptr<Workspace> workspace_;
  target::ReadLog* log_ = nullptr;
  const target::DyingProcess* dying_ = nullptr;
  bool everyRuntime_ = false;
  bool changedBefore_ = false;  ///< a file of the target, while it was opened; the report says so
};

}  // namespace parked::command
