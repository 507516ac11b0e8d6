// Go's own goroutine dump, from a core. Mirrors runtime/traceback.go (traceback1, traceback2,
// printcreatedby), Go 1.18 to 1.27; the wording is in dump_text.h.

#include <string>
#include <unordered_map>
#include <vector>

#include "golang/m_ids.h"
#include "golang/unwind.h"
#include "report/dump_text.h"
#include "report/escape.h"
#include "report/format.h"

namespace parked::report {

namespace {

/// The only text for a missing stack that readers of dumps know.
constexpr std::string_view kUnavailable =
    "\tgoroutine running on other thread; stack unavailable\n";
/// What releases before 1.21 print below a stack that goes on.
constexpr std::string_view kAdditional = "...additional frames elided...\n";

class Traceback {
 public:
  Traceback(const Report& report, bool system, Writer& out)
      : snapshot_(*report.snapshot),
        image_(*snapshot_.image),
        unwinder_(image_),
        mIds_(image_),
        dialect_(DumpDialect::of(image_.build())),
        system_(system),
        out_(out) {}

  void goroutine(const golang::Goroutine& goroutine);

 private:
  /// One line pair of a frame, but for what differs from goroutine to goroutine.
  struct Call {
    FrameTraits traits;
    bool inlined = false;
    std::string name;   ///< "main.worker(", escaped
    std::string place;  ///< ")\n\t/src/main.go:12 +0x1d"
  };
  struct Shown {
    const golang::Frame* frame;
    const Call* call;
  };

  const std::vector<Call>& callsAt(const golang::Frame& frame);
  void choose(bool runtimeFrames);
  void put(const Shown& shown);
  void stack(const golang::Goroutine& goroutine);
  void createdBy(const golang::Goroutine& goroutine);

  const golang::Snapshot& snapshot_;
  image::Image& image_;
  golang::Unwinder unwinder_;
  golang::MIds mIds_;
  DumpDialect dialect_;
  bool system_;
  Writer& out_;
  std::unordered_map<Addr, std::vector<Call>> calls_;  ///< by pc * 2 + exact
  std::vector<golang::Frame> frames_;                  ///< of the goroutine in hand
  std::vector<Shown> shown_;                           ///< of those, source frames that are shown
};

const std::vector<Traceback::Call>& Traceback::callsAt(const golang::Frame& frame) {
  const auto [at, isNew] = calls_.try_emplace(frame.pc * 2 + (frame.exact ? 1 : 0));
  std::vector<Call>& calls = at->second;
  if (!isNew) return calls;
  std::vector<image::SourceFrame> source;
  image_.functions().expand(frame.pc, frame.exact, source);
  for (const image::SourceFrame& from : source) {
    Call call;
    call.traits = traitsOf(dialect_, from.function, from.wrapper);
    call.inlined = from.inlined;
    call.name = (call.traits.gopanic ? std::string("panic") : escape(from.function)) + "(";
    call.place = fmt::format(")\n\t{}:{}", escape(from.file), from.line);
    if (!from.inlined && frame.function != image::kNoFunc) {
      const Addr entry = image_.functions().function(frame.function).entry;
      if (frame.pc > entry) call.place += fmt::format(" +{:#x}", frame.pc - entry);
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

void Traceback::choose(bool runtimeFrames) {
  shown_.clear();
  FrameTraits callee;
  std::size_t physical = 0;
  for (const golang::Frame& frame : frames_) {
    if (!dialect_.elidesMiddle && physical++ == kMaxPhysicalFrames) break;
    for (const Call& call : callsAt(frame)) {
      if (runtimeFrames || isShown(call.traits, callee, shown_.empty())) {
        shown_.push_back({&frame, &call});
      }
      callee = call.traits;
    }
  }
}

void Traceback::put(const Shown& shown) {
  out_(shown.call->name);
  if (shown.call->inlined) {
    out_("...");
  } else {
    out_(golang::formatArguments(image_, *shown.frame));
  }
  out_(shown.call->place);
  if (system_ && !shown.call->inlined) {
    out_.format(" fp={:#x} sp={:#x} pc={:#x}", shown.frame->fp, shown.frame->sp, shown.frame->pc);
  }
  out_("\n");
}

void Traceback::stack(const golang::Goroutine& g) {
  golang::framesOf(snapshot_, g, unwinder_, frames_);
  choose(system_);
  // A stack of nothing but runtime frames is shown with them.
  if (shown_.empty() && !system_) choose(true);
  if (shown_.empty()) {
    out_(kUnavailable);
    return;
  }
  const DumpCut cut = cutOf(dialect_, shown_.size());
  for (std::size_t i = 0; i < shown_.size(); ++i) {
    if (i == cut.inner && cut.elided > 0) {
      out_.format("...{} frames elided...\n", cut.elided);
      i += cut.elided;
    }
    put(shown_[i]);
  }
  // A stack that could not be read to its end is marked the same way.
  const bool limited = !dialect_.elidesMiddle && shown_.size() == kMaxPhysicalFrames;
  const bool truncated = g.stack < snapshot_.stacks.size() && snapshot_.stacks[g.stack].truncated;
  if (limited || truncated) out_(kAdditional);
}

void Traceback::createdBy(const golang::Goroutine& g) {
  if (g.creatorPc == 0 || g.id == 1) return;
  const image::FunctionTable& functions = image_.functions();
  const image::FuncIndex index = functions.find(g.creatorPc);
  if (index == image::kNoFunc) return;
  const image::Function& function = functions.function(index);
  if (!system_ && !isShown(traitsOf(dialect_, function.name, function.wrapper), {}, false)) return;
  const bool call = g.creatorPc > function.entry;
  const Addr at = call ? g.creatorPc - 1 : g.creatorPc;
  out_.format("created by {}", escape(function.name));
  if (g.parentId != 0) out_.format(" in goroutine {}", g.parentId);
  out_.format("\n\t{}:{}", escape(functions.file(index, at)), functions.line(index, at));
  if (call) out_.format(" +{:#x}", g.creatorPc - function.entry);
  out_("\n");
}

void Traceback::goroutine(const golang::Goroutine& g) {
  DumpHeader header = describeHeader(dialect_, snapshot_, g);
  if (system_) header.mId = mIds_.read(g.m);
  out_(headerText(dialect_, header, system_));
  out_("\n");
  stack(g);
  createdBy(g);
}

void render(const Answer& answer, const TextStyle&, const Sink& sink) {
  const Report& report = answer.report;
  Writer out(sink);
  Traceback traceback(report, answer.system, out);
  std::uint64_t written = 0;
  for (const Index index : report.goroutines) {
    const golang::Goroutine& goroutine = report.snapshot->goroutines[index];
    if (goroutine.system && !answer.system) continue;
    if (out.ended() || (answer.limit != 0 && written == answer.limit)) break;
    if (written++ != 0) out("\n");
    traceback.goroutine(goroutine);
  }
}

}  // namespace

// As panic and SIGQUIT print it, so that tools that parse it work on cores. As GOTRACEBACK=all
// prints it; with `system` as GOTRACEBACK=system does: the runtime's own goroutines and frames too,
// and every frame's fp, sp and pc.
extern const Format kTracebackFormat = {
    .name = "traceback",
    .help = "Go's own goroutine dump",
    .goroutinesOnly = true,
    .render = render,
};

}  // namespace parked::report
