// Takes the snapshot of a target. A process is stopped, copied as far as a walker may ask, let go,
// and looked at again where what is normal for a moment cost a part of the answer.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/observer.h"
#include "capture/live_copy.h"
#include "golang/snapshot.h"
#include "image/image.h"
#include "target/target.h"

namespace parked::capture {

/// What is wanted of a process that runs.
struct Wanted {
  bool stops = false;   ///< it is stopped by parked, and let go again
  bool copies = false;  ///< more than the snapshot will be asked for: it is copied before it goes
  std::chrono::nanoseconds maxPause{0};  ///< as target::OpenOptions::maxPause
  /// Of several Go runtimes the memory of all is copied, not only that of the one that is read.
  bool everyRuntime = false;
  /// Nobody asks for more than the copy and the snapshot: the Reader reads only where it is not
  /// known what is needed, as that tells.
  bool onlyCopies = false;
};

/// Who makes more of a snapshot while its memory is there.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The memory that is needed for more than the snapshot is there. Of a process, whatever is not
  /// read before this returns is lost. Called for each look; the last one counts.
  virtual void read(golang::Snapshot& snapshot) = 0;
  /// Instead of read(), or behind it: the stop was over before everything was there. Nothing may be
  /// proved of this snapshot.
  virtual void cutShort(golang::Snapshot& snapshot) = 0;
  /// What of the last look another one may do better; "" if nothing.
  virtual std::string unsettled() const = 0;
};

class Capture {
 public:
  /// What is passed by reference must outlive the object; `observer` and `timings` may be null.
  Capture(target::Target& target, image::Image& image, const Wanted& wanted, Observer* observer,
          Timings* timings);

  /// Takes the snapshot and lets the process go, whatever comes.
  Result<std::unique_ptr<golang::Snapshot>> run(Reader& reader);

 private:
  /// One look, with a live process stopped as long as it has to be.
  Result<void> look(Reader& reader);
  /// Of a process that is read while it runs: reads again while goroutines went on meanwhile, up to
  /// a few times; those that still did are marked.
  Result<void> rereadRaced();
  /// Why another look is worth it; "" if it is not, or would stop the process for too long.
  std::string worthAnotherLook(const Reader& reader) const;
  bool cancelled() const { return observer_ != nullptr && observer_->cancelled(); }

  target::Target& target_;
  image::Image& image_;
  Wanted wanted_;
  Observer* observer_;
  Timings* timings_;
  LiveCopy copy_;
  std::unique_ptr<golang::Snapshot> snapshot_;
};

}  // namespace parked::capture
