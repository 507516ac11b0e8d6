#include "command/before_oom.h"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

#include "base/text.h"
#include "command/dumping.h"
#include "command/memory_limit.h"
#include "command/options.h"
#include "report/escape.h"
#include "report/json_text.h"
#include "report/json_writer.h"
#include "target/proc.h"

namespace parked::command {

namespace {

constexpr std::uint64_t kKept = 5;  ///< unless --keep says something else

/// Where the figures come from.
std::string placeOf(const target::MemoryLevel& level) {
  return level.where.empty() ? "the machine" : level.where;
}

std::string figures(const OomReading& reading) {
  if (reading.stalled) return fmt::format("waits for memory {:.1f}% of the time", *reading.stalled);
  const target::MemoryLevel& level = *reading.level;
  return fmt::format("{:.1f}% of its memory is used, {} of {} left ({})", level.percent(),
                     humanBytes(level.left()), humanBytes(level.limit), placeOf(level));
}

std::string jsonOf(std::int32_t pid, const OomReading& reading, const KeptMoment& kept,
                   std::int64_t seconds) {
  std::string out;
  report::JsonWriter json(out);
  json.object([&] {
    json.member("type", "before_oom");
    json.member("schema", "parked-watch/1");
    json.member("pid", pid);
    json.text("at", report::rfc3339(seconds * 1'000'000'000));
    json.text("cgroup", reading.level ? reading.level->where : std::string());
    const auto bytes = [&](std::uint64_t target::MemoryLevel::* member) {
      return reading.level ? std::optional((*reading.level).*member) : std::nullopt;
    };
    json.member("used_bytes", bytes(&target::MemoryLevel::used));
    json.member("limit_bytes", bytes(&target::MemoryLevel::limit));
    json.key("stalled_percent");
    json.raw(reading.stalled ? fmt::format("{:.2f}", *reading.stalled) : "null");
    json.text("core", kept.core);
    json.text("report_json", kept.json);
    json.text("report_text", kept.text);
    json.array("problems", kept.problems, [&](const std::string& each) { json.value(each); });
  });
  return out + "\n";
}

}  // namespace

BeforeOom::BeforeOom(const OpenRequest& request, const Invocation& options)
    : request_(request),
      options_(options),
      gauge_(request.pid),
      trigger_(options.beforeOom.value_or(OomThreshold{})) {}

Result<void> BeforeOom::prepare() {
  if (auto folder = prepareFolder(options_.dumpDir); !folder) {
    folder.error().message = "--dump-dir: " + folder.error().message;
    return folder;
  }
  auto figures = read();
  return figures ? Result<void>() : tl::unexpected(figures.error());
}

Result<OomReading> BeforeOom::read() {
  OomReading reading;
  if (options_.beforeOom->kind == OomThreshold::Kind::stalled) {
    const auto stalled = gauge_.stalled();
    if (!stalled) return tl::unexpected(stalled.error());
    reading.stalled = *stalled;
    return reading;
  }
  auto levels = gauge_.levels();
  if (!levels) return tl::unexpected(levels.error());
  reading.level = *std::ranges::max_element(*levels, {}, [this](const target::MemoryLevel& level) {
    return beyond(*options_.beforeOom, {level, {}});
  });
  return reading;
}

std::uint64_t BeforeOom::memoryLimit() const {
  if (options_.memoryLimit != 0) return options_.memoryLimit;
  const auto levels = target::MemoryGauge(getpid()).levels();
  if (!levels) return 0;
  const auto tightest = std::ranges::min_element(
      *levels, {}, [](const target::MemoryLevel& level) { return level.left(); });
  return MemoryLimit::takenNow() + tightest->left() / 2 + 1;
}

std::optional<Watch::Alarm> BeforeOom::look(const Host& host) {
  const auto reading = read();
  // Whether the process is there, the next look at it tells.
  if (!reading || !trigger_.passed(*reading)) return std::nullopt;
  const std::int64_t now = std::time(nullptr);
  const auto name = KeptName::of(target::readCommand(request_.pid), request_.pid, now);
  const MemoryLimit limit(host, memoryLimit());
  KeptMoment kept;
  {
    Dumping dumping(request_,
                    {.module = options_.module, .redact = options_.redact, .reports = true},
                    limit.host());
    kept = keepMoment(dumping, options_.dumpDir, name, true);
  }
  if (limit.passed()) kept.problems.push_back(limit.explained({}).message);
  removeOldest(options_.dumpDir, {.moments = options_.keep.value_or(kKept)}, &name);
  return tell(*reading, kept, now);
}

Watch::Alarm BeforeOom::tell(const OomReading& reading, const KeptMoment& kept,
                             std::int64_t seconds) const {
  std::string line = fmt::format("before the end of process {}: {}; {}", request_.pid,
                                 figures(reading), kept.said());
  for (const std::string& problem : kept.problems) line += "; " + problem;
  return {report::escape(line), jsonOf(request_.pid, reading, kept, seconds)};
}

}  // namespace parked::command
