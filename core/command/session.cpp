// The facade: opening a target, taking the snapshot, running commands.

#include <exception>
#include <fmt/format.h>
#include <new>

#include "command/access_host.h"
#include "command/execute.h"
#include "command/host_observer.h"
#include "command/live_copy.h"
#include "command/options.h"
#include "command/specs.h"
#include "golang/raced.h"
#include "golang/snapshot.h"
#include "image/image.h"
#include "image/layout.h"
#include "leak/code.h"
#include "leak/numbers.h"
#include "parked/parked.h"
#include "proof/proof.h"
#include "report/escape.h"
#include "report/model.h"
#include "stdlib/resources.h"
#include "target/target.h"

#ifndef PARKED_VERSION
#define PARKED_VERSION "0.0.0"
#endif

namespace parked {

namespace {

using command::AccessHost;
using command::HostObserver;

/// Lets a stopped process run again on every way out.
class Release {
 public:
  explicit Release(target::Target& target) : target_(target) {}
  Release(const Release&) = delete;
  Release& operator=(const Release&) = delete;
  ~Release() { target_.release(); }

 private:
  target::Target& target_;
};

/// What was counted on the way, each kind of damage once.
std::vector<Incomplete> mergeIncomplete(const IncompleteList& a, const IncompleteList& b) {
  std::vector<Incomplete> all = a.entries();
  for (const Incomplete& entry : b.entries()) {
    bool known = false;
    for (const Incomplete& other : all) {
      known = known || (other.what == entry.what && other.detail == entry.detail);
    }
    if (!known) all.push_back(entry);
  }
  return all;
}

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

/// "the core file became shorter while it was read", of Target::changed().
std::string changeText(const Incomplete& changed) {
  std::string_view how = changed.detail;
  how.remove_prefix(how.starts_with("it ") ? 3 : 0);
  return fmt::format("the {} {}", changed.what, how);
}

const Error kFine{ErrorCode::io, "", 0};

/// The help that is asked for, "" if none is.
std::string helpOf(const command::Invocation& invocation) {
  if (invocation.kind == command::Kind::help) return commandHelp(invocation.argument);
  return invocation.help ? commandHelp(command::specOf(invocation.kind).name) : "";
}

}  // namespace

struct Session::Impl {
  Host callbacks;  ///< asked while commands run, too
  Timings timings;
  std::unique_ptr<AccessHost> debugger;
  std::unique_ptr<target::Target> target;
  std::unique_ptr<image::Image> image;
  std::unique_ptr<golang::Snapshot> snapshot;
  std::unique_ptr<proof::Proof> proof;
  std::unique_ptr<stdlib::Resources> resources;
  std::unique_ptr<leak::Code> code;
  std::unique_ptr<command::Workspace> workspace;
  bool changedBefore = false;  ///< a file of the target, while it was opened; the report says so

  Result<void> open(const OpenRequest& request, const Host& host);
  /// Snapshot, proof and resources. A live process is looked at again where what is normal for a
  /// moment cost a part of the answer.
  Result<void> readTarget(const OpenRequest& request, Observer* observer);
  /// One look, with a live process stopped as long as it has to be.
  Result<void> look(command::LiveCopy* copy, const OpenRequest& request, Observer* observer);
  /// What of the last look another one may do better; "" if nothing, or if it would stop the
  /// process for too long.
  std::string worthAnotherLook(const OpenRequest& request, Observer* observer);
  /// Of a process that is read while it runs: reads again while goroutines went on meanwhile, up to
  /// a few times; those that still did are marked.
  Result<void> rereadRaced(Observer* observer);
  /// A live process was let go before everything was copied.
  void tellLate(const OpenRequest& request);
  /// Says so, and proves nothing, if a file changed while it was read.
  void tellChanged(const OpenRequest& request);
  /// The error of opening; a file that changed meanwhile may be all that is behind it.
  Error explained(Error error) const;
  Result<std::unique_ptr<target::Target>> openTarget(const OpenRequest& request,
                                                     HostObserver& observer);
};

Result<std::unique_ptr<target::Target>> Session::Impl::openTarget(const OpenRequest& request,
                                                                  HostObserver& observer) {
  const Timings::Scope scope(&timings, "open");
  target::OpenOptions options;
  options.executable = request.executable;
  options.force = request.force;
  options.stop = request.stop;
  options.maxPause = request.maxPause;
  options.observer = &observer;
  if (request.debugger != nullptr) debugger = std::make_unique<AccessHost>(*request.debugger);
  if (!request.core.empty()) return target::openCore(request.core, options);
  if (request.pid > 0) {
    std::vector<target::Thread> held;
    if (request.alreadyStopped) {
      if (debugger != nullptr) held = debugger->threads();
      options.heldThreads = &held;
    }
    return target::openProcess(request.pid, options);
  }
  if (debugger != nullptr) return target::openDebugger(*debugger, options);
  return fail(ErrorCode::usage, "nothing to open: no core, no process, no debugger");
}

Result<void> Session::Impl::readTarget(const OpenRequest& request, Observer* observer) {
  const bool stops = request.pid > 0 && request.stop && !request.alreadyStopped;
  const bool copies = stops && (request.proof || request.resources);
  command::LiveCopy copy(*image, request.maxPause, observer);
  if (copies) copy.prepare(&timings);
  const Release release(*target);
  if (auto frozen = target->freeze(); !frozen) return tl::unexpected(frozen.error());
  auto done = look(copies ? &copy : nullptr, request, observer);
  constexpr int kMostLooks = 5;
  std::string before;
  for (int looks = 1; done && stops && looks < kMostLooks; ++looks) {
    const std::string why = worthAnotherLook(request, observer);
    // What comes back and is not known to pass will stay.
    if (why.empty() || (why == before && !snapshot->passing)) break;
    before = why;
    target->memory().prepare(target->memory().fetchedRanges());
    if (!target->freeze()) break;  // the process has ended: what was read of it stays
    done = look(copies ? &copy : nullptr, request, observer);
  }
  return done;
}

std::string Session::Impl::worthAnotherLook(const OpenRequest& request, Observer* observer) {
  constexpr int kRoom = 4;                                      // the next one may take longer
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;  // what was copied is kept
  if (observer->cancelled() || snapshot->interrupted || target->late() ||
      target->memory().fetchedBytes() > kMostBytes) {
    return "";
  }
  if (request.maxPause.count() > 0 && target->pause() * (1 + kRoom) > request.maxPause) return "";
  if (proof != nullptr && proof->mayPass()) return proof->withheld();
  if (resources != nullptr && !resources->incomplete.empty()) {
    return resources->incomplete.entries().front().detail;
  }
  return snapshot->passing ? "it was being changed" : "";
}

Result<void> Session::Impl::look(command::LiveCopy* copy, const OpenRequest& request,
                                 Observer* observer) {
  image->searchAgain();
  auto copied = command::LiveCopy::Result::unknown;
  if (copy != nullptr) copied = copy->take(&timings);
  if (copied != command::LiveCopy::Result::unknown) target->release();
  auto taken = golang::takeSnapshot(*image, observer, &timings);
  if (!taken) {
    target->release();
    if (!target->late()) return tl::unexpected(taken.error());
    return fail(ErrorCode::unreadable,
                fmt::format("{} was let go before its goroutines were copied (--max-pause {}): {}",
                            target->description(), leak::humanDuration(request.maxPause.count()),
                            taken.error().message));
  }
  snapshot = std::move(*taken);
  if (auto again = rereadRaced(observer); !again) return again;
  if (copied != command::LiveCopy::Result::late) {
    if (request.proof) proof = proof::Proof::run(*snapshot, observer, &timings);
    // Of a process there is nothing left to read once it runs again.
    if (target->kind() != target::Kind::core) {
      resources = !request.resources ? std::make_unique<stdlib::Resources>()
                  : observer->cancelled()
                      ? stdlib::interruptedResources()
                      : stdlib::readResources(*snapshot, proof.get(), observer, &timings);
    }
    target->release();
  }
  if (command::LiveCopy::cutShort(copied, target->late())) tellLate(request);
  return {};
}

Result<void> Session::Impl::rereadRaced(Observer* observer) {
  constexpr int kTimes = 3;
  for (int time = 0; golang::markRaced(*snapshot) > 0 && time < kTimes; ++time) {
    if (observer->cancelled()) return {};
    if (auto fresh = target->freeze(); !fresh) return fresh;
    auto taken = golang::takeSnapshot(*image, observer, &timings);
    // The one before is better than none.
    if (!taken && taken.error().code == ErrorCode::interrupted) return {};
    if (!taken) return tl::unexpected(taken.error());
    if ((*taken)->interrupted && !snapshot->interrupted) return {};
    snapshot = std::move(*taken);
  }
  return {};
}

void Session::Impl::tellLate(const OpenRequest& request) {
  const std::string why = target->late()
                              ? fmt::format("the process was not copied within --max-pause {}",
                                            leak::humanDuration(request.maxPause.count()))
                              : "the process went on before it was copied";
  if (request.proof) proof = proof::Proof::without(why);
  resources = std::make_unique<stdlib::Resources>();
  snapshot->incomplete.add(
      "heap", why + ": nothing is proved, pools, connections, contexts and files are not told");
}

void Session::Impl::tellChanged(const OpenRequest& request) {
  const auto how = target->changed();
  if (!how) return;
  changedBefore = true;
  target->incomplete().add(how->what, how->detail);
  if (request.proof) proof = proof::Proof::without(changeText(*how));
  if (resources != nullptr) resources = std::make_unique<stdlib::Resources>();  // had the old proof
}

Error Session::Impl::explained(Error error) const {
  const auto how = target == nullptr ? std::nullopt : target->changed();
  if (how) error.message += fmt::format("; {}", changeText(*how));
  return error;
}

Result<void> Session::Impl::open(const OpenRequest& request, const Host& host) {
  callbacks = host;
  HostObserver observer(callbacks);
  auto opened = openTarget(request, observer);
  if (!opened) return tl::unexpected(opened.error());
  target = std::move(*opened);
  auto read = image::Image::open(*target, &observer, &timings);
  if (!read) return tl::unexpected(read.error());
  image = std::move(*read);
  if (target->kind() != target::Kind::core) image->indexNames();  // no process waits for that
  if (auto done = readTarget(request, &observer); !done) return done;
  tellChanged(request);
  code = std::make_unique<leak::ImageCode>(*image);
  workspace = std::make_unique<command::Workspace>(
      *snapshot, proof.get(), std::move(resources), *code, report::describeTarget(*snapshot),
      mergeIncomplete(target->incomplete(), snapshot->incomplete));
  return {};
}

Session::Session() : impl_(std::make_unique<Impl>()) {}
Session::~Session() = default;
command::Workspace& Session::workspace() const { return *impl_->workspace; }
bool Session::interrupted() const { return impl_->workspace->interrupted(); }

Session::Opened Session::open(const OpenRequest& request, const Host& host) {
  Opened opened;
  std::unique_ptr<Session> session;
  const Error error = guarded([&]() -> Error {
    session.reset(new Session());
    auto done = session->impl_->open(request, host);
    return done ? kFine : session->impl_->explained(done.error());
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
    if (invocation->kind == command::Kind::watch) {
      return Error{ErrorCode::usage, std::string(command::kWatchInShell), 0};
    }
    Timings timings;
    HostObserver observer(impl_->callbacks);
    bool cut = false;
    const Sink whileWanted = [&](std::string_view text) {
      cut = cut || !sink(text);
      return !cut;
    };
    auto exit =
        command::execute(*invocation, *impl_->workspace, style, whileWanted, {&observer, &timings});
    result.interrupted = impl_->workspace->interrupted() || observer.hasStopped();
    if (cut) exit = fail(ErrorCode::interrupted, "interrupted: the output is cut off");
    if (!exit && exit.error().code == ErrorCode::interrupted) result.exit = Exit::incomplete;
    if (!exit) return exit.error();
    result.exit = *exit;
    if (invocation->timings) {
      result.timings = command::timingsText(impl_->timings, timings);
    }
    if (impl_->changedBefore) return kFine;
    if (const auto how = impl_->target->changed()) {
      // What was shown is out already.
      result.exit = Exit::incomplete;
      result.error = changeText(*how) + ": not all of this need be true";
    }
    return kFine;
  });
  if (!error.message.empty()) {
    result.error = report::escape(error.message);
    if (error.code != ErrorCode::interrupted) result.exit = Exit::unusable;
  }
  return result;
}

std::optional<Session::Registers> Session::registersOf(std::uint64_t goid) const {
  const golang::Snapshot& snapshot = *impl_->snapshot;
  const golang::Goroutine* goroutine = snapshot.byId(goid);
  if (goroutine == nullptr || goroutine->sp == 0) return std::nullopt;
  Registers registers;
  registers.pc = goroutine->pc;
  registers.sp = goroutine->sp;
  const auto& threads = impl_->target->threads();
  if (goroutine->thread < threads.size() && threads[goroutine->thread].hasRegisters &&
      threads[goroutine->thread].registers.pc == goroutine->pc) {
    registers.framePointer = threads[goroutine->thread].registers.framePointer;
    return registers;
  }
  // A parked goroutine's frame pointer is saved with its pc and sp (runtime2.go, type gobuf).
  std::vector<std::string> missing;
  image::Binder binder(impl_->image->layouts(), "runtime.g", missing);
  image::Field<std::uint64_t> framePointer;
  binder.optional(framePointer, "sched.bp");
  if (framePointer.exists()) {
    registers.framePointer =
        image::readObject(impl_->target->memory(), goroutine->address, binder.size())[framePointer];
  }
  return registers;
}

std::string helpAsked(const std::vector<std::string>& words) {
  const auto invocation = command::parse(words);
  return invocation ? helpOf(*invocation) : "";
}

std::string checkCommand(const std::vector<std::string>& words) {
  return report::escape(
      guarded([&words]() -> Error {
        auto invocation = command::parse(words);
        if (!invocation) return invocation.error();
        const bool shellOnly = invocation->kind == command::Kind::watch && !invocation->help;
        return shellOnly ? Error{ErrorCode::usage, std::string(command::kWatchInShell), 0} : kFine;
      }).message);
}

std::string escaped(std::string_view text) { return report::escape(text); }

std::string_view version() { return PARKED_VERSION; }

}  // namespace parked
