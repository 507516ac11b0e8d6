#include "command/reading.h"

#include <algorithm>
#include <fmt/format.h>

#include "golang/raced.h"
#include "image/layout.h"
#include "leak/numbers.h"
#include "leak/variable_polls.h"
#include "leak/wait_loops.h"
#include "report/escape.h"
#include "report/model.h"
#include "target/go_files.h"

namespace parked::command {

namespace {

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

/// "the core file became shorter while it was read", of Target::changed().
std::string changeText(const Incomplete& changed) {
  std::string_view how = changed.detail;
  how.remove_prefix(how.starts_with("it ") ? 3 : 0);
  return fmt::format("the {} {}", changed.what, how);
}

/// The error of a program that is not Go's, with the libraries that nobody could look into.
Error whatElseIsMapped(const target::Target& target, Error error) {
  constexpr std::size_t kMostNamed = 3;
  const std::vector<std::string>& unknown = target.unknownFiles();
  if (!target.runtimes().empty() || error.code != ErrorCode::badFormat) return error;
  if (unknown.empty()) {
    const auto isLibrary = [&](const target::Mapping& mapping) {
      return mapping.executable && mapping.path != target.executable().path();
    };
    if (std::ranges::any_of(target.mappings(), isLibrary)) {
      error.message += "; none of the libraries that it has loaded has Go either";
    }
    return error;
  }
  error.message += "; it may have Go in a library that is not here: ";
  for (std::size_t i = 0; i < unknown.size() && i < kMostNamed; ++i) {
    error.message += (i == 0 ? "" : ", ") + unknown[i];
  }
  if (unknown.size() > kMostNamed) {
    error.message += fmt::format(" and {} more", unknown.size() - kMostNamed);
  }
  return error;
}

}  // namespace

Result<std::unique_ptr<target::Target>> Reading::openTarget(const OpenRequest& request,
                                                            HostObserver& observer) {
  const Timings::Scope scope(&timings_, "open");
  target::OpenOptions options;
  options.executable = request.executable;
  options.module = request.module;
  options.force = request.force;
  options.stop = request.stop;
  options.maxPause = request.maxPause;
  options.observer = &observer;
  if (request.debugger != nullptr) debugger_ = std::make_unique<AccessHost>(*request.debugger);
  if (!request.core.empty()) return target::openCore(request.core, options);
  if (request.pid > 0) {
    std::vector<target::Thread> held;
    if (request.alreadyStopped) {
      if (debugger_ != nullptr) held = debugger_->threads();
      options.heldThreads = &held;
    }
    return target::openProcess(request.pid, options);
  }
  if (debugger_ != nullptr) return target::openDebugger(*debugger_, options);
  return fail(ErrorCode::usage, "nothing to open: no core, no process, no debugger");
}

Result<void> Reading::readTarget(const OpenRequest& request, Observer* observer) {
  const bool stops = request.pid > 0 && request.stop && !request.alreadyStopped;
  const bool copies = stops && (request.proof || request.resources);
  LiveCopy copy(*image_, request.maxPause, observer);
  if (copies) copy.prepare(&timings_);
  const Release release(*target_);
  if (auto frozen = target_->freeze(); !frozen) return tl::unexpected(frozen.error());
  auto done = look(copies ? &copy : nullptr, request, observer);
  constexpr int kMostLooks = 5;
  std::string before;
  for (int looks = 1; done && stops && looks < kMostLooks; ++looks) {
    const std::string why = worthAnotherLook(request, observer);
    // What comes back and is not known to pass will stay.
    if (why.empty() || (why == before && !snapshot_->passing)) break;
    before = why;
    target_->memory().prepare(target_->memory().fetchedRanges());
    if (!target_->freeze()) break;  // the process has ended: what was read of it stays
    done = look(copies ? &copy : nullptr, request, observer);
  }
  return done;
}

std::string Reading::worthAnotherLook(const OpenRequest& request, Observer* observer) {
  constexpr int kRoom = 4;                                      // the next one may take longer
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;  // what was copied is kept
  if (observer->cancelled() || snapshot_->interrupted || target_->late() ||
      target_->memory().fetchedBytes() > kMostBytes) {
    return "";
  }
  if (request.maxPause.count() > 0 && target_->pause() * (1 + kRoom) > request.maxPause) return "";
  if (proof_ != nullptr && proof_->mayPass()) return proof_->withheld();
  if (resources_ != nullptr && !resources_->incomplete.empty()) {
    return resources_->incomplete.entries().front().detail;
  }
  return snapshot_->passing ? "it was being changed" : "";
}

Result<void> Reading::look(LiveCopy* copy, const OpenRequest& request, Observer* observer) {
  image_->searchAgain();
  auto copied = LiveCopy::Result::unknown;
  if (copy != nullptr) copied = copy->take(&timings_);
  if (copied != LiveCopy::Result::unknown) target_->release();
  auto taken = golang::takeSnapshot(*image_, observer, &timings_);
  if (!taken) {
    target_->release();
    if (!target_->late()) return tl::unexpected(taken.error());
    return fail(ErrorCode::unreadable,
                fmt::format("{} was let go before its goroutines were copied (--max-pause {}): {}",
                            target_->description(), leak::humanDuration(request.maxPause.count()),
                            taken.error().message));
  }
  snapshot_ = std::move(*taken);
  if (auto again = rereadRaced(observer); !again) return again;
  if (copied != LiveCopy::Result::late) {
    if (request.proof) prove(observer);
    // Of a process there is nothing left to read once it runs again.
    if (target_->kind() != target::Kind::core) {
      resources_ = !request.resources ? std::make_unique<stdlib::Resources>()
                   : observer->cancelled()
                       ? stdlib::interruptedResources()
                       : stdlib::readResources(*snapshot_, proof_.get(), observer, &timings_);
    }
    target_->release();
  }
  if (LiveCopy::cutShort(copied, target_->late())) tellLate(request);
  return {};
}

Result<void> Reading::rereadRaced(Observer* observer) {
  constexpr int kTimes = 3;
  for (int time = 0; golang::markRaced(*snapshot_) > 0 && time < kTimes; ++time) {
    if (observer->cancelled()) return {};
    if (auto fresh = target_->freeze(); !fresh) return fresh;
    auto taken = golang::takeSnapshot(*image_, observer, &timings_);
    // The one before is better than none.
    if (!taken && taken.error().code == ErrorCode::interrupted) return {};
    if (!taken) return tl::unexpected(taken.error());
    if ((*taken)->interrupted && !snapshot_->interrupted) return {};
    snapshot_ = std::move(*taken);
  }
  return {};
}

void Reading::prove(Observer* observer) {
  orphans_.reset();
  proof_ = proof::Proof::run(*snapshot_, observer, &timings_);
  const leak::ImageCode code(*image_);
  leak::VariablePolls polls(*snapshot_, code);
  leak::WaitLoops loops(*snapshot_);
  orphans_ = proof::Orphans::find(
      *snapshot_, *proof_,
      [&](const golang::Goroutine& goroutine, bool alone) {
        return !loops.comesBack(goroutine) || (alone && polls.mayPoll(goroutine));
      },
      observer, &timings_);
}

void Reading::proveNothing(const std::string& why) {
  orphans_.reset();
  proof_ = proof::Proof::without(why);
}

void Reading::tellLate(const OpenRequest& request) {
  const std::string why = target_->late()
                              ? fmt::format("the process was not copied within --max-pause {}",
                                            leak::humanDuration(request.maxPause.count()))
                              : "the process went on before it was copied";
  if (request.proof) proveNothing(why);
  resources_ = std::make_unique<stdlib::Resources>();
  snapshot_->incomplete.add(
      "heap", why + ": nothing is proved, pools, connections, contexts and files are not told");
}

void Reading::tellChanged(const OpenRequest& request) {
  const auto how = target_->changed();
  if (!how) return;
  changedBefore_ = true;
  target_->incomplete().add(how->what, how->detail);
  if (request.proof) proveNothing(changeText(*how));
  if (resources_ != nullptr)
    resources_ = std::make_unique<stdlib::Resources>();  // had the old proof
}

Error Reading::explained(Error error) const {
  const auto how = target_ == nullptr ? std::nullopt : target_->changed();
  if (how) error.message += fmt::format("; {}", changeText(*how));
  return error;
}

Result<void> Reading::open(const OpenRequest& request, const Host& host) {
  callbacks_ = host;
  HostObserver observer(callbacks_);
  auto opened = openTarget(request, observer);
  if (!opened) return tl::unexpected(opened.error());
  target_ = std::move(*opened);
  auto read = image::Image::open(*target_, &observer, &timings_);
  if (!read) return tl::unexpected(whatElseIsMapped(*target_, read.error()));
  image_ = std::move(*read);
  if (target_->kind() != target::Kind::core) image_->indexNames();  // no process waits for that
  if (auto done = readTarget(request, &observer); !done) return done;
  tellChanged(request);
  code_ = std::make_unique<leak::ImageCode>(*image_);
  report::TargetInfo info = report::describeTarget(*snapshot_);
  info.runtimes = runtimes();
  info.runtimeFile = file();
  workspace_ = std::make_unique<Workspace>(
      *snapshot_, proof_.get(), orphans_.get(), std::move(resources_), *code_, std::move(info),
      mergeIncomplete(target_->incomplete(), snapshot_->incomplete));
  return {};
}

std::string Reading::file() const {
  if (target_ == nullptr) return "";
  for (const target::GoFile& each : target_->runtimes()) {
    if (each.file.get() == &target_->executable()) return each.path;
  }
  return target_->executable().path();
}

bool Reading::hasModuleIn(const target::GoFile& file) const {
  const image::ModuleList& modules = image_->modules();
  return std::ranges::any_of(target_->mappings(), [&](const target::Mapping& mapping) {
    if (target::withoutDeleted(mapping.path) != file.path) return false;
    return std::ranges::any_of(modules, [&](const image::Module& module) {
      return mapping.start <= module.text && module.text < mapping.end;
    });
  });
}

std::vector<std::string> Reading::runtimes() const {
  std::vector<std::string> files;
  if (target_ == nullptr) return files;
  for (const target::GoFile& each : target_->runtimes()) {
    const bool own = each.file.get() == &target_->executable();
    if (own || image_ == nullptr || !hasModuleIn(each)) files.push_back(each.path);
  }
  return files;
}

Result<CommandResult> Reading::run(const Invocation& invocation, const Style& style,
                                   const Sink& sink) {
  CommandResult result;
  Timings timings;
  HostObserver observer(callbacks_);
  bool cut = false;
  const Sink whileWanted = [&](std::string_view text) {
    cut = cut || !sink(text);
    return !cut;
  };
  auto exit = execute(invocation, *workspace_, style, whileWanted, {&observer, &timings});
  result.interrupted = workspace_->interrupted() || observer.hasStopped();
  if (cut) exit = fail(ErrorCode::interrupted, "interrupted: the output is cut off");
  if (!exit && exit.error().code == ErrorCode::interrupted) {
    result.exit = Exit::incomplete;
    result.error = report::escape(exit.error().message);
    return result;
  }
  if (!exit) return tl::unexpected(exit.error());
  result.exit = *exit;
  if (invocation.timings) result.timings = timingsText(timings_, timings);
  if (changedBefore_) return result;
  if (const auto how = target_->changed()) {
    // What was shown is out already.
    result.exit = Exit::incomplete;
    result.error = report::escape(changeText(*how) + ": not all of this need be true");
  }
  return result;
}

std::optional<Session::Registers> Reading::registersOf(std::uint64_t goid) const {
  const golang::Goroutine* goroutine = snapshot_->byId(goid);
  if (goroutine == nullptr || goroutine->sp == 0) return std::nullopt;
  Session::Registers registers;
  registers.pc = goroutine->pc;
  registers.sp = goroutine->sp;
  const auto& threads = target_->threads();
  if (goroutine->thread < threads.size() && threads[goroutine->thread].hasRegisters &&
      threads[goroutine->thread].registers.pc == goroutine->pc) {
    registers.framePointer = threads[goroutine->thread].registers.framePointer;
    return registers;
  }
  // A parked goroutine's frame pointer is saved with its pc and sp (runtime2.go, type gobuf).
  std::vector<std::string> missing;
  image::Binder binder(image_->layouts(), "runtime.g", missing);
  image::Field<std::uint64_t> framePointer;
  binder.optional(framePointer, "sched.bp");
  if (framePointer.exists()) {
    registers.framePointer =
        image::readObject(target_->memory(), goroutine->address, binder.size())[framePointer];
  }
  return registers;
}

}  // namespace parked::command
