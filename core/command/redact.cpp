#include "command/redact.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command/host_observer.h"
#include "heap/heap.h"
#include "proof/pointer_words.h"
#include "target/overlay.h"

namespace parked::command {

namespace {

/// What is told of every group is told of one of its goroutines, and of no more groups than that:
/// ways between objects are pointers anyhow.
constexpr std::size_t kMostGroups = 100;

Result<void> run(Reading& reading, const std::vector<std::string>& words) {
  const auto invocation = parse(words);
  if (!invocation) return tl::unexpected(invocation.error());
  const auto done =
      reading.run(*invocation, Style{.bytes = true}, [](std::string_view) { return true; });
  if (!done) return tl::unexpected(done.error());
  return done->interrupted ? fail(ErrorCode::interrupted, "interrupted") : Result<void>();
}

/// Whatever a command reads goes to the log.
Result<void> runAll(Reading& reading) {
  std::vector<std::vector<std::string>> all = {{"report", "--json", "--all"},
                                               {"report", "--all", "--no-source"},
                                               {"info", "--json"},
                                               {"pstree", "--json"},
                                               {"pstree", "--json", "--waits"},
                                               {"goroutines", "--all", "--format", "traceback"}};
  const Workspace& workspace = reading.workspace();
  const auto& snapshot = workspace.snapshot();
  std::vector<bool> told(snapshot.stacks.size());
  std::size_t groups = 0;
  for (const golang::Goroutine& goroutine : snapshot.goroutines) {
    if (goroutine.stack >= told.size() || told[goroutine.stack]) continue;
    if (groups++ == kMostGroups) break;
    told[goroutine.stack] = true;
    const std::string id = std::to_string(goroutine.id);
    all.push_back({"goroutine", id, "--json"});
    all.push_back({"goroutine", id, "--no-source"});
    all.push_back({"why", id, "--json"});
  }
  for (const auto& words : all) {
    if (auto done = run(reading, words); !done) return done;
  }
  return {};
}

/// What opening a dump asks of a file that the program has mapped.
void noteFiles(target::Target& target) {
  for (const target::Mapping& mapping : target.mappings()) {
    if (mapping.fileOffset != 0) continue;
    target::ReadLog::Trial trial(target.memory().log());
    const target::BuildIds ids = target::buildIdsInMemory(target.memory(), mapping.start);
    if (!ids.go.empty() || !ids.gnu.empty()) trial.keep();
  }
}

}  // namespace

Result<std::optional<capture::Redaction>> redact(Reading& reading, target::ReadLog& log,
                                                 const Host& host) {
  const golang::Snapshot& snapshot = reading.workspace().snapshot();
  target::Target& target = snapshot.image->target();
  if (target.memory().standIns()) {
    target.memory().record(nullptr);
    return std::nullopt;
  }
  if (auto done = runAll(reading); !done) return tl::unexpected(done.error());
  noteFiles(target);
  HostObserver observer(host);
  auto opened = heap::Heap::open(*snapshot.image, &observer);
  // Without a heap there are no words that point into it.
  std::shared_ptr<const heap::Heap> heap;
  if (opened) heap = std::move(*opened);
  if (!opened && opened.error().code == ErrorCode::interrupted) {
    return tl::unexpected(opened.error());
  }
  if (heap != nullptr && !proof::notePointerWords(snapshot, *heap, &observer)) {
    return fail(ErrorCode::interrupted, "interrupted");
  }
  target.memory().record(nullptr);
  return capture::Redaction{
      log,
      [heap](std::uint64_t word) { return heap != nullptr && static_cast<bool>(heap->find(word)); },
      snapshot.image->foundVariables()};
}

}  // namespace parked::command
