// Runs one understood command on a snapshot that was taken.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "command/options.h"
#include "leak/analysis.h"
#include "parked/parked.h"
#include "report/metrics.h"
#include "report/model.h"
#include "resources/resources.h"

namespace parked::command {

/// Who is told of the work, and where its time is noted. Both may be null.
struct Work {
  Observer* observer = nullptr;
  Timings* timings = nullptr;
  bool cancelled() const { return observer != nullptr && observer->cancelled(); }
};

/// What commands work on: it outlives all of them.
class Workspace {
 public:
  /// `proof` and `orphans` may be null: they were not asked for. `resources` may be: then they are
  /// read when first needed, from a target that stays as it is.
  Workspace(const golang::Snapshot& snapshot, const proof::Proof* proof,
            const proof::Orphans* orphans, std::unique_ptr<resources::Resources> resources,
            const leak::Code& code, report::TargetInfo target, std::vector<Incomplete> incomplete)
      : snapshot_(&snapshot),
        proof_(proof),
        orphans_(orphans),
        resources_(std::move(resources)),
        code_(&code),
        target_(std::move(target)),
        incomplete_(std::move(incomplete)) {}

  const golang::Snapshot& snapshot() const { return *snapshot_; }
  const report::TargetInfo& target() const { return target_; }
  /// Of target, snapshot, proof and the last analysis: what makes every report of them incomplete.
  std::vector<Incomplete> incomplete() const;
  /// That, and of the resources if they were read.
  std::vector<Incomplete> incompleteWithResources() const;
  /// The analysis for these thresholds; the last one is kept, unless it was interrupted.
  const leak::Analysis& analysis(const leak::Thresholds& thresholds, const Work& work);
  const resources::Resources* resources(const Work& work);
  /// What limits every answer, a sentence each, of all that was read until now; empty: nothing.
  std::vector<std::string> limits() const;
  /// Reading was stopped by the user, in opening or in a command.
  bool interrupted() const;

 private:
  const golang::Snapshot* snapshot_;
  const proof::Proof* proof_;
  const proof::Orphans* orphans_;
  std::unique_ptr<resources::Resources> resources_;
  const leak::Code* code_;
  report::TargetInfo target_;
  std::vector<Incomplete> incomplete_;
  std::unique_ptr<leak::Analysis> analysis_;
};

/// Output goes to `sink`; the exit code says what was found.
Result<Exit> execute(const Invocation& invocation, Workspace& workspace, const Style& style,
                     const Sink& sink, const Work& work);

/// The numbers of the report that `invocation` chooses goroutines for and judges.
Result<report::Metrics> metricsFor(const Invocation& invocation, Workspace& workspace,
                                   const Work& work);

/// The lines of --timings: opening and this command.
std::string timingsText(const Timings& opening, const Timings& running);

}  // namespace parked::command
