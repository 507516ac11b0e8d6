#include "launch/stand_in.h"

#include <cerrno>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace parked::launch {

namespace {

/// Does by default what the signal does: ends this process, or stops it.
void raiseAsDefault(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  raise(signal);
  sigprocmask(SIG_UNBLOCK, &one, nullptr);
  sigprocmask(SIG_BLOCK, &one, nullptr);
}

[[noreturn]] void exitAs(int status, const std::function<int()>& codeFor) {
  if (WIFSIGNALED(status)) {
    const rlimit none{};  // the program wrote its core, this process has nothing to tell
    setrlimit(RLIMIT_CORE, &none);
    raiseAsDefault(WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
  }
  _exit(WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : codeFor());
}

/// Hands on what was sent to this process alone.
void passOn(std::int32_t program, const siginfo_t& info) {
  if (info.si_code == SI_QUEUE) {
    siginfo_t copy = info;
    syscall(SYS_rt_sigqueueinfo, program, info.si_signo, &copy);
  } else if (info.si_code == SI_USER || info.si_code == SI_TKILL) {
    kill(program, info.si_signo);
  }
  // All others are the terminal's or the kernel's: those go to the group, which has the program.
}

/// False once the program has ended.
bool follow(std::int32_t program, const std::function<int()>& codeFor) {
  int status = 0;
  for (;;) {
    const pid_t got = waitpid(program, &status, WNOHANG | WUNTRACED);
    if (got == 0) return true;
    if (got < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    if (!WIFSTOPPED(status)) exitAs(status, codeFor);
    raiseAsDefault(WSTOPSIG(status));
  }
}

}  // namespace

void leaveGroup() {
  const pid_t parent = getppid();
  const bool controlled = getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
  if (!controlled && setsid() != -1) return;
  if (getpgrp() != getpid()) {
    setpgid(0, 0);
    return;
  }
  // A leader joins the group of a process that has ended but was not waited for.
  const pid_t other = fork();
  if (other == 0) {
    setpgid(0, 0);
    _exit(0);
  }
  if (other < 0) return;
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(other), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  setpgid(0, other);
  waitpid(other, nullptr, 0);
}

void standInFor(std::int32_t program, std::int32_t helper, const std::function<int()>& codeFor) {
  sigset_t all;
  sigfillset(&all);
  while (follow(program, codeFor)) {
    siginfo_t info{};
    if (sigwaitinfo(&all, &info) < 0 || info.si_signo == SIGCHLD) continue;
    if (info.si_signo == SIGCONT && info.si_pid == helper) continue;
    passOn(program, info);
  }
  _exit(codeFor());
}

}  // namespace parked::launch
