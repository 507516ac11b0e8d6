// The searches for the runtime's variables, one each. Private to globals*.
#pragma once

#include <cstdint>
#include <optional>

#include "image/global_search.h"
#include "image/peek.h"

namespace parked::schema {

using image::CodeRef;
using image::GlobalSearch;
using image::isPointer;
using image::peek;

/// A slice header by Go's ABI.
struct SliceHeader {
  Addr data = 0;
  std::uint64_t length = 0, capacity = 0;
};

// The searches, each with what tells its variable. Mirrors runtime, Go 1.18 to 1.27.

// globals_sched.cpp: goroutines, processors and threads.
std::optional<Addr> findAllgs(const GlobalSearch& search);
std::optional<Addr> findAllp(const GlobalSearch& search);
std::optional<Addr> findAllm(const GlobalSearch& search);
std::optional<Addr> findSched(const GlobalSearch& search);
std::optional<Addr> findGomaxprocs(const GlobalSearch& search);
std::optional<Addr> findWaitReasons(const GlobalSearch& search);
std::optional<Addr> findSemtable(const GlobalSearch& search);

// globals_memory.cpp: the heap and what else the runtime allocates.
std::optional<Addr> findMheap(const GlobalSearch& search);
std::optional<Addr> findAllfin(const GlobalSearch& search);
std::optional<Addr> findFinalizerRuns(const GlobalSearch& search);
std::optional<Addr> findFinalizerStatus(const GlobalSearch& search);
std::optional<Addr> findCleanups(const GlobalSearch& search);
std::optional<Addr> findMemstats(const GlobalSearch& search);
std::optional<Addr> findGcPhase(const GlobalSearch& search);
std::optional<Addr> findPersistentChunks(const GlobalSearch& search);
std::optional<Addr> findPollcache(const GlobalSearch& search);

// globals_time.cpp: what the clock starts from, and variables of the library.
std::optional<Addr> findRuntimeInitTime(const GlobalSearch& search);
std::optional<Addr> findStartNano(const GlobalSearch& search);
std::optional<Addr> findDefaultTransport(const GlobalSearch& search);

// globals_libraries.cpp: variables of other people's packages, by the code of one function.
std::optional<Addr> findGrpcChannelz(const GlobalSearch& search);
std::optional<Addr> findGrpcBufferPools(const GlobalSearch& search);
std::optional<Addr> findEtcdEndless(const GlobalSearch& search);

}  // namespace parked::schema
