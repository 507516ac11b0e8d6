// `parked watch --before-oom`: what is kept of a process before it is killed for memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "command/kept_files.h"
#include "command/oom_threshold.h"
#include "parked/parked.h"
#include "target/memory_level.h"

namespace parked::command {

struct Invocation;

class BeforeOom {
 public:
  /// `options` must outlive the object, and have --before-oom.
  BeforeOom(const OpenRequest& request, const Invocation& options);

  /// Errors: usage, io (the folder), unsupported (nobody tells of memory), gone.
  Result<void> prepare();
  /// Looks at the memory; if the threshold has just been passed, reads the process and keeps what
  /// was read. The lines to tell then; else nullopt.
  std::optional<Watch::Alarm> look(const Host& host);

 private:
  Result<OomReading> read();
  Watch::Alarm tell(const OomReading& reading, const KeptMoment& kept, std::int64_t seconds) const;
  /// What parked itself may take, so that it does not bring about what it is to tell of.
  std::uint64_t memoryLimit() const;

  OpenRequest request_;
  const Invocation& options_;
  target::MemoryGauge gauge_;
  OomTrigger trigger_;
};

}  // namespace parked::command
