#include "golang/system_goroutine.h"

#include <string_view>

namespace parked::golang {

namespace {

std::string_view nameAt(const image::Image& image, Addr pc) {
  const image::FuncIndex index = image.functions().find(pc);
  return index == image::kNoFunc ? std::string_view()
                                 : std::string_view(image.functions().function(index).name);
}

}  // namespace

Caller callerAt(const image::Image& image, Addr startPc) {
  const std::string_view name = nameAt(image, startPc);
  if (name == "runtime.runfinq" || name == "runtime.runFinalizers") return Caller::finalizers;
  return name == "runtime.runCleanups" ? Caller::cleanups : Caller::none;
}

SystemRule::SystemRule(image::Image& image)
    : image_(image), finalizerRunning_(readFinalizerRunning()) {}

bool SystemRule::isSystem(Addr startPc, const image::Object& g, const schema::GLayout& layout) {
  auto [it, isNew] = kinds_.try_emplace(startPc, Kind::user);
  if (isNew) it->second = classify(startPc);
  switch (it->second) {
    case Kind::user:
      return false;
    case Kind::system:
      return true;
    case Kind::finalizers:
      return !finalizerRunning_;
    case Kind::cleanups:
      return g[layout.runningCleanups] == 0;
  }
  return false;
}

SystemRule::Kind SystemRule::classify(Addr startPc) const {
  switch (callerAt(image_, startPc)) {
    case Caller::finalizers:
      return Kind::finalizers;
    case Caller::cleanups:
      return Kind::cleanups;
    case Caller::none:
      break;
  }
  const std::string_view name = nameAt(image_, startPc);
  if (name == "runtime.main" || name == "runtime.corostart" || name == "runtime.handleAsyncEvent") {
    return Kind::user;
  }
  return name.starts_with("runtime.") ? Kind::system : Kind::user;
}

/// True while the finalizer goroutine runs a user's finalizer.
bool SystemRule::readFinalizerRunning() const {
  auto& memory = image_.target().memory();
  if (const auto running = image_.symbol("runtime.fingRunning")) {  // bool, up to 1.19
    std::uint8_t value = 0;
    return memory.read(*running, value) && value != 0;
  }
  constexpr std::uint32_t kFingRunningFinalizer = 2;  // runtime/mfinal.go
  std::uint32_t status = 0;
  const auto address = image_.symbol("runtime.fingStatus");
  return address && memory.read(*address, status) && (status & kFingRunningFinalizer) != 0;
}

}  // namespace parked::golang
