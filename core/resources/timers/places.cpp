#include "resources/timers/places.h"

#include <fmt/format.h>

#include "base/text.h"

namespace parked::resources {

namespace {

/// "main.(*T).start" of the closure "main.(*T).start.func2.1"; "" if it is no closure.
std::string_view aroundClosure(std::string_view function) {
  constexpr std::string_view kMark = ".func";
  for (std::size_t at = function.find(kMark); at != std::string_view::npos;
       at = function.find(kMark, at + 1)) {
    const std::size_t digit = at + kMark.size();
    if (digit < function.size() && function[digit] >= '0' && function[digit] <= '9') {
      return function.substr(0, at);
    }
  }
  return {};
}

leak::Place frameAt(const leak::Analysis& analysis, Addr pc) {
  std::vector<image::SourceFrame> frames;
  if (pc != 0) analysis.code().expand(pc, false, frames);
  for (const image::SourceFrame& frame : frames) {
    if (frame.wrapper || leak::isRuntimeFunction(frame.function)) continue;
    return {frame.function, frame.file, frame.line};
  }
  return {};
}

}  // namespace

TimerMaker makerOf(const leak::Analysis& analysis, const Timers& timers, std::size_t timer) {
  const golang::Timer& about = timers.all[timer];
  const TimerDetail& detail = timers.details[timer];
  if (about.kind == golang::TimerKind::afterFunc) {
    leak::Place closure = leak::functionAt(analysis.code(), about.callback);
    if (const std::string_view maker = aroundClosure(closure.function); !maker.empty()) {
      closure.function = maker;
      return {closure, "made in"};
    }
    // It may have been made elsewhere first; what keeps it going is its own function.
    if (detail.rearming != Rearming::none && !closure.function.empty()) {
      return {closure, "started again by"};
    }
  }
  if (detail.receiver != golang::kNone) {
    const auto& goroutine = analysis.snapshot().goroutines[detail.receiver];
    return {analysis.place(analysis.stack(goroutine.stack).user), "waited for in"};
  }
  if (detail.holder == TimerHolder::stack) {
    return {frameAt(analysis, detail.holderPc), "held in"};
  }
  if (detail.holder == TimerHolder::closure) {
    return {leak::functionAt(analysis.code(), detail.holderCode), "held by the closure"};
  }
  return {};
}

std::string holderText(const leak::Analysis& analysis, const Timers& timers, std::size_t timer) {
  const TimerDetail& detail = timers.details[timer];
  switch (detail.holder) {
    case TimerHolder::nobody:
      return "nobody but the runtime";
    case TimerHolder::stack:
      return fmt::format("goroutine {}", analysis.snapshot().goroutines[detail.holderGoroutine].id);
    case TimerHolder::global: {
      const auto variable = analysis.snapshot().image->variableAt(detail.holderWord);
      return variable.name.empty() ? fmt::format("a global at {:#x}", detail.holderWord)
                                   : fmt::format("{} (global)", variable.name);
    }
    case TimerHolder::object:
      return detail.holderWord == 0 ? std::string("a thread")
                                    : fmt::format("the object around {:#x}", detail.holderWord);
    case TimerHolder::closure:
      return "a closure";
    case TimerHolder::notAsked:
      break;
  }
  return {};
}

}  // namespace parked::resources
