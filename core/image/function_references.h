// Which functions a function's machine code refers to: whom it calls, whose address it takes as
// Go's compiler does for closures and func values.
#pragma once

#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "image/image.h"

namespace parked::image {

class FunctionReferences {
 public:
  explicit FunctionReferences(Image& image);

  struct References {
    std::vector<Addr> calls;      ///< entries of functions that are called directly
    std::vector<Addr> addresses;  ///< of functions: their entries, or func values that lead there
  };
  /// Of one function; looked up once. Empty if its code is not readable.
  const References& of(FuncIndex function);
  /// Calls `visit` with the function and with those of the same package that it calls, a few calls
  /// deep, until it returns false. False if it did, or if there were too many.
  bool visitNear(FuncIndex function, const std::function<bool(FuncIndex)>& visit);
  /// Of all that visitNear() comes to.
  References near(FuncIndex function);

 private:
  void addCalls(std::span<const std::byte> code, Addr entry, References& out) const;
  void addAddress(Addr address, References& out) const;
  bool isEntry(Addr address) const;

  Image& image_;
  std::unordered_map<FuncIndex, References> known_;
};

}  // namespace parked::image
