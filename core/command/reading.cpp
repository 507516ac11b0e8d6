#include "command/reading.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "capture/capture.h"
#include "capture/open_target.h"
#include "leak/variable_polls.h"
#include "leak/wait_exits.h"
#include "leak/wait_loops.h"
#include "report/escape.h"
#include "report/model.h"
#include "schema/g.h"
#include "schema/globals.h"
#include "target/go_files.h"

namespace parked::command {

namespace {

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
                                                            const std::vector<target::Thread>* held,
                                                            HostObserver& observer) {
  const Timings::Scope scope(&timings_, "open");
  target::OpenOptions options;
  options.executable = request.executable;
  options.module = request.module;
  options.search = {request.sysroots, request.debugFolders, request.debuginfod};
  options.force = request.force;
  options.stop = request.stop;
  options.maxPause = request.maxPause;
  options.heldThreads = dying_ == nullptr ? held : &dying_->threads;
  options.dyingNotes = dying_ == nullptr ? nullptr : &dying_->notes;
  options.coreName = request.coreName;
  options.executableName = request.executableName;
  options.observer = &observer;
  if (request.debugger != nullptr) debugger_ = std::make_unique<AccessHost>(*request.debugger);
  return capture::openTarget({.core = request.core,
                              .pid = request.pid,
                              .heldStopped = request.alreadyStopped,
                              .debugger = debugger_.get()},
                             options);
}

/// What is read while the memory of a look is there: proof and resources.
class Reading::WhileThere final : public capture::Reader {
 public:
  WhileThere(Reading& reading, const OpenRequest& request, Observer* observer)
      : reading_(reading), request_(request), observer_(observer) {}

  void read(golang::Snapshot& snapshot) override {
    if (request_.proof) reading_.prove(snapshot, observer_);
    // Of a process there is nothing left to read once it runs again.
    if (target::isFile(reading_.target_->kind())) return;
    reading_.resources_ = !request_.resources ? std::make_unique<resources::Resources>()
                          : observer_->cancelled()
                              ? resources::interruptedResources()
                              : resources::readResources(snapshot, reading_.proof_.get(), observer_,
                                                         &reading_.timings_);
  }
  void cutShort(golang::Snapshot& snapshot) override { reading_.tellLate(snapshot, request_); }
  std::string unsettled() const override {
    const proof::Proof* proof = reading_.proof_.get();
    if (proof != nullptr && proof->mayPass()) return proof->withheld();
    const resources::Resources* resources = reading_.resources_.get();
    if (resources != nullptr && !resources->incomplete.empty()) {
      return resources->incomplete.entries().front().detail;
    }
    return "";
  }

 private:
  Reading& reading_;
  const OpenRequest& request_;
  Observer* observer_;
};

Result<void> Reading::readTarget(const OpenRequest& request, Observer* observer) {
  const bool stops = request.pid > 0 && request.stop && !request.alreadyStopped;
  const capture::Wanted wanted{
      .stops = stops,
      .copies = (stops || dying_ != nullptr) && (request.proof || request.resources),
      .maxPause = request.maxPause,
      .everyRuntime = everyRuntime_ && request.module.empty(),
      .onlyCopies = dying_ != nullptr};
  WhileThere reader(*this, request, observer);
  auto taken = capture::Capture(*target_, *image_, wanted, observer, &timings_).run(reader);
  if (taken) {
    snapshot_ = std::move(*taken);
    return {};
  }
  if (!target_->late()) return tl::unexpected(taken.error());
  return fail(ErrorCode::unreadable,
              fmt::format("{} was let go before its goroutines were copied (--max-pause {}): {}",
                          target_->description(), humanDuration(request.maxPause.count()),
                          taken.error().message));
}

void Reading::prove(const golang::Snapshot& snapshot, Observer* observer) {
  orphans_.reset();
  proof_ = proof::Proof::run(snapshot, observer, &timings_);
  const leak::ImageCode code(*image_);
  leak::VariablePolls polls(snapshot, code);
  leak::WaitLoops loops(snapshot);
  leak::WaitExits exits(snapshot, code);
  using golang::Goroutine;
  using Looks = proof::Orphans::Looks;
  const proof::Orphans::Questions questions{
      .comesBack = [&](const Goroutine& goroutine) { return loops.comesBack(goroutine); },
      .reads =
          [&](const Goroutine& goroutine, Looks looks) {
            const leak::Polled least =
                looks == Looks::all ? leak::Polled::librarys : leak::Polled::programs;
            return polls.polled(goroutine) >= least;
          },
      .decidesItself = [&](const Goroutine& goroutine) { return exits.decidesItself(goroutine); },
      .common = [&](Addr word) { return polls.common(word); },
      .isVariable = [&](Addr address,
                        bool librarysCount) { return polls.isOthers(address, librarysCount); },
      .isPlain = [&](Addr address) { return polls.isPlain(address); }};
  orphans_ = proof::Orphans::find(snapshot, *proof_, questions, observer, &timings_);
}

void Reading::proveNothing(const std::string& why) {
  orphans_.reset();
  proof_ = proof::Proof::without(why);
}

void Reading::tellLate(golang::Snapshot& snapshot, const OpenRequest& request) {
  const std::string why = target_->late()
                              ? fmt::format("the process was not copied within --max-pause {}",
                                            humanDuration(request.maxPause.count()))
                              : "the process went on before it was copied";
  if (request.proof) proveNothing(why);
  resources_ = std::make_unique<resources::Resources>();
  snapshot.incomplete.add(
      "heap", why + ": nothing is proved, pools, connections, contexts and files are not told");
}

void Reading::tellChanged(const OpenRequest& request) {
  const auto how = target_->changed();
  if (!how) return;
  changedBefore_ = true;
  target_->incomplete().add(how->what, how->detail);
  if (request.proof) proveNothing(changeText(*how));
  if (resources_ != nullptr)
    resources_ = std::make_unique<resources::Resources>();  // had the old proof
}

Error Reading::explained(Error error) const {
  const auto how = target_ == nullptr ? std::nullopt : target_->changed();
  if (how) error.message += fmt::format("; {}", changeText(*how));
  return error;
}

Result<void> Reading::open(const OpenRequest& request, const Host& host,
                           const std::vector<target::Thread>* held) {
  callbacks_ = host;
  HostObserver observer(callbacks_);
  auto opened = openTarget(request, held, observer);
  if (!opened) return tl::unexpected(opened.error());
  target_ = std::move(*opened);
  if (log_ != nullptr) target_->memory().record(log_);
  auto read = image::Image::open(*target_, &observer, &timings_, schema::findGlobals);
  if (!read) return tl::unexpected(whatElseIsMapped(*target_, read.error()));
  image_ = std::move(*read);
  if (!target::isFile(target_->kind())) image_->indexNames();  // no process waits for that
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
  const auto g = schema::GLayout::of(image_->layouts());
  if (g.schedFrame) {
    registers.framePointer =
        image::readObject(target_->memory(), goroutine->address, g.size)[g.schedFrame];
  }
  return registers;
}

}  // namespace parked::command
