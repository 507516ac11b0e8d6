#include "command/execute.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>

#include "base/closest.h"
#include "leak/numbers.h"
#include "report/crash.h"
#include "report/format.h"
#include "report/lists.h"
#include "report/section.h"
#include "report/tree.h"

namespace parked::command {

namespace {

constexpr std::uint64_t kReportGroups = 10;
constexpr std::uint64_t kGoroutineLines = 50;
constexpr std::uint64_t kListLines = 40;
constexpr std::uint64_t kStackFrames = 50;

report::TextStyle textStyle(const Style& style, const Invocation& invocation) {
  return {style.color, style.width, style.commandPrefix, invocation.choosing, invocation.judging};
}

/// Filters as given, and one more: without --system the runtime's own goroutines stay out of
/// lists, unless a filter asks about them.
std::vector<leak::Filter> effectiveFilters(const Invocation& invocation) {
  std::vector<leak::Filter> filters = invocation.filters;
  const bool folds =
      invocation.kind == Kind::goroutines || invocation.kind == Kind::pstree || invocation.grouped;
  const bool asked = std::any_of(filters.begin(), filters.end(), [](const leak::Filter& filter) {
    return filter.property == leak::Property::user;
  });
  if (invocation.format->forPeople && folds && !asked && !invocation.system && !invocation.all) {
    filters.push_back({true, leak::Property::user, {}});
  }
  return filters;
}

/// What is not known may hide what was asked about.
bool isIncomplete(const Invocation& invocation, const report::Report& report) {
  if (report.interrupted || !report.incomplete.empty()) return true;
  return invocation.lacksProof(report.analysis->options().proof);
}

/// To be called before the report is rendered: documents have the decision in them.
void decide(const Invocation& invocation, report::Report& report) {
  if (!invocation.failOn) return;
  report.decision = report::decide(report, *invocation.failOn);
  report.decision->incomplete = isIncomplete(invocation, report);
}

Exit exitOf(const Invocation& invocation, const report::Report& report) {
  if (report.interrupted) return Exit::incomplete;
  if (report.decision && report.decision->fails()) return Exit::findings;
  return isIncomplete(invocation, report) ? Exit::incomplete : Exit::clean;
}

Result<golang::Index> findGoroutine(const golang::Snapshot& snapshot, std::string_view argument) {
  std::uint64_t id = 0;
  if (!parseNumber(argument, id)) {
    return fail(ErrorCode::usage, fmt::format("'{}' is no goroutine id", argument));
  }
  const golang::Goroutine* goroutine = snapshot.byId(id);
  if (goroutine == nullptr && snapshot.interrupted) {
    return fail(ErrorCode::interrupted,
                fmt::format("interrupted: whether there is a goroutine {} is not known", id));
  }
  if (goroutine == nullptr) {
    return fail(ErrorCode::notFound, fmt::format("there is no goroutine {}", id));
  }
  return static_cast<golang::Index>(goroutine - snapshot.goroutines.data());
}

Result<golang::Index> findChannel(const golang::Snapshot& snapshot, std::string_view argument) {
  std::uint64_t address = 0;
  if (!parseAddress(argument, address)) {
    return fail(ErrorCode::usage, fmt::format("'{}' is no address", argument));
  }
  const auto& channels = snapshot.channels;
  const auto at = std::lower_bound(
      channels.begin(), channels.end(), address,
      [](const golang::Channel& channel, Addr wanted) { return channel.address < wanted; });
  if (at == channels.end() || at->address != address) {
    return fail(ErrorCode::notFound,
                fmt::format("no goroutine waits on a channel at {:#x}", address), address);
  }
  return static_cast<golang::Index>(at - channels.begin());
}

/// A name that no rule has would quiet nothing.
Result<void> checkRules(const leak::AllowList& list, const std::string& file) {
  std::vector<std::string_view> names;
  for (const rules::Rule& rule : rules::rules()) names.push_back(rule.name);
  for (const std::string& name : list.rules()) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return fail(ErrorCode::usage,
                fmt::format("{}: there is no rule '{}'.{}", file, name, didYouMean(name, names)));
  }
  return {};
}

/// Who answers, and where to.
struct Asked {
  const Invocation& invocation;
  Workspace& workspace;
  report::TextStyle style;
  const Sink& sink;
  const Work& work;
};

Result<Exit> render(const Asked& asked, const report::Report& report,
                    std::function<void(const report::TextStyle&, const Sink&)> text,
                    std::function<void(report::Document&)> members) {
  const Timings::Scope scope(asked.work.timings, "render");
  const report::Answer answer{report, std::move(text), std::move(members),
                              asked.invocation.limitOr(0), asked.invocation.system};
  asked.invocation.format->render(answer, asked.style, asked.sink);
  return exitOf(asked.invocation, report);
}

Result<report::Report> reportFor(const Asked& asked, const std::vector<leak::Filter>& filters) {
  const auto& [invocation, workspace, style, sink, work] = asked;
  const leak::Analysis& analysis = workspace.analysis(invocation.thresholds, work);
  const Timings::Scope scope(work.timings, "report");
  const stdlib::Resources* resources = workspace.resources(work);
  std::vector<Incomplete> incomplete = workspace.incomplete();
  const auto& more = resources->incomplete.entries();
  incomplete.insert(incomplete.end(), more.begin(), more.end());
  auto report = report::makeReport(analysis, resources, workspace.target(), std::move(incomplete),
                                   filters, invocation.groupBy);
  if (!report) return report;
  report->interrupted = workspace.interrupted();
  if (!invocation.ignoreFile.empty()) {
    const auto list = leak::AllowList::read(invocation.ignoreFile);
    if (!list) return tl::unexpected(list.error());
    if (auto known = checkRules(*list, invocation.ignoreFile); !known) {
      return tl::unexpected(known.error());
    }
    report::applyAllowList(*report, *list);
  }
  return report;
}

void addHoldings(report::Report& report, const Work& work) {
  const Timings::Scope scope(work.timings, "retained memory");
  const bool cancelled = work.cancelled();
  if (!cancelled) report::addHoldings(report, work.observer);
  if ((cancelled || report.holdings.interrupted) && !report.interrupted) {
    report.incomplete.push_back({std::string(kInterrupted), "what leaks retain", 1, 0});
    report.interrupted = true;
  }
}

Result<Exit> executeGoroutines(const Asked& asked) {
  const Invocation& invocation = asked.invocation;
  auto made = reportFor(asked, effectiveFilters(invocation));
  if (!made) return tl::unexpected(made.error());
  report::Report& report = *made;
  if (invocation.kind == Kind::report || invocation.grouped) addHoldings(report, asked.work);
  decide(invocation, report);
  const bool system = invocation.system || invocation.all || !invocation.filters.empty();
  const auto text = [&](const report::TextStyle& style, const Sink& sink) {
    if (invocation.kind == Kind::report) {
      return report::renderText(report, {invocation.limitOr(kReportGroups), system}, style, sink);
    }
    if (invocation.grouped) {
      report::renderGroups(report, {invocation.limitOr(kReportGroups), true}, style, sink);
    } else {
      report::renderGoroutines(report, invocation.limitOr(kGoroutineLines), style, sink);
    }
    report::renderIncomplete(report, style, sink);
  };
  return render(asked, report, text, [&](report::Document& document) {
    report::addReport(document, invocation.limitOr(0));
  });
}

Result<Exit> executeTree(const Asked& asked) {
  const Invocation& invocation = asked.invocation;
  auto report = reportFor(asked, effectiveFilters(invocation));
  if (!report) return tl::unexpected(report.error());
  decide(invocation, *report);
  const report::Tree tree = [&] {
    const Timings::Scope scope(asked.work.timings, "tree");
    return report::treeOf(*report, invocation.waits, asked.work.observer);
  }();
  if (asked.work.cancelled() || report->interrupted) {
    return fail(ErrorCode::interrupted, "interrupted before that was read");
  }
  const auto text = [&](const report::TextStyle& style, const Sink& sink) {
    report::renderTree(*report, tree, invocation.limitOr(kListLines), style, sink);
    report::renderIncomplete(*report, style, sink);
  };
  return render(asked, *report, text, [&](report::Document& document) {
    report::addTree(document, tree, invocation.limitOr(0));
  });
}

Result<Exit> executeGoroutine(const Asked& asked) {
  const Invocation& invocation = asked.invocation;
  const auto index = findGoroutine(asked.workspace.snapshot(), invocation.argument);
  if (!index) return tl::unexpected(index.error());
  auto report = reportFor(asked, {});
  if (!report) return tl::unexpected(report.error());
  // Shown all the same: somebody asked for it by its id.
  const bool quieted = !std::ranges::binary_search(report->goroutines, *index);
  addHoldings(*report, asked.work);
  report::onlyGroupOf(*report, *index);
  if (!quieted) decide(invocation, *report);
  const auto text = [&](const report::TextStyle& style, const Sink& sink) {
    report::renderGoroutine(*report, *index, invocation.limitOr(kStackFrames), style, sink);
    report::renderIncomplete(*report, style, sink);
  };
  return render(asked, *report, text, [&](report::Document& document) {
    report::addReport(document, invocation.limitOr(0));
    report::addCases(document, *index, invocation.limitOr(0));
  });
}

Result<Exit> executeWhy(const Asked& asked) {
  const Invocation& invocation = asked.invocation;
  const auto index = findGoroutine(asked.workspace.snapshot(), invocation.argument);
  if (!index) return tl::unexpected(index.error());
  auto report = reportFor(asked, {});
  if (!report) return tl::unexpected(report.error());
  report::onlyGroupOf(*report, *index);
  const auto text = [&](const report::TextStyle& style, const Sink& sink) {
    report::renderWhy(*report, *index, style, sink);
    report::renderIncomplete(*report, style, sink);
  };
  return render(asked, *report, text, [&](report::Document& document) {
    document.addGoroutines(invocation.limitOr(0));
    document.addGroups();
    report::addPanicking(document);
    report::addWhy(document, *index);
  });
}

/// Leaves the goroutines in the channel's queues in the report.
void onlyQueuedAt(report::Report& report, golang::Index channel) {
  std::vector<golang::Index> queued;
  for (const golang::Wait& wait : report.snapshot->waits) {
    if (wait.kind == golang::ObjectKind::channel && wait.object == channel &&
        wait.goroutine < report.snapshot->goroutines.size()) {
      queued.push_back(wait.goroutine);
    }
  }
  std::ranges::sort(queued);
  const auto repeated = std::ranges::unique(queued);  // in two cases of one select
  queued.erase(repeated.begin(), repeated.end());
  report.goroutines = std::move(queued);
  report.grouping = leak::group(*report.analysis, report.goroutines);
  report.filtered = true;
}

Result<Exit> executeChannel(const Asked& asked) {
  const Invocation& invocation = asked.invocation;
  const auto channel = findChannel(asked.workspace.snapshot(), invocation.argument);
  if (!channel) return tl::unexpected(channel.error());
  auto report = reportFor(asked, {});
  if (!report) return tl::unexpected(report.error());
  if (report->interrupted) {
    return fail(ErrorCode::interrupted, "interrupted before that was read");
  }
  if (!invocation.format->forPeople) onlyQueuedAt(*report, *channel);
  const auto text = [&](const report::TextStyle& style, const Sink& sink) {
    report::renderChannel(*report, *channel, invocation.limitOr(kListLines), style, sink);
    report::renderIncomplete(*report, style, sink);
  };
  return render(asked, *report, text, [&](report::Document& document) {
    document.addGoroutines(invocation.limitOr(0));
    document.addGroups();
    report::addChannel(document, *channel);
    report::addPanicking(document);
  });
}

Result<Exit> executeSection(const Asked& asked) {
  const Invocation& invocation = asked.invocation;
  const report::Section& section = *invocation.section;
  auto report = reportFor(asked, {});
  if (!report) return tl::unexpected(report.error());
  if (report->interrupted && !section.worthInPart) {
    return fail(ErrorCode::interrupted, "interrupted before that was read");
  }
  const auto text = [&](const report::TextStyle& style, const Sink& sink) {
    section.render(*report, invocation.limitOr(section.lines), style, sink);
    if (!section.repeatsIncomplete) report::renderIncomplete(*report, style, sink);
  };
  return render(asked, *report, text, [&](report::Document& document) {
    if (section.members != nullptr) section.members(document, invocation.limitOr(0));
  });
}

}  // namespace

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

const stdlib::Resources* Workspace::resources(const Work& work) {
  const bool stopped = snapshot_->interrupted || (proof_ != nullptr && proof_->interrupted());
  // A command was interrupted, this is another one.
  const bool again = target_.kind == target::Kind::core && !stopped;
  if (again && resources_ != nullptr && resources_->interrupted) resources_.reset();
  if (resources_ == nullptr && stopped) {
    resources_ = stdlib::interruptedResources();
  } else if (resources_ == nullptr) {
    resources_ = stdlib::readResources(*snapshot_, proof_, work.observer, work.timings);
  }
  return resources_.get();
}

bool Workspace::interrupted() const {
  return snapshot_->interrupted || (proof_ != nullptr && proof_->interrupted()) ||
         (resources_ != nullptr && resources_->interrupted) ||
         (analysis_ != nullptr && !analysis_->interrupted().empty());
}

Result<Exit> execute(const Invocation& invocation, Workspace& workspace, const Style& style,
                     const Sink& sink, const Work& work) {
  const Asked asked{invocation, workspace, textStyle(style, invocation), sink, work};
  switch (invocation.kind) {
    case Kind::report:
    case Kind::goroutines:
      return executeGoroutines(asked);
    case Kind::pstree:
      return executeTree(asked);
    case Kind::goroutine:
      return executeGoroutine(asked);
    case Kind::why:
      return executeWhy(asked);
    case Kind::channel:
      return executeChannel(asked);
    case Kind::section:
      return executeSection(asked);
    case Kind::watch:
    case Kind::help:
      break;  // not of one snapshot
  }
  return fail(ErrorCode::usage, fmt::format("{} is not of one moment", invocation.command));
}

std::string timingsText(const Timings& opening, const Timings& running) {
  std::string text;
  std::chrono::nanoseconds total{0};
  for (const Timings* timings : {&opening, &running}) {
    for (const Timings::Entry& entry : timings->entries()) {
      text += fmt::format("{:<24}{:>10}\n", entry.stage, leak::humanDuration(entry.spent.count()));
      total += entry.spent;
    }
  }
  return text + fmt::format("{:<24}{:>10}\n", "total", leak::humanDuration(total.count()));
}

}  // namespace parked::command
