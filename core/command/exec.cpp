// `parked exec`: what is told of a program that is about to exit.
#include "parked/exec.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <sys/wait.h>

#include "command/options.h"
#include "command/report_dir.h"
#include "command/runtimes.h"
#include "compare/baseline.h"
#include "launch/launch.h"
#include "query/allow_list.h"
#include "report/escape.h"

namespace parked {

namespace {

using launch::Moment;

/// Longer than this nobody waits for a program that has come to its end: what was read until then
/// is told.
constexpr auto kPatience = std::chrono::seconds(20);

/// "exits with code 3".
std::string momentText(const launch::Standing& program) {
  if (program.moment == Moment::signal) return "as it got the signal";
  if (program.moment == Moment::time) return "when the time was over";
  if (WIFSIGNALED(program.status)) {
    return fmt::format("as it was ended by signal {}", WTERMSIG(program.status));
  }
  return fmt::format("as it exited with code {}", WEXITSTATUS(program.status));
}

/// What is wrong with the files and folders that the options name, before anything runs: at the end
/// of the program nobody may see it.
Result<void> checkFiles(const command::Invocation& invocation) {
  if (!invocation.ignoreFile.empty()) {
    if (const auto list = query::AllowList::read(invocation.ignoreFile); !list) {
      return tl::unexpected(list.error());
    }
  }
  if (!invocation.baseline.empty()) {
    if (const auto baseline = compare::Baseline::read(invocation.baseline); !baseline) {
      return tl::unexpected(baseline.error());
    }
  }
  if (!invocation.reportDir.empty()) return command::prepareReportDir(invocation.reportDir);
  return {};
}

/// One look at the program.
class Looking {
 public:
  Looking(OpenRequest request, command::Invocation invocation, const Style& style,
          const std::function<void(std::string_view)>& out,
          const std::function<void(std::string_view)>& complain)
      : request_(std::move(request)),
        invocation_(std::move(invocation)),
        style_(style),
        out_(out),
        complain_(complain) {
    fails_ = invocation_.failOn.has_value();
    if (!fails_) invocation_.failOn = leak::Verdict::suspect;
  }

  /// The exit code for a program whose own is 0.
  int operator()(const launch::Standing& program) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    Host host;
    host.cancelled = [deadline] { return std::chrono::steady_clock::now() > deadline; };
    request_.pid = program.pid;
    request_.alreadyStopped = true;
    command::Runtimes runtimes;
    if (auto opened = runtimes.open(request_, host, &program.threads); !opened) {
      return unread(opened.error());
    }
    std::string text;
    auto result = runtimes.run(invocation_, style_, [&text](std::string_view piece) {
      text += piece;
      return true;
    });
    if (!result) return unread(result.error());
    const int code = tell(program, *result, text, runtimes);
    if (!invocation_.reportDir.empty()) {
      for (const std::string& line : command::keepReports(runtimes, invocation_, program.pid)) {
        say(line);
      }
    }
    return code;
  }

 private:
  /// A program that is not Go's, or had not begun, has no goroutines to tell of.
  int unread(const Error& error) const {
    const bool nothing = error.code == ErrorCode::badFormat || error.code == ErrorCode::gone ||
                         error.code == ErrorCode::unreadable;
    if (!nothing) say("not looked at: " + error.message);
    if (error.code == ErrorCode::usage) return static_cast<int>(Exit::unusable);
    return code(nothing ? Exit::clean : Exit::incomplete);
  }

  int tell(const launch::Standing& program, const CommandResult& result, const std::string& text,
           const command::Runtimes& runtimes) {
    if (result.exit == Exit::findings) {
      if (invocation_.format->forPeople) {
        out_(fmt::format("parked exec: {}process {}, {}\n", program.child ? "child " : "",
                         program.pid, momentText(program)));
      }
      out_(text);
    } else if (result.exit == Exit::incomplete && (fails_ || invocation_.requireProof)) {
      say("not all of the program could be read or proved: not all that leaks need be found");
      for (const std::string& limit : runtimes.limits()) say("  " + limit);
    }
    return code(result.exit);
  }

  int code(Exit exit) const {
    if (exit == Exit::findings && !fails_) return 0;
    if (exit == Exit::incomplete && !invocation_.requireProof) return 0;
    return static_cast<int>(exit);
  }

  void say(const std::string& line) const { complain_(report::escape(line)); }

  OpenRequest request_;
  command::Invocation invocation_;
  const Style& style_;
  const std::function<void(std::string_view)>& out_;
  const std::function<void(std::string_view)>& complain_;
  bool fails_ = false;
};

}  // namespace

std::string exec(const OpenRequest& request, const std::vector<std::string>& words,
                 const Style& style, const std::function<void(std::string_view)>& out,
                 const std::function<void(std::string_view)>& complain) {
  const auto end = std::ranges::find(words, "--");
  auto invocation = command::parse({words.begin(), end});
  if (!invocation) return report::escape(invocation.error().message);
  launch::Plan plan;
  if (end != words.end()) plan.program.assign(end + 1, words.end());
  if (plan.program.empty()) {
    return "exec needs a program behind --: parked exec [options] -- PROGRAM ARGUMENTS";
  }
  if (auto checked = checkFiles(*invocation); !checked) {
    return report::escape(checked.error().message);
  }
  plan.when = {invocation->atSignal, invocation->after};
  if (invocation->ancestors) plan.goDebug = "tracebackancestors=10";
  plan.children = invocation->children;
  plan.mayChangeCode = invocation->failOn.has_value() || invocation->requireProof;
  Looking looking(request, std::move(*invocation), style, out, complain);
  const auto look = [&looking](const launch::Standing& program) {
    try {
      return looking(program);
    } catch (const std::exception&) {  // of memory, at the most: the program goes on
      return 0;
    }
  };
  launch::launch(plan, look, [&complain](const std::string& line) {
    complain(report::escape("exec: " + line));
  });
}

}  // namespace parked
