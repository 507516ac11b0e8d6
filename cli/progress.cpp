#include "progress.h"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

#include "terminal.h"

namespace parked::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::duration<double> kTooEarly = 200ms;  // for a rate that says something

std::string rateText(double perSecond) {
  if (perSecond >= 1e6) return fmt::format("{:.1f}M/s", perSecond / 1e6);
  if (perSecond >= 1e3) return fmt::format("{:.0f}k/s", perSecond / 1e3);
  return fmt::format("{:.0f}/s", perSecond);
}

/// Rounded up: "0s left" would be no news.
std::string restText(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds) + 1;
  if (whole < 60) return fmt::format("{}s left", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s left", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m left", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string progressText(std::string_view stage, std::uint64_t done, std::uint64_t total,
                         std::chrono::duration<double> inStage) {
  std::string text(stage);
  done = total > 0 ? std::min(done, total) : done;
  if (total > 0)
    text += fmt::format(" {:.0f}%", 100.0 * static_cast<double>(done) / static_cast<double>(total));
  if (done == 0 || inStage < kTooEarly) return text;
  const double perSecond = static_cast<double>(done) / inStage.count();
  text += fmt::format(", {}", rateText(perSecond));
  constexpr double kLongest = 1e7;  // seconds; more is no estimate
  const double rest = static_cast<double>(total - std::min(done, total)) / perSecond;
  if (total > done && rest < kLongest) text += fmt::format(", {}", restText(rest));
  return text;
}

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) != 0), started_(Clock::now()) {}

void ProgressLine::update(std::string_view stage, std::uint64_t done, std::uint64_t total) {
  if (!terminal_) return;
  const Clock::time_point now = Clock::now();
  // A stage may run twice: over what the first time found.
  if (stage != stage_ || done < lastDone_) {
    stage_ = stage;
    stageStarted_ = now;
  }
  lastDone_ = done;
  if (now - started_ < 1s || now - lastShown_ < 100ms) return;
  lastShown_ = now;
  shown_ = true;
  writeError(fmt::format("\r{}\x1b[K", progressText(stage_, done, total, now - stageStarted_)));
}

void ProgressLine::clear() {
  if (shown_) writeError("\r\x1b[K");
  shown_ = false;
}

}  // namespace parked::cli
