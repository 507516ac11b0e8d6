// How far long work is, on stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace parked::cli {

/// "heap 42%, 1.2M/s, 3s left": the stage, how much of it is done, how fast, and how long the rest
/// of the stage takes if it goes on like that. `total` 0: not known, then neither share nor rest;
/// within the first moments of a stage neither rate nor rest.
std::string progressText(std::string_view stage, std::uint64_t done, std::uint64_t total,
                         std::chrono::duration<double> inStage);

/// A line on stderr with the above, when stderr is a terminal and the work takes more than a
/// second. clear() or the destructor wipes it.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  void update(std::string_view stage, std::uint64_t done, std::uint64_t total);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point started_, lastShown_, stageStarted_;
  std::uint64_t lastDone_ = 0;
  std::string stage_;
};

}  // namespace parked::cli
