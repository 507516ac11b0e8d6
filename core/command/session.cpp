// The facade: opening a target, taking the snapshot, running commands.

#include <exception>
#include <fmt/format.h>
#include <new>

#include "command/options.h"
#include "command/runtimes.h"
#include "command/specs.h"
#include "parked/parked.h"
#include "report/escape.h"
#include "report/rule_help.h"

#ifndef PARKED_VERSION
#define PARKED_VERSION "0.0.0"
#endif

namespace parked {

namespace {

/// Nothing may cross the facade as an exception: a front-end may be C or Python.
template <class Work>
Error guarded(Work work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::io, "out of memory", 0};
  } catch (const std::exception& problem) {
    return Error{ErrorCode::io, fmt::format("internal error: {}", problem.what()), 0};
  }
}

const Error kFine{ErrorCode::io, "", 0};

/// The help that is asked for, "" if none is.
std::string helpOf(const command::Invocation& invocation) {
  if (invocation.kind == command::Kind::help) return commandHelp(invocation.argument);
  if (invocation.kind == command::Kind::explain && !invocation.help) {
    return report::explain(invocation.argument);
  }
  return invocation.help ? commandHelp(invocation.command) : "";
}

}  // namespace

struct Session::Impl {
  command::Runtimes runtimes;
};

Session::Session() : impl_(std::make_unique<Impl>()) {}
Session::~Session() = default;
command::Reading& Session::first() const { return impl_->runtimes.first(); }
bool Session::interrupted() const { return impl_->runtimes.interrupted(); }

Session::Opened Session::open(const OpenRequest& request, const Host& host) {
  Opened opened;
  std::unique_ptr<Session> session;
  const Error error = guarded([&]() -> Error {
    session.reset(new Session());
    auto done = session->impl_->runtimes.open(request, host);
    return done ? kFine : done.error();
  });
  if (error.message.empty()) {
    opened.session = std::move(session);
  } else {
    opened.error = report::escape(error.message);  // may quote the target
    opened.exit = Exit::unusable;
  }
  return opened;
}

CommandResult Session::run(const std::vector<std::string>& words, const Style& style) {
  std::string output;
  CommandResult result = run(words, style, [&output](std::string_view text) {
    output.append(text);
    return true;
  });
  result.output = std::move(output);
  return result;
}

CommandResult Session::run(const std::vector<std::string>& words, const Style& style,
                           const Sink& sink) {
  CommandResult result;
  const Error error = guarded([&]() -> Error {
    auto invocation = command::parse(words);
    if (!invocation) return invocation.error();
    if (const std::string help = helpOf(*invocation); !help.empty()) {
      sink(help);
      return kFine;
    }
    if (const auto why = command::shellOnly(invocation->kind); !why.empty()) {
      return Error{ErrorCode::usage, std::string(why), 0};
    }
    auto done = impl_->runtimes.run(*invocation, style, sink);
    if (!done) return done.error();
    result = std::move(*done);
    return kFine;
  });
  if (!error.message.empty()) {
    result.error = report::escape(error.message);
    result.exit = Exit::unusable;
  }
  return result;
}

std::optional<Session::Registers> Session::registersOf(std::uint64_t goid) const {
  return impl_->runtimes.registersOf(goid);
}

std::string helpAsked(const std::vector<std::string>& words) {
  const auto invocation = command::parse(words);
  return invocation ? helpOf(*invocation) : "";
}

std::string checkCommand(const std::vector<std::string>& words) {
  return report::escape(guarded([&words]() -> Error {
                          auto invocation = command::parse(words);
                          if (!invocation) return invocation.error();
                          const auto why =
                              invocation->help ? "" : command::shellOnly(invocation->kind);
                          return why.empty() ? kFine : Error{ErrorCode::usage, std::string(why), 0};
                        }).message);
}

std::string escaped(std::string_view text) { return report::escape(text); }

std::string_view version() { return PARKED_VERSION; }

}  // namespace parked
