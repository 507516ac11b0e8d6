// runtime.semaRoot: who waits for semaphores. Mirrors runtime/sema.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "arch/fwd.h"
#include "image/build_info.h"
#include "image/layout.h"

namespace parked::schema {

inline constexpr std::uint64_t kSemaRoots = 251;  // runtime.semTabSize

/// Of a bucket of runtime.semtable.
struct SemaRootLayout {
  std::uint32_t size = 0;
  image::Field<Addr> treap;  ///< of sudogs, by the semaphore's address
  image::Field<std::uint64_t> lock;

  static SemaRootLayout of(image::LayoutSource& source);
};

/// Bytes from one bucket to the next: each is padded to a cache line.
std::uint64_t semaRootStride(const arch::Architecture& arch, const image::GoVersion& version);

/// Which bucket has those who wait for the semaphore at `address`.
constexpr std::uint64_t semaRootOf(Addr address) { return (address >> 3) % kSemaRoots; }

}  // namespace parked::schema
