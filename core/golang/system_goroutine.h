// Which goroutines are the runtime's own.
// Mirrors runtime/traceback.go (isSystemGoroutine, fixed == false), Go 1.18 to 1.27.
#pragma once

#include <unordered_map>

#include "golang/layouts.h"
#include "golang/snapshot.h"

namespace parked::golang {

/// The rule is about the name of the function a goroutine started with, so the answer is kept per
/// start pc.
class SystemRule {
 public:
  explicit SystemRule(image::Image& image);

  bool isSystem(Addr startPc, const image::Object& g, const GLayout& layout);

 private:
  enum class Kind : std::uint8_t { user, system, finalizer, cleanups };

  Kind classify(Addr startPc) const;
  bool readFinalizerRunning() const;

  image::Image& image_;
  std::unordered_map<Addr, Kind> kinds_;
  bool finalizerRunning_;
};

}  // namespace parked::golang
