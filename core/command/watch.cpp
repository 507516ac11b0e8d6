// `parked watch`: one process, opened and read again and again.

#include "report/watch.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>

#include "command/execute.h"
#include "command/host_observer.h"
#include "command/options.h"
#include "command/reading.h"
#include "leak/allow_list.h"
#include "parked/parked.h"
#include "report/escape.h"
#include "target/proc.h"

namespace parked {

namespace {

constexpr std::uint64_t kGroups = 10;

/// Ended, or only waiting for its parent to notice.
bool isGone(std::int32_t pid) { return target::livingThread(pid) == 0; }

/// The goroutines the options choose.
Result<std::vector<golang::Index>> choose(const command::Invocation& options,
                                          const leak::Analysis& analysis) {
  std::vector<leak::Filter> filters = options.filters;
  const bool asked = std::ranges::any_of(
      filters, [](const leak::Filter& f) { return f.property == leak::Property::user; });
  if (!asked && !options.system && !options.all) {
    filters.push_back({true, leak::Property::user, {}});
  }
  auto chosen = leak::chooseGoroutines(analysis, filters);
  if (!chosen || options.ignoreFile.empty()) return chosen;
  const auto list = leak::AllowList::read(options.ignoreFile);
  if (!list) return tl::unexpected(list.error());
  const std::vector<bool> quiet = list->quieted(analysis);
  std::erase_if(*chosen, [&](golang::Index i) { return quiet[i]; });
  return chosen;
}

}  // namespace

struct Watch::Impl {
  OpenRequest request;
  command::Invocation options;
  leak::History history;
  report::WatchView view;
  std::int64_t startedAt = 0;  ///< when the program's runtime started, by its own clock
  bool failed = false;         ///< a look met --fail-on
  bool lacksProof = false;     ///< the last look, although it was asked for one

  Look look(const Host& host);
  Look add(const command::Workspace& workspace, const leak::Analysis& analysis);
  bool meetsFailOn(const leak::Analysis& analysis, const std::vector<golang::Index>& chosen) const;
  Look ended() const;
};

Watch::Look Watch::Impl::ended() const {
  return {State::ended, fmt::format("process {} has ended", request.pid)};
}

Watch::Look Watch::Impl::look(const Host& host) {
  const Session::Opened opened = Session::open(request, host);
  // Of a process that ends while it is read, what was read says nothing.
  if (isGone(request.pid)) {
    const bool never = history.looks() == 0 && opened.session == nullptr;
    return never ? Look{State::ended, opened.error} : ended();
  }
  if (host.cancelled && host.cancelled()) return {State::failed, "interrupted"};
  if (opened.session == nullptr) return {State::failed, opened.error};
  const command::Reading& reading = opened.session->first();
  command::Workspace& workspace = reading.workspace();
  request.module = reading.file();  // the same one at the next look, and no other
  const golang::Snapshot& snapshot = workspace.snapshot();
  const bool another =
      snapshot.clock.started != startedAt || workspace.target().buildId != view.target.buildId;
  if (history.looks() > 0 && another) {
    return {State::ended,
            fmt::format("process {} runs another program than at the first look", request.pid)};
  }
  startedAt = snapshot.clock.started;
  command::HostObserver observer(host);
  const leak::Analysis& analysis = workspace.analysis(options.thresholds, {&observer, nullptr});
  if (!analysis.interrupted().empty()) return {State::failed, "interrupted"};
  return add(workspace, analysis);
}

Watch::Look Watch::Impl::add(const command::Workspace& workspace, const leak::Analysis& analysis) {
  const auto chosen = choose(options, analysis);
  if (!chosen) return {State::failed, report::escape(chosen.error().message)};
  view.history = &history;
  view.target = workspace.target();
  view.every = options.every;
  view.incomplete = workspace.incomplete();
  view.withheld.clear();
  if (const proof::Proof* proof = analysis.options().proof; proof != nullptr) {
    view.withheld = proof->withheld();
  } else if (options.requireProof) {
    view.withheld = "not asked for";
  }
  lacksProof = options.lacksProof(analysis.options().proof);
  history.add(analysis, *chosen, analysis.snapshot().clock.now);
  failed = failed || meetsFailOn(analysis, *chosen);
  return {};
}

bool Watch::Impl::meetsFailOn(const leak::Analysis& analysis,
                              const std::vector<golang::Index>& chosen) const {
  if (options.failOnGrowing) {
    return std::ranges::any_of(history.groups(),
                               [](const leak::FollowedGroup* group) { return group->growing; });
  }
  return options.failOn && std::ranges::any_of(chosen, [&](golang::Index i) {
           return !analysis.snapshot().goroutines[i].system &&
                  analysis.info(i).verdict >= *options.failOn;
         });
}

Watch::Watch() : impl_(std::make_unique<Impl>()) {}
Watch::~Watch() = default;

Watch::Made Watch::make(const OpenRequest& request, const std::vector<std::string>& words) {
  Made made;
  try {
    auto options = command::parse(words);
    if (!options) {
      made.error = options.error().message;
    } else if (request.pid <= 0) {
      made.error = "watch needs a live process: parked watch PID";
    } else {
      made.watch.reset(new Watch());
      made.watch->impl_->request = request;
      made.watch->impl_->request.resources = false;
      made.watch->impl_->request.module = options->module;
      made.watch->impl_->options = std::move(*options);
    }
  } catch (const std::exception& problem) {
    made.error = fmt::format("internal error: {}", problem.what());
  }
  made.error = report::escape(made.error);
  return made;
}

std::chrono::nanoseconds Watch::every() const { return impl_->options.every; }
std::uint64_t Watch::count() const { return impl_->options.count; }
bool Watch::json() const { return !impl_->options.format->forPeople; }
std::uint64_t Watch::looks() const { return impl_->history.looks(); }

Watch::Look Watch::look(const Host& host) {
  try {
    return impl_->look(host);
  } catch (const std::exception& problem) {
    return {State::failed, report::escape(fmt::format("internal error: {}", problem.what()))};
  }
}

std::string Watch::show(const Style& style, int rows) const {
  std::string text;
  if (impl_->history.looks() == 0) return text;
  const auto sink = [&text](std::string_view piece) {
    text.append(piece);
    return true;
  };
  if (json()) {
    report::renderWatchJson(impl_->view, impl_->options.limitOr(0), sink);
  } else {
    // A terminal bounds what is shown; so that blocks that are appended stay short, a limit does.
    const std::uint64_t limit = impl_->options.limitOr(rows > 0 ? 0 : kGroups);
    report::renderWatchText(impl_->view, {limit, rows},
                            {style.color, style.width, style.commandPrefix}, sink);
  }
  return text;
}

Exit Watch::exit() const {
  if (impl_->failed) return Exit::findings;
  const bool whole = impl_->view.incomplete.empty() && !impl_->lacksProof;
  return whole ? Exit::clean : Exit::incomplete;
}

}  // namespace parked
