// How long work tells its caller where it is, and is told to stop.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parked {

/// Receives progress. Called from the thread that does the work, at most a few times a second
/// per stage plus once at its start; `total` is 0 when it is not known.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void progress(std::string_view stage, std::uint64_t done, std::uint64_t total) {
    (void)stage, (void)done, (void)total;
  }
  /// True once the user asked to stop (Ctrl-C). Long loops ask every few thousand steps and
  /// return ErrorCode::interrupted.
  virtual bool cancelled() { return false; }
};

/// Wall time of each stage, in the order they ran, for `--timings`.
class Timings {
 public:
  struct Entry {
    std::string stage;
    std::chrono::nanoseconds spent;
  };
  /// Measures from construction to destruction.
  class Scope {
   public:
    Scope(Timings* timings, std::string_view stage)
        : timings_(timings), stage_(stage), start_(std::chrono::steady_clock::now()) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() {
      if (timings_ != nullptr) {
        timings_->entries_.push_back({stage_, std::chrono::steady_clock::now() - start_});
      }
    }

   private:
    Timings* timings_;
    std::string stage_;
    std::chrono::steady_clock::time_point start_;
  };

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace parked
