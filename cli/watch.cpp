#include "watch.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

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
  /// Whether the process has ended; false where that is not told.
  bool hasCome() const {
    pollfd end{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&end, 1, 0) > 0;
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

/// What --before-oom finds, which has to stay readable whatever is drawn over it.
class Alarms {
 public:
  Alarms(Watch& watch, const Host& host) : watch_(watch), host_(host) {}

  /// Looks now. True: something was told.
  bool look(const Display& display) {
    const auto alarm = watch_.memory(host_);
    if (!alarm) return false;
    last_ = "parked: " + alarm->line;
    if (watch_.json()) writeOut(alarm->json);
    if (display.inPlace()) {
      kept_.push_back(alarm->line);
    } else {
      complain(alarm->line);
    }
    return true;
  }
  /// The time of the next look, `until` at the latest.
  Clock::time_point next(Clock::time_point until) const {
    const auto every = watch_.memoryEvery();
    if (every.count() == 0) return until;
    return std::min(until, Clock::now() + std::chrono::duration_cast<Clock::duration>(every));
  }
  const std::string& last() const { return last_; }
  /// When the screen is given back.
  void tellKept() const {
    for (const std::string& line : kept_) complain(line);
  }

 private:
  Watch& watch_;
  const Host& host_;
  std::string last_;
  std::vector<std::string> kept_;
};

/// One watch, from its first look to its end.
class Watching {
 public:
  Watching(const Arguments& arguments, Watch& watch)
      : watch_(watch), display_(arguments, watch), end_(arguments.open.pid) {
    host_.cancelled = interrupted;
  }

  int run() {
    if (std::string error; !numbers_.start(watch_, error)) {
      complain(error);
      return static_cast<int>(Exit::unusable);
    }
    for (Clock::time_point next = Clock::now();;) {
      if (const auto code = look()) return *code;
      // Looks that were missed while one took long are not made up for.
      while (next <= Clock::now()) next += watch_.every();
      waitUntil(next);
      if (interrupted()) return stop(false);
    }
  }

 private:
  /// The exit code, if that was the last look.
  std::optional<int> look() {
    const Watch::Look look = watch_.look(host_);
    const std::string unwritten = numbers_.show(watch_);
    // Ctrl-C is how this usually ends: no failure, and what was seen stays.
    if (interrupted()) return stop(watch_.looks() == 0);
    if (look.state == Watch::State::ended) {
      const bool never = watch_.looks() == 0;
      const std::string after = never ? "" : fmt::format(", after look {}", watch_.looks());
      return finish(look.error + after, never);
    }
    failures_ = look.state == Watch::State::failed ? failures_ + 1 : 0;
    if (watch_.looks() == 0 || failures_ == kFailuresToGiveUp) return finish(look.error, true);
    // Whoever reads the file would take what is old for what is.
    if (!unwritten.empty()) return finish(unwritten, true);
    note_ = failures_ > 0 ? "parked: " + look.error : alarms_.last();
    if (failures_ > 0 && !display_.inPlace()) complain(look.error);
    if (failures_ == 0 || display_.inPlace()) display_.show(note_);
    if (watch_.count() > 0 && watch_.looks() >= watch_.count()) return finish("", false);
    return std::nullopt;
  }

  void waitUntil(Clock::time_point next) {
    while (!interrupted()) {
      if (alarms_.look(display_) && display_.inPlace()) display_.show(note_ = alarms_.last());
      const bool slept = end_.sleepUntil(alarms_.next(next));
      // The size may be another.
      if (!slept && !interrupted() && display_.inPlace()) display_.show(note_);
      if (slept && (end_.hasCome() || Clock::now() >= next)) return;
    }
  }

  int stop(bool unusable) {
    watch_.stop();
    return finish(numbers_.show(watch_), unusable);
  }

  int finish(const std::string& why, bool unusable) {
    display_.end();
    alarms_.tellKept();
    if (!why.empty()) complain(why);
    return static_cast<int>(unusable ? Exit::unusable : watch_.exit());
  }

  Watch& watch_;
  Display display_;
  Numbers numbers_;
  Host host_;
  Alarms alarms_{watch_, host_};
  ProcessEnd end_;
  int failures_ = 0;
  std::string note_;
};

}  // namespace

int watch(const Arguments& arguments) {
  const Watch::Made made = Watch::make(arguments.open, arguments.command);
  if (made.watch == nullptr) {
    complain(made.error);
    return static_cast<int>(Exit::unusable);
  }
  return Watching(arguments, *made.watch).run();
}

}  // namespace parked::cli
