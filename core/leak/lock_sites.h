// Where a function's code locks and unlocks: the calls of package sync in it, also those that the
// compiler inlined (their slow path is a call).
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "image/image.h"
#include "leak/code.h"

namespace parked::leak {

/// A call of Lock, RLock, Unlock or RUnlock, by the line it stands on.
struct LockSite {
  std::string_view function;  ///< the source function the call is written in
  std::string_view file;
  std::int32_t line = 0;
  bool acquires = false;
  bool rwMutex = false;  ///< of a sync.RWMutex, else of a sync.Mutex
};

class LockSites {
 public:
  LockSites(image::Image& image, const Code& code) : image_(image), code_(code) {}

  /// The sites of a physical function, worked out once.
  const std::vector<LockSite>& of(image::FuncIndex function);

  /// The function's code names an address in [from, to): it uses that global. Only on amd64, where
  /// such a reference is one instruction.
  bool refersTo(image::FuncIndex function, Addr from, Addr to) const;

 private:
  std::span<const std::byte> bytes(const image::Function& function) const;
  void read(const image::Function& function, std::vector<LockSite>& out) const;

  image::Image& image_;
  const Code& code_;
  std::unordered_map<image::FuncIndex, std::vector<LockSite>> known_;
};

}  // namespace parked::leak
