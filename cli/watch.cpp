#include "watch.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fmt/format.h>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

#include "exporter.h"
#include "terminal.h"

namespace parked::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFailuresToGiveUp = 3;

/// Becomes readable when a process ends.
class ProcessEnd {
 public:
  explicit ProcessEnd(std::int32_t pid) : fd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  ProcessEnd(const ProcessEnd&) = delete;
  ProcessEnd& operator=(const ProcessEnd&) = delete;
  ~ProcessEnd() {
    if (fd_ >= 0) close(fd_);
  }

  /// Sleeps up to `until`; wakes when the process ends or a signal arrives. Where the kernel knows
  /// no such descriptors, the next look finds out. False if a signal ended it.
  bool sleepUntil(Clock::time_point until) const {
    const auto left = std::max(until - Clock::now(), Clock::duration(0));
    const timespec time{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count(),
                        .tv_nsec = left.count() % 1'000'000'000};
    // Signals that ask to stop are let in only here: one that came just before is not slept over.
    sigset_t none, asked;
    sigemptyset(&none);
    sigemptyset(&asked);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&asked, signal);
    sigset_t before;
    sigprocmask(SIG_BLOCK, &asked, &before);
    pollfd end{.fd = fd_, .events = POLLIN, .revents = 0};
    const bool woken = !interrupted() && ppoll(&end, 1, &time, &none) < 0 && errno == EINTR;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return !woken;
  }

 private:
  int fd_;
};

/// Shows looks, each where the one before was, or one after the other.
class Display {
 public:
  Display(const Arguments& arguments, const Watch& watch)
      : arguments_(arguments), watch_(watch), inPlace_(!watch.json() && Screen::possible()) {}

  void show(const std::string& note) {
    Style style = styleFor(arguments_);
    if (!inPlace_) {
      const std::string text = watch_.show(style);
      writeOut(!watch_.json() && watch_.looks() > 1 ? "\n" + text : text);
      return;
    }
    // The alternate screen is taken with the first look: an error before it stays readable.
    if (screen_ == nullptr) screen_ = std::make_unique<Screen>();
    // A line that fills its row leaves the cursor on the last character, which would be erased
    // then.
    if (style.width > 1) --style.width;
    const int rows = Screen::rows() - (note.empty() ? 0 : 1);
    screen_->show((note.empty() ? "" : note + "\n") + watch_.show(style, rows));
  }
  bool inPlace() const { return inPlace_; }

  /// Gives the screen back and leaves the last look behind, as a text that stays.
  void end() {
    if (screen_ == nullptr) return;
    screen_.reset();
    writeLast(watch_.show(styleFor(arguments_)));
  }

 private:
  const Arguments& arguments_;
  const Watch& watch_;
  bool inPlace_;
  std::unique_ptr<Screen> screen_;
};

/// The numbers of looks, in a file or for whoever asks.
class Numbers {
 public:
  /// False with one clear line in `error` if nobody can listen there.
  bool start(const Watch& watch, std::string& error) {
    if (watch.listen().empty()) return true;
    exporter_ = Exporter::listen(watch.listen(), error);
    if (exporter_ == nullptr) return false;
    writeError(fmt::format("parked: metrics at {}\n", exporter_->url()));
    return true;
  }
  /// What went wrong, "" if nothing did.
  std::string show(const Watch& watch) {
    if (exporter_ != nullptr) exporter_->show(watch.metrics());
    return watch.keepFiles();
  }

 private:
  std::unique_ptr<Exporter> exporter_;
};

int finish(const Watch& watch, Display& display, const std::string& why, bool unusable) {
  display.end();
  if (!why.empty()) complain(why);
  return static_cast<int>(unusable ? Exit::unusable : watch.exit());
}

}  // namespace

int watch(const Arguments& arguments) {
  const Watch::Made made = Watch::make(arguments.open, arguments.command);
  if (made.watch == nullptr) {
    complain(made.error);
    return static_cast<int>(Exit::unusable);
  }
  Watch& watch = *made.watch;
  Display display(arguments, watch);
  Numbers numbers;
  if (std::string error; !numbers.start(watch, error)) {
    complain(error);
    return static_cast<int>(Exit::unusable);
  }
  Host host;
  host.cancelled = interrupted;
  const ProcessEnd end(arguments.open.pid);
  int failures = 0;
  for (Clock::time_point next = Clock::now();;) {
    const Watch::Look look = watch.look(host);
    const std::string unwritten = numbers.show(watch);
    // Ctrl-C is how this usually ends: no failure, and what was seen stays.
    if (interrupted()) {
      watch.stop();
      return finish(watch, display, numbers.show(watch), watch.looks() == 0);
    }
    if (look.state == Watch::State::ended) {
      const bool never = watch.looks() == 0;
      const std::string after = never ? "" : fmt::format(", after look {}", watch.looks());
      return finish(watch, display, look.error + after, never);
    }
    failures = look.state == Watch::State::failed ? failures + 1 : 0;
    if (watch.looks() == 0 || failures == kFailuresToGiveUp) {
      return finish(watch, display, look.error, true);
    }
    // Whoever reads the file would take what is old for what is.
    if (!unwritten.empty()) return finish(watch, display, unwritten, true);
    const std::string note = failures > 0 ? "parked: " + look.error : "";
    if (failures > 0 && !display.inPlace()) complain(look.error);
    if (failures == 0 || display.inPlace()) display.show(note);
    if (watch.count() > 0 && watch.looks() >= watch.count()) {
      return finish(watch, display, "", false);
    }
    // Looks that were missed while one took long are not made up for.
    while (next <= Clock::now()) next += watch.every();
    while (!end.sleepUntil(next) && !interrupted()) {
      if (display.inPlace()) display.show(note);  // the size may be another
    }
    if (interrupted()) {
      watch.stop();
      return finish(watch, display, numbers.show(watch), false);
    }
  }
}

}  // namespace parked::cli
