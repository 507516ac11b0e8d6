// Go's own goroutine dump, from a core. Mirrors runtime/traceback.go (goroutineheader, traceback2,
// printcreatedby), Go 1.18 to 1.27.

#include <algorithm>
#include <string>
#include <vector>

#include "golang/unwind.h"
#include "leak/describe.h"
#include "report/escape.h"
#include "report/render.h"

namespace parked::report {

namespace {

constexpr std::size_t kInnerFrames = 50;  // tracebackInnerFrames
constexpr std::size_t kOuterFrames = 50;  // tracebackOuterFrames; before 1.21 one limit of 100

/// What changed in the text between releases.
struct Dialect {
  bool elidesMiddle;    ///< 1.21+: the inner and the outer 50 frames; before: the inner 100
  bool headerPointers;  ///< 1.23+: gp=, m=, mp= with runtime frames
};

Dialect dialectOf(const image::GoVersion& version) {
  return {version.minor >= 21, version.minor >= 23};
}

/// runtime.isExportedRuntime: "runtime.Goexit" is shown, "runtime.gopark" is not.
bool isHiddenRuntime(std::string_view name) {
  constexpr std::string_view kPrefix = "runtime.";
  if (!name.starts_with(kPrefix)) return name.find('.') == std::string_view::npos;
  return name.size() == kPrefix.size() || name[kPrefix.size()] < 'A' || name[kPrefix.size()] > 'Z';
}

class Traceback {
 public:
  Traceback(const Report& report, bool system, Writer& out)
      : snapshot_(*report.snapshot),
        analysis_(*report.analysis),
        image_(*snapshot_.image),
        dialect_(dialectOf(image_.build().version)),
        system_(system),
        out_(out) {}

  void goroutine(const golang::Goroutine& goroutine);

 private:
  void header(const golang::Goroutine& goroutine);
  std::size_t collect(const std::vector<golang::Frame>& frames, bool runtimeFrames);
  void createdBy(const golang::Goroutine& goroutine);
  bool shown(const image::SourceFrame& frame, bool runtimeFrames, bool first) const;

  const golang::Snapshot& snapshot_;
  const leak::Analysis& analysis_;
  image::Image& image_;
  Dialect dialect_;
  bool system_;
  Writer& out_;
  std::vector<std::string> lines_;  ///< of the goroutine in hand, a frame each
};

void Traceback::header(const golang::Goroutine& g) {
  using golang::Status;
  const bool blocked = g.status == Status::waiting || g.status == Status::leaked;
  std::string status(leak::statusName(g.status));
  if (blocked && g.reason < snapshot_.reasons.size() && g.reason != 0) {
    status = escape(snapshot_.strings[snapshot_.reasons[g.reason].text]);
  }
  out_.format("goroutine {}", g.id);
  if (system_ && dialect_.headerPointers) {
    out_.format(" gp={:#x}", g.address);
    if (g.m != 0) {
      out_.format(" mp={:#x}", g.m);
    } else {
      out_(" m=nil");
    }
  }
  out_.format(" [{}", status);
  if (g.status == Status::leaked) out_(" (leaked)");
  if (g.scan) out_(" (scan)");
  const bool waits = blocked || g.status == Status::syscall;
  const std::int64_t now = snapshot_.clock.now;
  if (waits && g.waitSince != 0 && now > g.waitSince) {
    const std::int64_t minutes = (now - g.waitSince) / 60'000'000'000;
    if (minutes >= 1) out_.format(", {} minutes", minutes);
  }
  if (g.lockedToThread) out_(", locked to thread");
  if (g.bubble != 0) {
    out_.format(", synctest {} {}", image_.build().version.minor >= 25 ? "bubble" : "group",
                g.bubble);
  }
  out_("]:\n");
}

bool Traceback::shown(const image::SourceFrame& frame, bool runtimeFrames, bool first) const {
  if (runtimeFrames) return true;
  if (frame.wrapper) return false;
  if (frame.function == "runtime.gopanic" && !first) return true;
  return !isHiddenRuntime(frame.function);
}

std::size_t Traceback::collect(const std::vector<golang::Frame>& frames, bool runtimeFrames) {
  lines_.clear();
  std::vector<image::SourceFrame> source;
  std::size_t physical = 0;
  for (const golang::Frame& frame : frames) {
    if (!dialect_.elidesMiddle && physical == kInnerFrames + kOuterFrames) break;
    ++physical;
    source.clear();
    image_.functions().expand(frame.pc, frame.exact, source);
    for (const image::SourceFrame& call : source) {
      if (!shown(call, runtimeFrames, lines_.empty())) continue;
      const std::string_view name =
          call.function == "runtime.gopanic" ? std::string_view("panic") : call.function;
      std::string line =
          fmt::format("{}({})\n\t{}:{}", escape(name),
                      call.inlined ? std::string("...") : golang::formatArguments(image_, frame),
                      escape(call.file), call.line);
      if (!call.inlined && frame.function != image::kNoFunc) {
        const Addr entry = image_.functions().function(frame.function).entry;
        if (frame.pc > entry) line += fmt::format(" +{:#x}", frame.pc - entry);
        if (system_) {
          line += fmt::format(" fp={:#x} sp={:#x} pc={:#x}", frame.fp, frame.sp, frame.pc);
        }
      }
      lines_.push_back(std::move(line));
    }
  }
  return lines_.size();
}

void Traceback::createdBy(const golang::Goroutine& g) {
  if (g.creatorPc == 0 || g.id == 1) return;
  const image::FunctionTable& functions = image_.functions();
  const image::FuncIndex index = functions.find(g.creatorPc);
  if (index == image::kNoFunc) return;
  const image::Function& function = functions.function(index);
  if (!system_ && (function.wrapper || isHiddenRuntime(function.name))) return;
  const Addr at = g.creatorPc > function.entry ? g.creatorPc - 1 : g.creatorPc;
  out_.format("created by {}", escape(function.name));
  if (g.parentId != 0) out_.format(" in goroutine {}", g.parentId);
  out_.format("\n\t{}:{}", escape(functions.file(index, at)), functions.line(index, at));
  if (g.creatorPc > function.entry) out_.format(" +{:#x}", g.creatorPc - function.entry);
  out_("\n");
}

void Traceback::goroutine(const golang::Goroutine& g) {
  header(g);
  const std::vector<golang::Frame> frames = golang::framesOf(snapshot_, g);
  // A stack of nothing but runtime frames is shown with them, as Go does.
  if (collect(frames, system_) == 0) collect(frames, true);
  if (lines_.empty()) {
    out_(g.status == golang::Status::running
             ? "\tgoroutine running on other thread; stack unavailable\n"
             : "\tstack unavailable\n");
  }
  const std::size_t most = kInnerFrames + kOuterFrames;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (dialect_.elidesMiddle && lines_.size() > most && i == kInnerFrames) {
      out_.format("...{} frames elided...\n", lines_.size() - most);
      i = lines_.size() - kOuterFrames;
    }
    out_(lines_[i]);
    out_("\n");
  }
  if (!dialect_.elidesMiddle && lines_.size() >= most) out_("...additional frames elided...\n");
  createdBy(g);
}

}  // namespace

void renderTraceback(const Report& report, bool system, std::uint64_t limit, const Sink& sink) {
  Writer out(sink);
  Traceback traceback(report, system, out);
  std::uint64_t written = 0;
  for (const Index index : report.goroutines) {
    const golang::Goroutine& goroutine = report.snapshot->goroutines[index];
    if (goroutine.system && !system) continue;
    if (limit != 0 && written == limit) break;
    if (written++ != 0) out("\n");
    traceback.goroutine(goroutine);
  }
}

}  // namespace parked::report
