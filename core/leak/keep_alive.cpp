#include "leak/keep_alive.h"

#include <fmt/format.h>
#include <span>

#include "base/text.h"
#include "golang/unwind.h"
#include "leak/describe.h"
#include "leak/short_name.h"
#include "leak/typed_way.h"
#include "proof/path.h"

namespace parked::leak {

namespace {

using proof::RootKind;

/// Where a variable without a name lies: "bss" (zero when the program started) or "data".
std::string sectionOf(image::Image& image, Addr address) {
  std::string_view owner = "the program";
  for (const image::Module& module : image.modules()) {
    const auto in = [address](Addr from, Addr to) { return address >= from && address < to; };
    const bool bss = in(module.bss, module.bssEnd) || in(module.noptrBss, module.noptrBssEnd);
    if (bss || in(module.data, module.dataEnd) || in(module.noptrData, module.noptrDataEnd)) {
      return fmt::format("{} of {}", bss ? "bss" : "data", owner);
    }
    owner = "a plugin";
  }
  return "data of the program";
}

/// "main.registry (global map[string]*main.session)".
std::string variableText(image::Image& image, Addr address, std::string_view type = {}) {
  const image::Image::Variable variable = image.variableAt(address);
  if (variable.name.empty()) {
    return fmt::format("a global at {:#x} ({})", address, sectionOf(image, address));
  }
  const std::string kind =
      type.empty() ? std::string("(global)") : fmt::format("(global {})", type);
  if (address == variable.address || !type.empty()) {
    return fmt::format("{} {}", variable.name, kind);
  }
  return fmt::format("{}+{:#x} {}", variable.name, address - variable.address, kind);
}

/// The function in whose frame a stack slot lies.
std::string frameText(const Analysis& analysis, Index goroutine, Addr slot) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  std::vector<image::SourceFrame> source;
  for (const golang::Frame& frame : golang::framesOf(snapshot, snapshot.goroutines[goroutine])) {
    if (slot < frame.sp || slot >= frame.argp + sizeof(Addr)) continue;
    analysis.code().expand(frame.pc, frame.exact, source);
    if (!source.empty()) return std::string(source.back().function);
  }
  return {};
}

std::string rootText(const Analysis& analysis, const proof::Root& root) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const std::uint64_t id =
      root.goroutine < snapshot.goroutines.size() ? snapshot.goroutines[root.goroutine].id : 0;
  switch (root.kind) {
    case RootKind::global:
      break;  // see keptAliveBy()
    case RootKind::stack: {
      const std::string function = frameText(analysis, root.goroutine, root.address);
      return function.empty() ? fmt::format("the stack of goroutine {}", id)
                              : fmt::format("the stack of goroutine {} in {}", id, function);
    }
    case RootKind::goroutine:
      return fmt::format("goroutine {}", id);
    case RootKind::sudog:
      return fmt::format("what goroutine {} waits on", id);
    case RootKind::machine:
      return root.address == 0 ? "a register of a thread" : "a thread's system stack";
    case RootKind::finalizer:
      return "a finalizer";
    case RootKind::cleanup:
      return "a cleanup";
    case RootKind::weakHandle:
      return "a weak pointer";
    case RootKind::pinned:
      return "pinned by runtime.Pinner";
  }
  return "a root";
}

/// `type` as the way before it tells, "" if it does not.
std::string stepText(const Analysis& analysis, const proof::PathStep& step,
                     const std::string& type) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  if (step.channel != kNone) {
    const golang::Channel& channel = snapshot.channels[step.channel];
    const std::string_view element = snapshot.strings[channel.elementType];
    return element.empty() ? "chan" : fmt::format("chan {}", element);
  }
  if (step.timer != kNone) return "a pending timer";
  if (step.goroutine != kNone) {
    return fmt::format("goroutine {}", snapshot.goroutines[step.goroutine].id);
  }
  if (step.closureOf != 0) {
    const Place function = functionAt(analysis.code(), step.closureOf);
    if (!function.function.empty()) return fmt::format("closure {}", function.function);
  }
  if (!type.empty()) return type;
  if (!step.type.empty()) return step.type;
  return fmt::format("object of {}", counted(step.size, "byte"));
}

/// The steps of a way's start: the variable `word` lies in, or the one that points to what it lies
/// in. `lock`: the way ends there, at a lock.
void putGlobal(const Analysis& analysis, Addr word, bool lock, TypedWay& way,
               std::vector<KeepAliveStep>& result) {
  image::Image& image = *analysis.snapshot().image;
  const Addr holder =
      image.variableAt(word).name.empty() ? analysis.staticHolders().holderOf(word) : Addr{0};
  const Addr at = holder != 0 ? holder : word;
  const image::Image::Variable variable = image.variableAt(at);
  way.enter(variable.name, variable.address);
  KeepAliveStep& global = result.emplace_back();
  global.what = variableText(image, at, way.type());
  global.address = global.word = at;
  global.array = way.arrayLength();
  global.field = lock && holder == 0 ? way.lockAt(at) : way.follow(at);
  global.slice = !lock && way.severalThere();
  if (holder == 0) return;
  KeepAliveStep& value = result.emplace_back();
  value.what = way.type().empty() ? std::string("its value") : way.pointerType();
  value.address = image.target().memory().pointer(holder);
  value.word = word;
  value.offset = word - value.address;
  value.field = lock ? way.lockAt(word) : way.follow(word);
  value.slice = !lock && way.severalThere();
}

/// The steps of a path, none if it has none. `way` ends at the object.
std::vector<KeepAliveStep> stepsOf(const Analysis& analysis, const proof::Path& path,
                                   TypedWay& way) {
  std::vector<KeepAliveStep> result;
  if (path.steps.empty()) return result;
  if (path.root.kind == RootKind::global) {
    putGlobal(analysis, path.root.address, false, way, result);
  } else {
    KeepAliveStep& root = result.emplace_back();
    root.address = root.word = path.root.address;
    root.what = rootText(analysis, path.root);
    if (path.root.kind == RootKind::stack) root.goroutine = path.root.goroutine;
  }
  for (const proof::PathStep& step : path.steps) {
    KeepAliveStep& next = result.emplace_back();
    if (step.channel != kNone) way.reachChannel(step.object);
    way.reach(*analysis.options().proof->heap(), step.object);
    next.mapPart = way.insideMap();
    next.what = stepText(analysis, step, way.pointerType());
    if (step.word != 0) next.field = way.follow(step.word);
    next.slice = step.word != 0 && way.severalThere();
    next.timer = step.timer != kNone && step.channel == kNone;
    next.address = step.object;
    next.word = step.word;
    next.offset = step.word == 0 ? 0 : step.word - step.object;
  }
  return result;
}

/// At most so many steps of a way, those in its middle left out.
std::string wayText(const std::vector<KeepAliveStep>& steps, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps.size() > most && i == most / 2) {
      text += fmt::format(" -> {} more", steps.size() - most);
      i = steps.size() - most / 2;
    }
    if (!text.empty()) text += " -> ";
    text += shortName(steps[i].what);
    if (!steps[i].field.empty()) text += fmt::format(" {}", steps[i].field);
  }
  return text;
}

}  // namespace

std::vector<KeepAliveStep> keptAliveBy(const Analysis& analysis, Index goroutine) {
  std::vector<KeepAliveStep> result;
  const proof::Proof* proof = analysis.options().proof;
  const golang::Snapshot& snapshot = analysis.snapshot();
  if (proof == nullptr || proof->fate(goroutine) != proof::Fate::alive ||
      proof->reachedWait(goroutine) >= snapshot.waits.size()) {
    return result;
  }
  const golang::Wait& wait = snapshot.waits[proof->reachedWait(goroutine)];
  if (!proof->heap()->find(wait.address)) {
    TypedWay way(snapshot);
    putGlobal(analysis, wait.address, true, way, result);
    result.back().word = 0;
    return result;
  }
  TypedWay way(snapshot);
  result = stepsOf(analysis, proof::pathTo(snapshot, *proof, wait.address), way);
  if (result.empty()) return result;
  // A lock lies inside of an object: say which.
  const std::string object = describeWait(snapshot, wait);
  if (wait.kind != golang::ObjectKind::channel) {
    KeepAliveStep& last = result.back();
    last.word = wait.address;
    last.offset = wait.address - last.address;
    last.field = way.lockAt(wait.address);
    KeepAliveStep& lock = result.emplace_back();
    lock.what = object.substr(0, object.find(' '));
    lock.address = wait.address;
  }
  return result;
}

std::vector<KeepAliveStep> wayTo(const Analysis& analysis, Addr object,
                                 const proof::Marker* other) {
  const proof::Proof* proof = analysis.options().proof;
  if (proof == nullptr || !proof->given() || !proof->heap()->find(object)) return {};
  TypedWay way(analysis.snapshot());
  return stepsOf(analysis, proof::pathTo(analysis.snapshot(), *proof, object, other), way);
}

std::string keepAliveLine(const std::vector<KeepAliveStep>& steps) {
  // A way of short names has room for some steps, of long ones for its ends.
  constexpr std::size_t kMostShown = 6, kFewest = 2, kLongest = 160;
  // How the runtime keeps its timers is nobody's concern who reads a report.
  std::size_t first = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].timer) first = i;
  }
  std::vector<KeepAliveStep> shown;
  for (const KeepAliveStep& step : std::span(steps).subspan(first)) {
    // Of a map's inside the fields of an entry are of interest only.
    if (!step.mapPart || shown.empty()) {
      shown.push_back(step);
    } else {
      shown.back().field += step.field;
    }
  }
  std::string text;
  for (std::size_t most = kMostShown; most >= kFewest; most -= 2) {
    text = wayText(shown, most);
    if (text.size() <= kLongest) break;
  }
  return text;
}

}  // namespace parked::leak
