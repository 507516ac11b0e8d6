#include "terminal.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace parked::cli {

namespace {

std::atomic<bool> interruptSeen{false};

void onInterrupt(int) { interruptSeen.store(true); }

bool writeAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

int terminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0) return 0;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool wantsColor(ColorWhen when) {
  if (when != ColorWhen::automatic) return when == ColorWhen::always;
  const char* noColor = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (noColor != nullptr && *noColor != '\0') return false;
  if (terminal != nullptr && std::strcmp(terminal, "dumb") == 0) return false;
  return isatty(STDOUT_FILENO) != 0;
}

std::string rateText(double perSecond) {
  if (perSecond >= 1e6) return fmt::format("{:.1f}M/s", perSecond / 1e6);
  if (perSecond >= 1e3) return fmt::format("{:.0f}k/s", perSecond / 1e3);
  return fmt::format("{:.0f}/s", perSecond);
}

}  // namespace

Style styleFor(const Arguments& arguments) {
  Style style;
  style.color = wantsColor(arguments.color);
  style.width = arguments.width >= 0 ? arguments.width : terminalWidth();
  style.commandPrefix = arguments.prefix;
  return style;
}

void catchInterrupts() {
  struct sigaction action{};
  action.sa_handler = onInterrupt;
  sigemptyset(&action.sa_mask);
  // Once: the second Ctrl-C does what it always does. No SA_RESTART: a blocked read must notice.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A parent may have left it ignored; then `parked … | head` would complain.
  std::signal(SIGPIPE, SIG_DFL);
}

bool interrupted() { return interruptSeen.load(); }

void writeOut(std::string_view text) {
  if (interrupted()) {
    complain("interrupted");
    _exit(static_cast<int>(Exit::unusable));
  }
  if (writeAll(STDOUT_FILENO, text)) return;
  complain(fmt::format("cannot write the output: {}", std::strerror(errno)));
  _exit(static_cast<int>(Exit::unusable));
}

void writeError(std::string_view text) { writeAll(STDERR_FILENO, text); }

void complain(std::string_view what) { writeError(fmt::format("parked: {}\n", what)); }

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) != 0), started_(Clock::now()) {}

void ProgressLine::update(std::string_view stage, std::uint64_t done, std::uint64_t total) {
  using namespace std::chrono_literals;
  if (!terminal_) return;
  const Clock::time_point now = Clock::now();
  if (stage != stage_) {
    stage_ = stage;
    stageStarted_ = now;
  }
  if (now - started_ < 1s || now - lastShown_ < 100ms) return;
  lastShown_ = now;
  shown_ = true;
  std::string text = stage_;
  if (total > 0) text += fmt::format(" {}%", std::min(done, total) * 100 / total);
  const double seconds = std::chrono::duration<double>(now - stageStarted_).count();
  if (done > 0 && seconds > 0.2) {
    text += fmt::format(" ({})", rateText(static_cast<double>(done) / seconds));
  }
  writeError(fmt::format("\r\x1b[K{}", text));
}

void ProgressLine::clear() {
  if (shown_) writeError("\r\x1b[K");
  shown_ = false;
}

}  // namespace parked::cli
