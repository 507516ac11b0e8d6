// The objects of all(); private to core/arch.
#pragma once

#include "arch/architecture.h"

namespace parked::arch {

extern const Architecture kAmd64;
extern const Architecture kArm64;

}  // namespace parked::arch
