// Which goroutines are the runtime's own.
// Mirrors runtime/traceback.go (isSystemGoroutine, fixed == false), Go 1.18 to 1.27.
#pragma once

#include <unordered_map>

#include "golang/snapshot.h"
#include "schema/g.h"

namespace parked::golang {

/// Goroutines of the runtime that call functions of the program one after the other.
enum class Caller : std::uint8_t { none, finalizers, cleanups };

/// What a goroutine that started at `startPc` calls. Finalizers are called by one goroutine
/// (createfing in runtime/mfinal.go), since 1.25 cleanups by a few (runtime/mcleanup.go).
Caller callerAt(const image::Image& image, Addr startPc);

/// The rule is about the name of the function a goroutine started with, so the answer is kept per
/// start pc.
class SystemRule {
 public:
  explicit SystemRule(image::Image& image);

  bool isSystem(Addr startPc, const image::Object& g, const schema::GLayout& layout);

 private:
  enum class Kind : std::uint8_t { user, system, finalizers, cleanups };

  Kind classify(Addr startPc) const;
  bool readFinalizerRunning() const;

  image::Image& image_;
  std::unordered_map<Addr, Kind> kinds_;
  bool finalizerRunning_;
};

}  // namespace parked::golang
