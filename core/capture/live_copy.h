// What is copied of a process while it stands still, so that it can run on while the copy is read.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/observer.h"
#include "image/image.h"
#include "target/address_space.h"

namespace parked::capture {

/// Copies by what the heap's spans say, in several threads. All that a walker may look at is
/// copied: the program's variables, stacks, objects with pointers, small ones without, and the
/// runtime's own memory outside of the heap.
class LiveCopy {
 public:
  /// `image` must outlive the object; `maxPause` is OpenOptions::maxPause. `everything`: however
  /// much memory lies outside of the heap, as the heaps of other Go runtimes do.
  LiveCopy(image::Image& image, std::chrono::nanoseconds maxPause, bool everything,
           Observer* observer)
      : image_(image), maxPause_(maxPause), everything_(everything), observer_(observer) {}

  /// While the process still runs: finds out about how much there will be to copy and takes memory
  /// for it.
  void prepare(Timings* timings);

  enum class Result : std::uint8_t {
    whole,    ///< it is no longer needed
    unknown,  ///< something may be needed that nobody knows yet: keep it until all was read
    late,     ///< OpenOptions::maxPause ended the stop before everything was copied
  };
  /// While the process stands still.
  Result take(Timings* timings);

  /// Nothing may be proved of what was copied: the stop was over before all was there. `letGo`:
  /// target::Target::late(), once released.
  static bool cutShort(Result copied, bool letGo) {
    return copied == Result::late || (copied == Result::unknown && letGo);
  }

 private:
  using Ranges = std::vector<target::Range>;
  bool mayBeLate() const;
  Ranges variables() const;
  struct Bookkeeping {
    Ranges used;       ///< pages
    Ranges anonymous;  ///< where the others are zeros
  };
  bool bookkeeping(Bookkeeping& out) const;
  bool fetch(const Ranges& ranges, bool anonymous) const;

  image::Image& image_;
  std::chrono::nanoseconds maxPause_;
  bool everything_;
  Observer* observer_;
  /// What the goroutines needed while it ran, to be copied first: so many of them at a time, so
  /// that those whose turn came are whole, then all of it.
  std::vector<Ranges> goroutines_;
  std::uint64_t heapBytes_ = 0;  ///< to be copied, by prepare()
};

}  // namespace parked::capture
