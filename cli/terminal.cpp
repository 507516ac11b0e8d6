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

std::atomic<bool> interruptSeen{false}, screenTaken{false};

// Alternate screen, cursor hidden; and back.
constexpr std::string_view kTakeScreen = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kGiveScreenBack = "\x1b[?25h\x1b[?1049l";

/// The first one asks, a second one ends the program at once, as it would have without us.
void onInterrupt(int signal) {
  if (!interruptSeen.exchange(true)) return;
  if (screenTaken.load()) {
    (void)!write(STDOUT_FILENO, kGiveScreenBack.data(), kGiveScreenBack.size());
  }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void onResize(int) {}  // its arrival alone ends a pause

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

int terminalWidth(int output) {
  winsize size{};
  if (isatty(output) == 0) return 0;
  if (ioctl(output, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

int terminalHeight() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

bool wantsColor(ColorWhen when, int output) {
  if (when != ColorWhen::automatic) return when == ColorWhen::always;
  const char* noColor = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (noColor != nullptr && *noColor != '\0') return false;
  if (terminal != nullptr && std::strcmp(terminal, "dumb") == 0) return false;
  return isatty(output) != 0;
}

}  // namespace

Style styleFor(const Arguments& arguments, int output) {
  Style style;
  style.color = wantsColor(arguments.color, output);
  style.width = arguments.width >= 0 ? arguments.width : terminalWidth(output);
  style.commandPrefix = arguments.prefix;
  style.bytes = isatty(output) == 0;
  return style;
}

void catchInterrupts() {
  struct sigaction action{};
  action.sa_handler = onInterrupt;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a blocked read must notice.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  // A parent may have left it ignored; then `parked … | head` would complain.
  std::signal(SIGPIPE, SIG_DFL);
}

bool interrupted() { return interruptSeen.load(); }

void writeOut(std::string_view text) {
  // What was interrupted before has its report written; while it is written, Ctrl-C cuts it off.
  static const bool before = interrupted();
  if (interrupted() && !before) {
    complain("interrupted: the output is cut off");
    _exit(static_cast<int>(Exit::incomplete));
  }
  if (writeAll(STDOUT_FILENO, text)) return;
  complain(fmt::format("cannot write the output: {}", std::strerror(errno)));
  _exit(static_cast<int>(Exit::unusable));
}

void writeLast(std::string_view text) { writeAll(STDOUT_FILENO, text); }

void writeError(std::string_view text) { writeAll(STDERR_FILENO, text); }

void complain(std::string_view what) { writeError(fmt::format("parked: {}\n", escaped(what))); }

bool Screen::possible() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) != 0 && terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
}

Screen::Screen() {
  struct sigaction action{};
  action.sa_handler = onResize;
  sigemptyset(&action.sa_mask);
  sigaction(SIGWINCH, &action, nullptr);
  screenTaken.store(true);
  writeAll(STDOUT_FILENO, kTakeScreen);
}

Screen::~Screen() {
  writeAll(STDOUT_FILENO, kGiveScreenBack);
  screenTaken.store(false);
}

int Screen::rows() { return terminalHeight(); }

void Screen::show(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);  // the last line must not scroll
  std::string frame = "\x1b[H";
  for (const char c : text) {
    if (c == '\n') {
      frame += "\x1b[K\n";
    } else {
      frame += c;
    }
  }
  frame += "\x1b[K\x1b[J";
  writeAll(STDOUT_FILENO, frame);
}

}  // namespace parked::cli
