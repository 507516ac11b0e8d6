// Which variable points to what a composite literal at package level made: of that there is no
// symbol, of the variable there is one.
#pragma once

#include <vector>

#include "heap/heap.h"
#include "image/image.h"

namespace parked::leak {

class StaticHolders {
 public:
  struct Pointer {
    Addr at = 0;     ///< of a variable
    Addr value = 0;  ///< that it has
  };
  /// Of pointers with the same value, the first one counts.
  explicit StaticHolders(std::vector<Pointer> pointers);
  /// Those of a program: its named variables that lead to something outside of the heap.
  StaticHolders(image::Image& image, const heap::Heap& heap);

  /// The variable that points nearest below `address`, or to it; 0 if there is none.
  Addr holderOf(Addr address) const;

 private:
  std::vector<Pointer> pointers_;  ///< by value, each once
};

}  // namespace parked::leak
