// Where a function's code locks and unlocks: the calls of package sync in it, also those that the
// compiler inlined (their slow path is a call).
#pragma once

#include <cstring>
#include <span>
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

  /// Calls visit(address) for what the function's code may name, once for each byte: what it names
  /// of a global is among it. Only on amd64, where such a reference is one instruction.
  template <class Visit>
  void visitReferences(image::FuncIndex index, const Visit& visit) const {
    if (index == image::kNoFunc || image_.target().arch() != target::Arch::amd64) return;
    const image::Function& function = image_.functions().function(index);
    const std::span<const std::byte> code = bytes(function);
    for (std::size_t i = 0; i + sizeof(std::int32_t) <= code.size(); ++i) {
      std::int32_t offset;
      std::memcpy(&offset, code.data() + i, sizeof offset);
      visit(function.entry + i + sizeof offset + static_cast<Addr>(std::int64_t{offset}));
    }
  }

 private:
  std::span<const std::byte> bytes(const image::Function& function) const;
  void read(const image::Function& function, std::vector<LockSite>& out) const;

  image::Image& image_;
  const Code& code_;
  std::unordered_map<image::FuncIndex, std::vector<LockSite>> known_;
};

}  // namespace parked::leak
