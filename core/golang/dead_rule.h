// Whether a g whose status says that it is dead can be: nobody looks at what a dead one holds, so a
// damaged status would hide it.
#pragma once

#include <unordered_map>

#include "image/image.h"
#include "schema/g.h"

namespace parked::golang {

class DeadRule {
 public:
  DeadRule(image::Image& image, const schema::GLayout& layout) : image_(image), g_(layout) {}

  bool canBeDead(const image::Object& g);

 private:
  enum class Place : std::uint8_t { elsewhere, end, goexit };
  Place placeOf(Addr pc);

  image::Image& image_;
  const schema::GLayout& g_;
  std::unordered_map<Addr, Place> places_;  // there are a handful
};

}  // namespace parked::golang
