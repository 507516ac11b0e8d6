#include "command/execute.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <sys/stat.h>
#include <utility>

#include "base/closest.h"
#include "base/text.h"
#include "report/at_exit.h"
#include "report/baseline.h"
#include "report/crash.h"
#include "report/format.h"
#include "report/lists.h"
#include "report/section.h"
#include "report/sort.h"
#include "report/source_lines.h"
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
std::vector<query::Filter> effectiveFilters(const Invocation& invocation) {
  std::vector<query::Filter> filters = invocation.filters;
  const bool folds =
      invocation.kind == Kind::goroutines || invocation.kind == Kind::pstree || invocation.grouped;
  const bool asked = std::any_of(filters.begin(), filters.end(), [](const query::Filter& filter) {
    return filter.property == query::Property::user;
  });
  if (invocation.format->forPeople && folds && !asked && !invocation.system && !invocation.all) {
    filters.push_back({true, query::Property::user, {}});
  }
  return filters;
}

/// What is not known may hide what was asked about.
bool isIncomplete(const Invocation& invocation, const report::Report& report) {
  if (report.interrupted || !report.incomplete.empty()) return true;
  return invocation.lacksProof(report.analysis->options().proof);
}

/// Lines of source are for people, and for others who ask.
void addSource(const Invocation& invocation, report::Report& report) {
  if (invocation.noSource || !(invocation.withSource || invocation.format->forPeople)) return;
  struct stat status{};
  const bool known = stat(report.target.executable.c_str(), &status) == 0;
  const std::string& version = report.target.goVersion;
  report.source = std::make_shared<report::SourceLines>(
      report.analysis->code(), version, known ? status.st_mtime : 0, invocation.sourcePaths,
      report::GoFolders::fromEnvironment(version, report.target.architecture));
}

/// To be called before the report is rendered: documents have the decision in them.
void decide(const Invocation& invocation, report::Report& report) {
  if (!invocation.failOn) return;
  const auto decides = report.atExit ? report::decideAtExit : report::decide;
  report.decision = decides(report, *invocation.failOn);
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
Result<void> checkRules(const query::AllowList& list, const std::string& file) {
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

/// That is what was left out when the user asked to stop, if nothing was before.
void noteInterruption(report::Report& report, std::string what) {
  if (std::exchange(report.interrupted, true)) return;
  report.incomplete.push_back({std::string(kInterrupted), std::move(what), 1, 0});
}

Result<report::Report> reportFor(const Asked& asked, const std::vector<query::Filter>& filters) {
  const auto& [invocation, workspace, style, sink, work] = asked;
  const leak::Analysis& analysis = workspace.analysis(invocation.thresholds, work);
  const Timings::Scope scope(work.timings, "report");
  const resources::Resources* resources = workspace.resources(work);
  auto report = report::makeReport(analysis, resources::broughtBy(resources), workspace.target(),
                                   workspace.incompleteWithResources(), filters, invocation.groupBy,
                                   work.observer);
  if (!report) return report;
  addSource(invocation, *report);
  report->interrupted = workspace.interrupted();
  if (work.cancelled()) noteInterruption(*report, "which rules they are cases of");
  if (!invocation.ignoreFile.empty()) {
    const auto list = query::AllowList::read(invocation.ignoreFile);
    if (!list) return tl::unexpected(list.error());
    if (auto known = checkRules(*list, invocation.ignoreFile); !known) {
      return tl::unexpected(known.error());
    }
    report::applyAllowList(*report, *list);
  }
  if (!invocation.baseline.empty()) {
    const auto baseline = compare::Baseline::read(invocation.baseline);
    if (!baseline) return tl::unexpected(baseline.error());
    report::applyBaseline(*report, *baseline);
  }
  return report;
}

void addHoldings(report::Report& report, const Work& work) {
  const Timings::Scope scope(work.timings, "retained memory");
  report::addHoldings(report, work.observer);
  if (report.holdings.interrupted) noteInterruption(report, "what leaks retain");
}

/// Each Go runtime of a process would write over the one before.
Result<void> keepBaseline(const Invocation& invocation, const report::Report& report) {
  if (invocation.writeBaseline.empty()) return {};
  if (report.target.runtimes.size() > 1 && invocation.module.empty()) {
    return fail(ErrorCode::usage,
                "--write-baseline writes of one Go runtime, and the process has several: name one "
                "with --module");
  }
  if (report.interrupted)
    return fail(ErrorCode::interrupted, "interrupted: no baseline is written");
  const leak::Verdict verdict = invocation.failOn.value_or(leak::Verdict::suspect);
  return report::writeBaseline(report, verdict, invocation.writeBaseline);
}

Result<Exit> executeGoroutines(const Asked& asked) {
  const Invocation& invocation = asked.invocation;
  auto made = reportFor(asked, effectiveFilters(invocation));
  if (!made) return tl::unexpected(made.error());
  report::Report& report = *made;
  report.atExit = invocation.kind == Kind::exec;
  const bool groups = invocation.kind != Kind::goroutines || invocation.grouped;
  if (groups) addHoldings(report, asked.work);
  report::sortGroups(report, invocation.sortBy);
  decide(invocation, report);
  if (auto kept = keepBaseline(invocation, report); !kept) return tl::unexpected(kept.error());
  report::sortGoroutines(report, invocation.sortBy);
  const bool system = invocation.system || invocation.all || !invocation.filters.empty();
  const auto text = [&](const report::TextStyle& style, const Sink& sink) {
    if (invocation.kind == Kind::report) {
      return report::renderText(report, {invocation.limitOr(kReportGroups), system}, style, sink);
    }
    if (invocation.kind == Kind::exec) {
      return report::renderAtExit(report, invocation.limitOr(kReportGroups), style, sink);
    }
    if (invocation.grouped) {
      const report::TextOptions options{invocation.limitOr(kReportGroups), true, invocation.stacks};
      report::renderGroups(report, options, style, sink);
    } else {
      report::renderGoroutines(report, invocation.limitOr(kGoroutineLines), invocation.stacks,
                               style, sink);
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
  const std::uint64_t most = invocation.limitOr(invocation.format->forPeople ? kStackFrames : 0);
  report::addCases(*report, *index, most, asked.work.observer);
  if (asked.work.cancelled()) noteInterruption(*report, "who could make a select's cases ready");
  if (!quieted) decide(invocation, *report);
  const auto text = [&](const report::TextStyle& style, const Sink& sink) {
    report::renderGoroutine(*report, *index, most, style, sink);
    report::renderIncomplete(*report, style, sink);
  };
  return render(asked, *report, text, [&](report::Document& document) {
    report::addReport(document, invocation.limitOr(0));
    report::addCases(document);
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
  report.grouping = query::group(*report.analysis, report.goroutines);
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

Result<report::Metrics> metricsFor(const Invocation& invocation, Workspace& workspace,
                                   const Work& work) {
  const Sink nowhere = [](std::string_view) { return true; };
  auto report = reportFor({invocation, workspace, {}, nowhere, work}, invocation.filters);
  if (!report) return tl::unexpected(report.error());
  addHoldings(*report, work);
  if (report->interrupted) return fail(ErrorCode::interrupted, "interrupted");
  return report::metricsOf(*report);
}

Result<Exit> execute(const Invocation& invocation, Workspace& workspace, const Style& style,
                     const Sink& sink, const Work& work) {
  const Asked asked{invocation, workspace, textStyle(style, invocation), sink, work};
  switch (invocation.kind) {
    case Kind::report:
    case Kind::goroutines:
    case Kind::exec:
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
    case Kind::dump:
    case Kind::diff:
    case Kind::execSummary:
    case Kind::handler:
    case Kind::explain:
    case Kind::help:
      break;  // not of one snapshot
  }
  return fail(ErrorCode::usage, fmt::format("{} is not of one moment", invocation.command));
}

}  // namespace parked::command
