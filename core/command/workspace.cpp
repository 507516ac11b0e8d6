// What commands work on, made when it is first needed.

#include <fmt/format.h>

#include "base/text.h"
#include "command/execute.h"
#include "report/alerts.h"

namespace parked::command {

std::vector<Incomplete> Workspace::incomplete() const {
  std::vector<Incomplete> all = incomplete_;
  if (proof_ != nullptr && proof_->interrupted() && !snapshot_->interrupted) {
    all.push_back({std::string(kInterrupted), "the proof was not finished", 1, 0});
  }
  if (orphans_ != nullptr && proof_ != nullptr && proof_->given() && !orphans_->given()) {
    all.push_back({orphans_->interrupted() ? std::string(kInterrupted) : "orphans",
                   "who still runs and cannot be stopped is not known: " + orphans_->withheld(), 1,
                   0});
  }
  if (proof_ != nullptr && proof_->memoryMissing()) {
    all.push_back({"proof", "memory that it needs is not in the target", 1, 0});
  }
  if (analysis_ != nullptr && !analysis_->interrupted().empty()) {
    all.push_back({std::string(kInterrupted), std::string(analysis_->interrupted()), 1, 0});
  }
  return all;
}

const leak::Analysis& Workspace::analysis(const leak::Thresholds& thresholds, const Work& work) {
  // A command was interrupted, this is another one.
  const bool kept = analysis_ != nullptr && analysis_->options().thresholds == thresholds &&
                    analysis_->interrupted().empty();
  if (!kept) {
    leak::Options options;
    options.thresholds = thresholds;
    const bool finished = proof_ == nullptr || !proof_->interrupted();
    options.proofs = target_.kind != target::Kind::liveUnstopped && finished;
    options.proof = proof_;
    options.orphans = orphans_;
    analysis_.reset();
    analysis_ =
        std::make_unique<leak::Analysis>(*snapshot_, *code_, options, work.timings, work.observer);
  }
  return *analysis_;
}

const resources::Resources* Workspace::resources(const Work& work) {
  const bool stopped = snapshot_->interrupted || (proof_ != nullptr && proof_->interrupted());
  // A command was interrupted, this is another one.
  const bool again = target::isFile(target_.kind) && !stopped;
  if (again && resources_ != nullptr && resources_->interrupted) resources_.reset();
  if (resources_ == nullptr && stopped) {
    resources_ = resources::interruptedResources();
  } else if (resources_ == nullptr) {
    resources_ = resources::readResources(*snapshot_, proof_, work.observer, work.timings);
  }
  return resources_.get();
}

std::vector<Incomplete> Workspace::incompleteWithResources() const {
  std::vector<Incomplete> all = incomplete();
  if (resources_ != nullptr) {
    const auto& more = resources_->incomplete.entries();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<std::string> Workspace::limits() const {
  return report::limitsOf(incompleteWithResources(), proof_);
}

bool Workspace::interrupted() const {
  return snapshot_->interrupted || (proof_ != nullptr && proof_->interrupted()) ||
         (resources_ != nullptr && resources_->interrupted) ||
         (analysis_ != nullptr && !analysis_->interrupted().empty());
}

std::string timingsText(const Timings& opening, const Timings& running) {
  std::string text;
  std::chrono::nanoseconds total{0};
  for (const Timings* timings : {&opening, &running}) {
    for (const Timings::Entry& entry : timings->entries()) {
      text += fmt::format("{:<24}{:>10}\n", entry.stage, humanDuration(entry.spent.count()));
      total += entry.spent;
    }
  }
  return text + fmt::format("{:<24}{:>10}\n", "total", humanDuration(total.count()));
}

}  // namespace parked::command
