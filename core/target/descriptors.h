// Which file a descriptor stands for.
#pragma once

#include <algorithm>
#include <string_view>

#include "target/target.h"

namespace parked::target {

/// What the kernel calls the descriptor (Descriptor::link); "" if that is not known.
inline std::string_view linkOf(const Target& target, std::int64_t fd) {
  const auto& all = target.descriptors();  // in order of their numbers: readDescriptors()
  const auto at = std::ranges::lower_bound(all, fd, {}, &Descriptor::fd);
  return at == all.end() || at->fd != fd ? std::string_view() : at->link;
}

}  // namespace parked::target
