// The beginning of a core that comes in as a stream: its headers and notes, which tell of the
// threads before any memory follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "target/core_writer.h"
#include "target/target.h"

namespace parked::target {

/// More than this the headers and notes of no core have: 10,000 threads with the largest registers
/// there are make 110 MB.
inline constexpr std::uint64_t kMostHead = 256ULL << 20;

/// How many bytes from its start the headers and notes take, as far as `start` tells: where that is
/// more than `start` has, it may be more again once that much is there. 0: it is no core that tells
/// so, or they would be more than kMostHead.
std::uint64_t headSize(std::span<const std::byte> start);

/// A process of which the kernel is writing a core: all its threads stand still until that is done.
struct DyingProcess {
  std::int32_t pid = 0;  ///< as it knows itself
  std::vector<Thread> threads;
  std::vector<CoreNote> notes;
};

/// Of all bytes that headSize() speaks of. Errors: as ElfFile::fromBytes(); badFormat, if it is no
/// core or has no threads.
Result<DyingProcess> readHead(std::span<const std::byte> head);

/// Whether the kernel is writing a core of the process at this moment (Linux 4.15 and newer tell).
bool isDumpingCore(std::int32_t pid);

}  // namespace parked::target
