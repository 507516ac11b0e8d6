// `parked watch`: one process, opened and read again and again.

#include "report/watch.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>

#include "base/replace_file.h"
#include "command/before_oom.h"
#include "command/execute.h"
#include "command/host_observer.h"
#include "command/options.h"
#include "command/reading.h"
#include "compare/known.h"
#include "parked/parked.h"
#include "query/allow_list.h"
#include "report/escape.h"
#include "report/html_page.h"
#include "report/watch_series.h"
#include "target/proc.h"

namespace parked {

namespace {

constexpr std::uint64_t kGroups = 10;

/// Ended, or only waiting for its parent to notice.
bool isGone(std::int32_t pid) { return target::livingThread(pid) == 0; }

/// The goroutines the options choose.
Result<std::vector<golang::Index>> choose(const command::Invocation& options,
                                          const leak::Analysis& analysis) {
  std::vector<query::Filter> filters = options.filters;
  const bool asked = std::ranges::any_of(
      filters, [](const query::Filter& f) { return f.property == query::Property::user; });
  if (!asked && !options.system && !options.all) {
    filters.push_back({true, query::Property::user, {}});
  }
  auto chosen = query::chooseGoroutines(analysis, filters);
  if (!chosen || options.ignoreFile.empty()) return chosen;
  const auto list = query::AllowList::read(options.ignoreFile);
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
  std::optional<compare::Baseline> baseline;
  std::optional<command::BeforeOom> beforeOom;
  std::int64_t startedAt = 0;  ///< when the program's runtime started, by its own clock
  bool failed = false;         ///< a look met --fail-on
  bool lacksProof = false;     ///< the last look, although it was asked for one

  Result<void> prepare();
  Look look(const Host& host);
  Look read(const Host& host);
  bool measures() const { return !options.openmetrics.empty() || !options.listen.empty(); }
  void measure(bool up);
  Look add(const command::Workspace& workspace, const leak::Analysis& analysis);
  bool meetsFailOn(const leak::Analysis& analysis, const std::vector<golang::Index>& chosen) const;
  Look ended() const;
  void markKnown(const leak::Analysis& analysis);
  bool isKnown(golang::Index goroutine) const;

  report::Metrics metrics;  ///< of the last look
  report::WatchSeries series;
  std::string over;  ///< why the last look failed, or nobody looks any more; "" otherwise

  std::string keepMetrics() const;
  std::string keepPage() const;

  std::vector<bool> known;  ///< goroutines of the last look that the baseline lists
};

Watch::Look Watch::Impl::ended() const {
  return {State::ended, fmt::format("process {} has ended", request.pid)};
}

Watch::Look Watch::Impl::look(const Host& host) {
  Look result = read(host);
  over = result.state == State::looked ? "" : result.error;
  if (measures()) measure(result.state == State::looked);
  return result;
}

/// What all looks say; of one that failed nothing else is known.
void Watch::Impl::measure(bool up) {
  if (!up) metrics = {};
  metrics.family("up", "gauge", "1: the process was read at the last look.");
  metrics.sample({}, up ? 1 : 0);
  metrics.family("watch_looks", "counter", "Looks at which the process was read.");
  metrics.sample({}, history.looks());
  if (!up) return;
  std::uint64_t groups = 0, goroutines = 0;
  for (const leak::FollowedGroup* group : history.groups()) {
    if (!group->growing) continue;
    ++groups;
    goroutines += group->count;
  }
  metrics.family("watch_growing_groups", "gauge", "Groups that have more goroutines look by look.");
  metrics.sample({}, groups);
  metrics.family("watch_growing_goroutines", "gauge", "Goroutines in groups that grow.");
  metrics.sample({}, goroutines);
}

Watch::Look Watch::Impl::read(const Host& host) {
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
  if (measures()) {
    auto measured = command::metricsFor(options, workspace, {&observer, nullptr});
    if (!measured) return {State::failed, report::escape(measured.error().message)};
    metrics = std::move(*measured);
  }
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
  if (!options.html.empty()) series.add(history);
  markKnown(analysis);
  failed = failed || meetsFailOn(analysis, *chosen);
  return {};
}

/// Notes which goroutines and groups the baseline lists.
void Watch::Impl::markKnown(const leak::Analysis& analysis) {
  if (!baseline) return;
  const std::vector<bool> groups = compare::knownGroups(*baseline, analysis);
  const auto goroutines = analysis.snapshot().goroutines.size();
  known.assign(goroutines, false);
  for (golang::Index i = 0; i < goroutines; ++i) {
    const golang::Index group = analysis.info(i).group;
    known[i] = group < groups.size() && groups[group];
  }
  view.known.clear();
  for (const leak::FollowedGroup* group : history.groups()) {
    const golang::Goroutine* example = analysis.snapshot().byId(group->example);
    if (group->count == 0 || example == nullptr) continue;
    const auto at = static_cast<std::size_t>(example - analysis.snapshot().goroutines.data());
    if (known[at]) view.known.insert(group->number);
  }
}

bool Watch::Impl::isKnown(golang::Index goroutine) const {
  return goroutine < known.size() && known[goroutine];
}

bool Watch::Impl::meetsFailOn(const leak::Analysis& analysis,
                              const std::vector<golang::Index>& chosen) const {
  if (options.failOnGrowing) {
    return std::ranges::any_of(history.groups(), [this](const leak::FollowedGroup* group) {
      return group->growing && !view.known.contains(group->number);
    });
  }
  return options.failOn && std::ranges::any_of(chosen, [&](golang::Index i) {
           return !isKnown(i) && !analysis.snapshot().goroutines[i].system &&
                  analysis.info(i).verdict >= *options.failOn;
         });
}

namespace {

/// Replaces the file by what `write` gives to a sink. What went wrong, "" if nothing did.
std::string keep(const std::string& file, const std::function<void(const Sink&)>& write) {
  std::string text;
  write([&text](std::string_view piece) {
    text.append(piece);
    return true;
  });
  const auto written = replaceFile(file, text);
  return written ? "" : report::escape(written.error().message);
}

}  // namespace

std::string Watch::Impl::keepMetrics() const {
  if (options.openmetrics.empty()) return "";
  return keep(options.openmetrics, [this](const Sink& sink) {
    report::Writer out(sink);
    report::writeOpenMetrics(metrics, out);
  });
}

std::string Watch::Impl::keepPage() const {
  if (options.html.empty() || history.looks() == 0) return "";
  return keep(options.html,
              [this](const Sink& sink) { report::renderWatchHtml(view, series, over, sink); });
}

Watch::Watch() : impl_(std::make_unique<Impl>()) {}
Watch::~Watch() = default;

/// Errors: of the files and folders that the options name.
Result<void> Watch::Impl::prepare() {
  if (!options.baseline.empty()) {
    auto read = compare::Baseline::read(options.baseline);
    if (!read) return tl::unexpected(read.error());
    baseline = std::move(*read);
  }
  if (!options.beforeOom) return {};
  if (!request.stop) {
    return fail(ErrorCode::usage,
                "--before-oom needs the process to stand still, which --no-stop forbids");
  }
  beforeOom.emplace(request, options);
  return beforeOom->prepare();
}

Watch::Made Watch::make(const OpenRequest& request, const std::vector<std::string>& words) {
  Made made;
  try {
    auto options = command::parse(words);
    if (!options) {
      made.error = options.error().message;
    } else if (request.pid <= 0) {
      made.error = "watch needs a live process: parked watch PID";
    } else if (!options->html.empty() && !report::pageMissing().empty()) {
      made.error = report::pageMissing();
    } else {
      made.watch.reset(new Watch());
      Impl& impl = *made.watch->impl_;
      impl.request = request;
      // Rules are about them, too.
      impl.request.resources = !options->openmetrics.empty() || !options->listen.empty();
      impl.request.module = options->module;
      impl.options = std::move(*options);
      if (auto ready = impl.prepare(); !ready) {
        made.error = ready.error().message;
        made.watch.reset();
      }
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
void Watch::stop() {
  impl_->over = "the watch was stopped";
  if (impl_->measures()) impl_->measure(false);
}

std::string Watch::listen() const { return impl_->options.listen; }

std::string Watch::keepFiles() const {
  std::string wrong = impl_->keepMetrics();
  return wrong.empty() ? impl_->keepPage() : wrong;
}

std::vector<MetricFamily> Watch::metrics() const {
  std::vector<MetricFamily> all;
  for (const report::MetricFamily& family : impl_->metrics.families()) {
    MetricFamily& out = all.emplace_back();
    out.name = family.sampleName();
    out.help = family.help;
    out.counter = family.type == "counter";
    for (const auto& sample : family.samples) out.samples.push_back({sample.labels, sample.value});
  }
  return all;
}

std::uint64_t Watch::looks() const { return impl_->history.looks(); }

Watch::Look Watch::look(const Host& host) {
  try {
    return impl_->look(host);
  } catch (const std::exception& problem) {
    return {State::failed, report::escape(fmt::format("internal error: {}", problem.what()))};
  }
}

std::chrono::nanoseconds Watch::memoryEvery() const {
  // A program that takes a gigabyte a second is looked at every 200 MB.
  constexpr std::chrono::nanoseconds kOften = std::chrono::milliseconds(200);
  return impl_->beforeOom ? kOften : std::chrono::nanoseconds(0);
}

std::optional<Watch::Alarm> Watch::memory(const Host& host) {
  if (!impl_->beforeOom) return std::nullopt;
  try {
    return impl_->beforeOom->look(host);
  } catch (const std::exception& problem) {
    return Alarm{report::escape(fmt::format("internal error: {}", problem.what())), ""};
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
