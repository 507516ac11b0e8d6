#include "launch/launch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "launch/stand_in.h"

namespace parked::launch {

namespace {

/// A helper that does not come to an end is ended, and the program goes on.
constexpr std::time_t kLongestLook = 60;

/// Above the descriptors of a shell's redirections, some of which may be closed.
constexpr int kFirstFd = 10;

/// What the processes say to each other, a message each.
struct Message {
  enum class What : std::uint8_t { helper, program, traced, untraced, code } what{};
  std::int32_t number = 0;       ///< a process, or an exit code
  std::int32_t standIn = 0;      ///< of the program; 0: none
  std::array<char, 400> text{};  ///< why it is untraced
};

class Line {
 public:
  /// False if there are no more descriptors.
  bool open() {
    std::array<int, 2> made{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, made.data()) != 0) return false;
    for (std::size_t i = 0; i < made.size(); ++i) {
      ends_[i] = fcntl(made[i], F_DUPFD_CLOEXEC, kFirstFd);
      close(made[i]);
    }
    return ends_[0] >= 0 && ends_[1] >= 0;
  }
  /// This process has one end, and the other end is another's.
  void keep(std::size_t end) {
    close(ends_[1 - end]);
    fd_ = ends_[end];
  }
  bool send(const Message& message) const {
    return ::send(fd_, &message, sizeof message, MSG_NOSIGNAL) == sizeof message;
  }
  /// Nothing if the other one is gone.
  std::optional<Message> receive() const {
    Message message;
    ssize_t got = 0;
    do {
      got = recv(fd_, &message, sizeof message, 0);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof message) return std::nullopt;
    message.text.back() = '\0';
    return message;
  }
  void waitAtMost(int seconds) const {
    const timeval time{seconds, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  }
  /// Closes what this process holds open beside the line and, if it is wanted, stderr: others may
  /// wait for its end.
  void closeOthers(bool keepStderr) const {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int each : {STDIN_FILENO, STDOUT_FILENO}) dup2(null, each);
    if (!keepStderr) dup2(null, STDERR_FILENO);
    const auto line = static_cast<unsigned>(fd_);
    syscall(SYS_close_range, STDERR_FILENO + 1U, line - 1, 0);
    syscall(SYS_close_range, line + 1, ~0U, 0);
  }

 private:
  std::array<int, 2> ends_{-1, -1};
  int fd_ = -1;
};

/// Ends this process if a look takes too long. No alarm(): a look may be due while the time of
/// When::after runs, which has that clock.
class Watchdog {
 public:
  Watchdog() {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGKILL;
    made_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
    const itimerspec longest{{}, {kLongestLook, 0}};
    if (made_) timer_settime(timer_, 0, &longest, nullptr);
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    if (made_) timer_delete(timer_);
  }

 private:
  timer_t timer_{};
  bool made_ = false;
};

/// Of two exit codes for a program whose own is 0.
int graver(int a, int b) { return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b); }

Message untraced(const std::string& why) {
  Message message{Message::What::untraced};
  why.copy(message.text.data(), message.text.size() - 1);
  return message;
}

/// What the helper does, to its end.
[[noreturn]] void help(const Plan& plan, const Look& look, const Line& line) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // where it is ignored, nobody can be waited for
  setsid();                       // what the terminal sends is for the program
  if (!line.send({Message::What::helper, getpid()})) _exit(0);
  const auto program = line.receive();
  if (!program) _exit(0);
  int code = 0;
  ExitTracer::ChildEnds childEnds;
  if (plan.children) {
    childEnds = [&](const TracedProcess& child) {
      const Watchdog watchdog;
      const Standing standing{child.pid(), Moment::exit, child.status(), child.threads(), true};
      code = graver(code, look(standing));
    };
  }
  auto tracer = ExitTracer::seize(program->number, std::move(childEnds));
  if (!tracer) {
    line.send(untraced(tracer.error().message));
    _exit(0);
  }
  line.closeOthers(true);
  if (!line.send({Message::What::traced})) _exit(0);
  const Moment moment = tracer->run(plan.when, program->standIn);
  if (moment != Moment::gone) {
    const Watchdog watchdog;
    code = graver(code, look({program->number, moment, tracer->status(), tracer->threads()}));
    // Before the program ends: whoever waits for it asks for this then.
    line.send({Message::What::code, code});
    tracer->letGo();
  }
  _exit(0);
}

/// The helper's pid; 0 if it could not be made. It is nobody's child here: the program must not
/// find a strange one.
std::int32_t startHelper(const Plan& plan, const Look& look, Line& line) {
  if (!line.open()) return 0;
  const pid_t between = fork();
  if (between < 0) return 0;
  if (between == 0) {
    const pid_t helper = fork();
    if (helper != 0) _exit(0);
    line.keep(1);
    help(plan, look, line);
  }
  line.keep(0);
  while (waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  const auto helper = line.receive();
  return helper ? helper->number : 0;
}

/// Until nobody has the other end of the pipe open.
void waitForEnd(const std::array<int, 2>& pipe) {
  close(pipe[1]);
  char nothing = 0;
  while (read(pipe[0], &nothing, 1) < 0 && errno == EINTR) {
  }
  close(pipe[0]);
}

/// `helper` 0: there is none.
[[noreturn]] void becomeProgram(const Plan& plan, const Say& say, const Line& line,
                                std::int32_t helper, std::int32_t standIn) {
  std::string why = "no helper process could be started";
  if (helper != 0) {
    prctl(PR_SET_PTRACER, helper, 0, 0, 0);  // for Yama
    const bool asked = line.send({Message::What::program, getpid(), standIn});
    const auto answer = asked ? line.receive() : std::nullopt;
    if (answer && answer->what == Message::What::traced) why.clear();
    if (answer && answer->what == Message::What::untraced) why = answer->text.data();
  }
  if (!why.empty()) say(fmt::format("the program runs unobserved: {}", why));
  if (!plan.goDebug.empty()) {
    const char* before = std::getenv("GODEBUG");
    const std::string first = before != nullptr && *before != '\0' ? before + std::string(",") : "";
    setenv("GODEBUG", (first + plan.goDebug).c_str(), 1);
  }
  std::vector<char*> words;
  for (const std::string& word : plan.program) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words.front(), words.data());
  const int error = errno;
  say(fmt::format("cannot run {}: {}", plan.program.front(), std::strerror(error)));
  constexpr int kNotFound = 127, kNotStarted = 126;  // as shells have it
  _exit(error == ENOENT ? kNotFound : kNotStarted);
}

}  // namespace

void launch(const Plan& plan, const Look& look, const Say& say) {
  Line line;
  const std::int32_t helper = startHelper(plan, look, line);
  if (!plan.mayChangeCode || helper == 0) becomeProgram(plan, say, line, helper, 0);

  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t self = getpid();
  // What is sent to the group must not come twice: the program waits until this process is out of
  // it.
  std::array<int, 2> gate{-1, -1};
  const bool gated = pipe2(gate.data(), O_CLOEXEC) == 0;
  const pid_t program = fork();
  if (program == 0) {
    if (gated) waitForEnd(gate);
    // Whoever kills this process means the program.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self) _exit(128 + SIGKILL);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    becomeProgram(plan, say, line, helper, self);
  }
  if (program < 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    becomeProgram(plan, say, line, helper, 0);
  }
  std::signal(SIGCHLD, SIG_DFL);
  leaveGroup();
  if (gated)
    for (const int end : gate) close(end);
  line.closeOthers(false);
  standInFor(program, helper, [&line] {
    // It was said before the program could end; nobody waits long for a helper that is not there.
    line.waitAtMost(1);
    while (const auto message = line.receive()) {
      if (message->what == Message::What::code) return static_cast<int>(message->number);
    }
    return 0;
  });
}

}  // namespace parked::launch
