#include "proof/orphan_timers.h"

#include <algorithm>
#include <unordered_map>

#include "image/function_references.h"

namespace parked::proof {

using golang::Timer;
using golang::TimerKind;

namespace {

/// Whether a function, or one of its package that it calls, sets a timer, or has itself at hand for
/// one.
class Setters {
 public:
  explicit Setters(image::Image& image) : image_(image), references_(image) {}

  bool sets(Addr function) {
    const auto [at, isNew] = known_.try_emplace(function, false);
    if (isNew) at->second = look(function);
    return at->second;
  }

 private:
  bool look(Addr function) {
    const image::FunctionTable& functions = image_.functions();
    const image::FuncIndex index = functions.find(function);
    if (index == image::kNoFunc) return false;
    const auto references = references_.near(index);
    if (std::ranges::find(references.addresses, function) != references.addresses.end())
      return true;
    return std::ranges::any_of(references.calls, [&](Addr call) {
      const image::FuncIndex callee = functions.find(call);
      if (callee == image::kNoFunc) return false;
      const std::string_view name = functions.function(callee).name;
      return name == "time.(*Timer).Reset" || name == "time.AfterFunc" ||
             name == "time.resetTimer";  // what an inlined Reset calls
    });
  }

  image::Image& image_;
  image::FunctionReferences references_;
  std::unordered_map<Addr, bool> known_;
};

}  // namespace

OrphanTimers::OrphanTimers(const golang::Snapshot& snapshot) {
  Setters setters(*snapshot.image);
  for (golang::Index i = 0; i < snapshot.timers.size(); ++i) {
    const Timer& timer = snapshot.timers[i];
    if (timer.channel != 0 && !timer.stopped) channels_.insert(timer.channel, i);
    if (timer.p < 0) continue;
    switch (timer.kind) {
      case TimerKind::ticker:
      case TimerKind::timer:
      case TimerKind::sleep:
        own_.insert(timer.address, i);
        break;
      case TimerKind::afterFunc:
        if (!timer.stopped && !setters.sets(timer.callback)) break;
        if (!timer.stopped) tasks_.push_back(i);
        own_.insert(timer.address, i);
        break;
      default:
        if (timer.stopped) own_.insert(timer.address, i);
        break;
    }
  }
}

}  // namespace parked::proof
