// What the searches for variables share: candidates from code and from data. Private to globals*.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "image/code_refs.h"
#include "image/functions.h"
#include "image/layout.h"
#include "image/moduledata.h"
#include "target/target.h"

namespace parked::image {

struct GlobalSearch {
  target::Target& target;
  LayoutSource& layouts;
  const ModuleList& modules;
  const FunctionTable& functions;
  std::uint64_t most;  ///< bytes that data, or bss, can have

  target::AddressSpace& memory() const { return target.memory(); }

  using Filter = std::function<bool(const CodeRef&)>;
  /// Places in the first module's variables that the function's code refers to, each once.
  std::vector<Addr> refs(std::string_view function, const Filter& filter = {}) const;
  /// Those of `from` minus `offset` that pass `check`, each once.
  static std::vector<Addr> passing(const std::vector<Addr>& from, std::uint64_t offset,
                                   const std::function<bool(Addr)>& check);
  /// Words of the first module's variables with pointers that pass `check`: all of data and bss.
  std::vector<Addr> scan(const std::function<bool(Addr)>& check) const;
  /// In the variables (with or without pointers) of the first module.
  bool isVariable(Addr address) const;

  /// The only one; nullopt if there is none or there are several.
  static std::optional<Addr> only(const std::vector<Addr>& candidates);
};

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

}  // namespace parked::image
