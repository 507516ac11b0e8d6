// A process that a debugger has stopped, which alone can read its registers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parked::target {

class HeldElsewhere {
 public:
  /// nullopt unless every thread that has not ended stands in a stop of the process that traces it
  /// (state t of proc(5)). A tracer that lets it run, as strace does, is none.
  static std::optional<HeldElsewhere> find(std::int32_t pid);

  /// No thread has run since find(); from any thread.
  bool standing() const;
  /// Ids of the threads.
  std::vector<std::int32_t> threads() const;
  /// Who holds it: "process 4711 (dlv)".
  const std::string& by() const { return by_; }

 private:
  std::string by_;
  std::vector<std::pair<std::int32_t, std::string>> ran_;  ///< by thread: how often and how long
};

}  // namespace parked::target
