#include "command/pass_on.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/file_descriptor.h"

namespace parked::command {

namespace {

using target::FileDescriptor;

constexpr int kPatienceMs = 50;

bool isCancelled(const Host& host) { return host.cancelled && host.cancelled(); }

/// Starts the program with `input` as its standard input, and every signal as it was.
Result<pid_t> start(const std::string& program, const std::vector<std::string>& words, int input) {
  std::vector<char*> arguments = {const_cast<char*>(program.c_str())};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int problem =
      posix_spawn(&pid, program.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (problem == 0) return pid;
  return fail(ErrorCode::io,
              fmt::format("{} cannot be started: {}", program, std::strerror(problem)));
}

/// Writes all of it; false if nobody reads any more, or the host does not like to wait.
bool feed(int pipe, std::span<const std::byte> bytes, const Host& host) {
  while (!bytes.empty() && !isCancelled(host)) {
    pollfd ready{.fd = pipe, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, kPatienceMs) <= 0) continue;
    const ssize_t written = write(pipe, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return bytes.empty();
}

/// SIGPIPE would end this program when the other one does not read to the end.
class NoBrokenPipe {
 public:
  NoBrokenPipe() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;
  ~NoBrokenPipe() { std::signal(SIGPIPE, before_); }

 private:
  void (*before_)(int);
};

Result<int> waitFor(pid_t pid, const std::string& program, const Host& host) {
  int status = 0;
  bool killed = false;
  while (waitpid(pid, &status, killed ? 0 : WNOHANG) == 0) {
    if (isCancelled(host)) {
      killed = true;
      kill(pid, SIGKILL);
      continue;
    }
    poll(nullptr, 0, kPatienceMs);
  }
  if (killed) {
    return fail(ErrorCode::interrupted, fmt::format("{} was ended: it took too long", program));
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return fail(ErrorCode::io, fmt::format("{} was ended by signal {}", program, WTERMSIG(status)));
}

}  // namespace

Result<int> passOn(const std::string& program, const std::vector<std::string>& words,
                   const CoreSource& source, const Host& host) {
  const NoBrokenPipe ignored;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::io, fmt::format("no pipe can be made: {}", std::strerror(errno)));
  }
  FileDescriptor out(ends[0]), in(ends[1]);
  const auto started = start(program, words, out.get());
  if (!started) return tl::unexpected(started.error());
  out = FileDescriptor();
  fcntl(in.get(), F_SETFL, O_NONBLOCK);
  std::vector<std::byte> piece(1 << 20);
  Result<void> read;
  while (true) {
    const auto got = source(piece);
    if (!got) read = tl::unexpected(got.error());
    if (!got || *got == 0 || !feed(in.get(), std::span(piece).first(*got), host)) break;
  }
  in = FileDescriptor();
  auto ended = waitFor(*started, program, host);
  if (!read) return tl::unexpected(read.error());
  return ended;
}

}  // namespace parked::command
