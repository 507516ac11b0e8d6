#include "golang/panics.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "golang/any_text.h"
#include "golang/unwind.h"
#include "schema/defer.h"

namespace parked::golang {

namespace {

using image::Object;

// Each panic of a chain is in a frame of its own. More than a person reads are not shown.
constexpr std::size_t kMaxPanics = 64, kMaxDeferred = 64;
constexpr std::size_t kMaxFrames = 10000;

/// runtime._panic
struct PanicLayout {
  std::uint32_t size = 0;
  std::uint32_t argument = image::Field<Addr>::kAbsent;
  image::Field<Addr> link;
  image::Field<std::uint8_t> recovered, repanicked, goexit;
};

class Reader {
 public:
  explicit Reader(Snapshot& snapshot)
      : snapshot_(snapshot),
        image_(*snapshot.image),
        memory_(image_.target().memory()),
        values_(memory_, image_.runtimeTypes()),
        unwinder_(image_),
        defer_(schema::DeferLayout::of(image_.layouts())) {
    image::Binder binder(image_.layouts(), "runtime._panic", missing_);
    layout_.size = binder.size();
    layout_.argument = binder.offsetOf("arg", true);
    binder.required(layout_.link, "link");
    binder.required(layout_.recovered, "recovered");
    binder.required(layout_.goexit, "goexit");
    binder.optional(layout_.repanicked, "repanicked");
  }

  bool known() const { return missing_.empty() && defer_.function && defer_.link; }
  void read(Panicking& panicking);

 private:
  bool readOne(const Goroutine& goroutine, Addr address, Panic& out);
  void readDeferred(Panicking& panicking, Addr first);
  void readValue(Panic& panic);
  std::size_t frameOf(Addr address) const;
  std::string_view nameAt(std::size_t frame) const;

  Snapshot& snapshot_;
  image::Image& image_;
  target::AddressSpace& memory_;
  AnyText values_;
  Unwinder unwinder_;
  std::vector<std::string> missing_;
  PanicLayout layout_;
  schema::DeferLayout defer_;
  std::vector<Frame> frames_;
  Addr link_ = 0;  ///< of the panic that was read last
};

void Reader::read(Panicking& panicking) {
  const Goroutine& goroutine = snapshot_.goroutines[panicking.goroutine];
  Addr at = std::exchange(panicking.panics, {}).front().address;
  readDeferred(panicking, std::exchange(panicking.deferred, {}).front());
  frames_.clear();
  if (goroutine.stack != kNone) {
    UnwindStart start{.pc = goroutine.pc,
                      .sp = goroutine.sp,
                      .stackLo = goroutine.stackLo,
                      .stackHi = goroutine.stackHi};
    start.trap = !snapshot_.frames(goroutine).empty() && snapshot_.frames(goroutine).front().exact;
    start.syscall = goroutine.status == Status::syscall;
    unwinder_.unwind(start, frames_, kMaxFrames);
  }
  // A panic lies in the frame of the function that runs its deferred calls: older ones further up
  // the stack, so that no chain has an end that is not reached.
  for (Addr before = 0; at != 0; before = at, at = link_) {
    Panic panic;
    const bool fits = at > before && panicking.panics.size() < kMaxPanics;
    if (!fits || !readOne(goroutine, at, panic)) {
      snapshot_.incomplete.add("panic", "what a goroutine notes of its panics is damaged", at);
      break;
    }
    panicking.panics.push_back(std::move(panic));
  }
  std::ranges::reverse(panicking.panics);
}

/// As many as a person reads: the list may be damaged, or a circle.
void Reader::readDeferred(Panicking& panicking, Addr first) {
  Addr at = first;
  for (std::size_t i = 0; at != 0 && i < kMaxDeferred; ++i) {
    const Object record = image::readObject(memory_, at, defer_.size);
    if (!record) return;
    Addr code = 0;
    const Addr closure = record[defer_.function];
    const bool runs = record[defer_.started] != 0 || closure == 0;  // 0: a frame's open-coded ones
    if (!runs && memory_.read(closure, code) && image_.functions().find(code) != image::kNoFunc) {
      panicking.deferred.push_back(code);
    }
    at = record[defer_.link];
  }
}

bool Reader::readOne(const Goroutine& goroutine, Addr address, Panic& out) {
  if (address < goroutine.stackLo || address >= goroutine.stackHi || address % kWord != 0) {
    return false;
  }
  const Object object = image::readObject(memory_, address, layout_.size);
  if (!object) return false;
  out.address = address;
  out.recovered = object[layout_.recovered] != 0;
  out.repanicked = object[layout_.repanicked] != 0;
  out.goexit = object[layout_.goexit] != 0;
  link_ = object[layout_.link];
  const std::size_t frame = frameOf(address);
  out.frame = frame + 1 < frames_.size() ? static_cast<std::uint32_t>(frame + 1) : Panic::kNoFrame;
  if (out.goexit) {
    out.text = "runtime.Goexit";
    return true;
  }
  // gopanic's caller is runtime.panicmem, and that of it runtime.sigpanic.
  for (std::size_t i = frame + 1; i < std::min(frame + 3, frames_.size()); ++i) {
    out.fault = out.fault || nameAt(i) == "runtime.sigpanic";
  }
  readValue(out);
  return true;
}

/// What Error and String return replaces the value before it is printed (preprintpanics). Of which
/// type it was, the argument that gopanic was called with still tells.
void Reader::readValue(Panic& panic) {
  const Addr argument = panic.address + layout_.argument;
  Addr type = 0;
  if (!memory_.read(argument, type) || !memory_.read(argument + kWord, panic.value)) return;
  AnyValue value = values_.read(type, panic.value);
  panic.text = std::move(value.text);
  panic.type = std::move(value.type);
  panic.known = value.known;
  const std::size_t frame = frameOf(panic.address);
  if (panic.type != "string" || frame >= frames_.size()) return;
  Addr original = 0;
  if (nameAt(frame) != "runtime.gopanic" || !memory_.read(frames_[frame].argp, original)) return;
  const image::RuntimeType* was = image_.runtimeTypes().at(original);
  if (was != nullptr && original != type) panic.type = was->name;
}

/// The frame that the address lies in; the number of frames if it is in none.
std::size_t Reader::frameOf(Addr address) const {
  const auto in = std::ranges::find_if(
      frames_, [&](const Frame& frame) { return address >= frame.sp && address < frame.fp; });
  return static_cast<std::size_t>(in - frames_.begin());
}

std::string_view Reader::nameAt(std::size_t frame) const {
  return image_.functions().function(frames_[frame].function).name;
}

}  // namespace

void readPanics(Snapshot& snapshot) {
  if (snapshot.panicking.empty()) return;
  Reader reader(snapshot);
  if (!reader.known()) {
    snapshot.incomplete.add("panic", "the layout of runtime._panic is not known");
    snapshot.panicking.clear();
    return;
  }
  for (Panicking& panicking : snapshot.panicking) reader.read(panicking);
  std::erase_if(snapshot.panicking, [](const Panicking& one) { return one.panics.empty(); });
}

}  // namespace parked::golang
