#include "golang/crash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>

#include "golang/stack_start.h"
#include "golang/unwind.h"
#include "target/read_log.h"

namespace parked::golang {

namespace {

using image::Object;

constexpr std::size_t kMaxFrames = 200;
constexpr std::size_t kLongestMessage = 4096;
constexpr std::string_view kAllAsleep = "all goroutines are asleep - deadlock!";

class Reader {
 public:
  Reader(Snapshot& snapshot, const schema::Layouts& layouts)
      : snapshot_(snapshot),
        image_(*snapshot.image),
        target_(image_.target()),
        memory_(target_.memory()),
        g_(layouts.g),
        m_(layouts.m),
        unwinder_(image_),
        starts_(image_, layouts, unwinder_) {}

  void read();

 private:
  bool knowsDying() const;
  std::vector<Object> dyingThreads();
  void tell(const Object& m);
  void tellFatalError(const Object& m, Crash& crash);
  void tellPanic(Crash& crash);
  void tellKernel();
  void place(const target::SignalInfo& signal, Addr pc, Crash& crash) const;
  std::string messageIn(const std::vector<Frame>& frames) const;
  std::string messageOf(const Frame& frame, std::string_view printer) const;
  bool printable(Addr header, std::string& out) const;
  std::string_view nameOf(const Frame& frame) const {
    return image_.functions().function(frame.function).name;
  }
  Index goroutineAt(Addr g) const;

  Snapshot& snapshot_;
  image::Image& image_;
  target::Target& target_;
  target::AddressSpace& memory_;
  const schema::GLayout& g_;
  const schema::MLayout& m_;
  Unwinder unwinder_;
  StackStarts starts_;
};

bool Reader::knowsDying() const {
  return m_.next && m_.caughtSignal && m_.dying && m_.throwing && g_.signal && g_.signalCode &&
         g_.faultAddress && g_.signalPc;
}

/// Those that began to die (runtime.startpanic_m). Threads to which the dying one passed SIGQUIT on
/// so that they print their stacks did not.
std::vector<Object> Reader::dyingThreads() {
  std::vector<Object> found;
  const auto list = image_.symbol("runtime.allm");
  Addr at = 0;
  if (!list || !memory_.read(*list, at)) return found;
  schema::forEachM(memory_, m_, at, [&](const Object& m) {
    if (m[m_.dying] > 0 && m[m_.dying] < 10) found.push_back(m);
  });
  return found;
}

void Reader::read() {
  if (!knowsDying()) return tellKernel();
  const std::vector<Object> dying = dyingThreads();
  if (dying.empty()) return tellKernel();
  // Several may panic at the same time; the last one to print ends the process, and a core has the
  // thread that did first.
  const auto first =
      std::ranges::find_if(dying, [&](const Object& m) { return starts_.threadOf(m) == 0; });
  tell(first != dying.end() ? *first : dying.front());
  snapshot_.crash->others = static_cast<std::uint32_t>(dying.size() - 1);
}

Index Reader::goroutineAt(Addr g) const {
  if (g == 0) return kNone;
  const auto at = std::ranges::find(snapshot_.goroutines, g, &Goroutine::address);
  return at == snapshot_.goroutines.end() ? kNone
                                          : static_cast<Index>(at - snapshot_.goroutines.begin());
}

void Reader::tell(const Object& m) {
  Crash& crash = snapshot_.crash.emplace();
  crash.thread = starts_.threadOf(m);
  crash.goroutine = goroutineAt(m[m_.curg]);
  if (m[m_.caughtSignal] == 0) {
    crash.kind = m[m_.throwing] != 0 ? Death::fatalError : Death::panic;
    return crash.kind == Death::panic ? tellPanic(crash) : tellFatalError(m, crash);
  }
  crash.kind = Death::signal;
  if (crash.thread == kNone) return;
  std::vector<StackStarts::Arrival> arrivals;
  starts_.withoutSignals(m, target_.threads()[crash.thread], &arrivals);
  // The handler raises SIGABRT once more when it has printed all; the first one is why.
  if (arrivals.empty() || !arrivals.back().signal) return;
  place(*arrivals.back().signal, arrivals.back().at.pc, crash);
}

void Reader::place(const target::SignalInfo& signal, Addr pc, Crash& crash) const {
  crash.signal = signal;
  crash.pc = pc;
  crash.outsideGo = pc != 0 && image_.functions().find(pc) == image::kNoFunc;
  // A sender in another pid namespace has no number here.
  crash.fromOutside = signal.isSent() && signal.sender != target_.pid();
}

void Reader::tellPanic(Crash& crash) {
  const auto at = std::ranges::find(snapshot_.panicking, crash.goroutine, &Panicking::goroutine);
  if (at == snapshot_.panicking.end() || !at->panics.back().fault) return;
  const Addr address = snapshot_.goroutines[crash.goroutine].address;
  const Object g = image::readObject(memory_, address, g_.size);
  if (!g || g[g_.signal] == 0) return;
  target::SignalInfo signal;
  signal.number = static_cast<int>(g[g_.signal]);
  signal.code = static_cast<int>(g[g_.signalCode]);
  signal.address = g[g_.faultAddress];
  crash.signal = signal;
  crash.pc = g[g_.signalPc];
}

void Reader::tellFatalError(const Object& m, Crash& crash) {
  std::vector<Frame> frames;
  if (crash.goroutine != kNone) {
    const Goroutine& goroutine = snapshot_.goroutines[crash.goroutine];
    unwinder_.unwind({.pc = goroutine.pc,
                      .sp = goroutine.sp,
                      .stackLo = goroutine.stackLo,
                      .stackHi = goroutine.stackHi},
                     frames, kMaxFrames);
    crash.message = messageIn(frames);
  }
  if (!crash.message.empty() || crash.thread == kNone) return;
  const auto point = starts_.withoutSignals(m, target_.threads()[crash.thread]);
  const auto system = starts_.stackOf(m[m_.g0]);
  if (!point || !system.contains(point->sp)) return;
  frames.clear();
  unwinder_.unwind({.pc = point->pc,
                    .sp = point->sp,
                    .lr = point->lr,
                    .stackLo = system.lo,
                    .stackHi = system.hi,
                    .trap = true},
                   frames, kMaxFrames);
  crash.message = messageIn(frames);
  // Nobody else's word counts: this is the one place that says so.
  crash.allAsleep =
      crash.message == kAllAsleep && std::ranges::any_of(frames, [&](const Frame& frame) {
        return nameOf(frame) == "runtime.checkdead";
      });
}

/// The text that the outermost throw on the stack prints.
std::string Reader::messageIn(const std::vector<Frame>& frames) const {
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
    const std::string_view name = nameOf(*frame);
    if (name != "runtime.throw" && name != "runtime.fatal") continue;
    if (std::string text = messageOf(*frame, std::string(name) + ".func1"); !text.empty()) {
      return text;
    }
  }
  return {};
}

/// throw(s) prints s in a function literal that is called on the system stack: its closure, in the
/// frame, is the literal's address and what it uses, s among it.
std::string Reader::messageOf(const Frame& frame, std::string_view printer) const {
  const image::FuncIndex literal = image_.functions().byName(printer);
  const Addr code = literal == image::kNoFunc ? 0 : image_.functions().function(literal).entry;
  std::string text;
  for (Addr at = frame.sp; code != 0 && at + 3 * kWord <= frame.fp; at += kWord) {
    const auto bytes = memory_.view(at, kWord);
    if (bytes.empty()) return {};
    if (std::memcmp(bytes.data(), &code, kWord) != 0) continue;
    memory_.note(at, kWord);
    // Since 1.25 the panic that was in progress is used as well.
    if (printable(at + kWord, text) || printable(at + 2 * kWord, text)) return text;
  }
  // Where the arguments were spilled, if they were.
  return printable(frame.argp, text) ? text : std::string();
}

/// The string with that header, if it may be a message: some bytes, all of them text.
bool Reader::printable(Addr header, std::string& out) const {
  target::ReadLog::Trial trial(memory_.log());
  Addr data = 0;
  std::uint64_t length = 0;
  if (!memory_.read(header, data) || !memory_.read(header + kWord, length) || length == 0 ||
      length > kLongestMessage || !memory_.covers(data, length) ||
      !memory_.goString(header, out, kLongestMessage)) {
    return false;
  }
  const bool text = std::ranges::all_of(out, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 || byte == '\n' || byte == '\t' || byte == 0x1b;
  });
  if (text) trial.keep();
  return text;
}

/// The runtime did not begin to die: the kernel ended the program by itself.
void Reader::tellKernel() {
  if (!target::isFile(target_.kind()) || target_.signal() == 0) return;
  Crash& crash = snapshot_.crash.emplace();
  crash.kind = Death::signal;
  crash.thread = target_.threads().empty() ? kNone : 0;
  target::SignalInfo signal = target_.signalInfo().value_or(target::SignalInfo{});
  signal.number = target_.signal();
  const Addr pc = crash.thread == kNone ? 0 : target_.threads().front().registers.pc;
  place(signal, pc, crash);
  const auto at = std::ranges::find(snapshot_.goroutines, crash.thread, &Goroutine::thread);
  if (crash.thread != kNone && at != snapshot_.goroutines.end()) {
    crash.goroutine = static_cast<Index>(at - snapshot_.goroutines.begin());
  }
}

}  // namespace

void readCrash(Snapshot& snapshot, const schema::Layouts& layouts) {
  Reader(snapshot, layouts).read();
}

}  // namespace parked::golang
