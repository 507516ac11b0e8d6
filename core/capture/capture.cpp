#include "capture/capture.h"

#include <utility>

#include "golang/raced.h"

namespace parked::capture {

namespace {

/// Lets a stopped process run again on every way out.
class Release {
 public:
  explicit Release(target::Target& target) : target_(target) {}
  Release(const Release&) = delete;
  Release& operator=(const Release&) = delete;
  ~Release() { target_.release(); }

 private:
  target::Target& target_;
};

}  // namespace

Capture::Capture(target::Target& target, image::Image& image, const Wanted& wanted,
                 Observer* observer, Timings* timings)
    : target_(target),
      image_(image),
      wanted_(wanted),
      observer_(observer),
      timings_(timings),
      copy_(image, wanted.maxPause, wanted.everyRuntime && target.runtimes().size() > 1, observer) {
}

Result<std::unique_ptr<golang::Snapshot>> Capture::run(Reader& reader) {
  if (wanted_.copies) copy_.prepare(timings_);
  const Release release(target_);
  if (auto frozen = target_.freeze(); !frozen) return tl::unexpected(frozen.error());
  auto done = look(reader);
  constexpr int kMostLooks = 5;
  std::string before;
  for (int looks = 1; done && wanted_.stops && looks < kMostLooks; ++looks) {
    const std::string why = worthAnotherLook(reader);
    // What comes back and is not known to pass will stay.
    if (why.empty() || (why == before && !snapshot_->passing)) break;
    before = why;
    target_.memory().prepare(target_.memory().fetchedRanges());
    if (!target_.freeze()) break;  // the process has ended: what was read of it stays
    done = look(reader);
  }
  if (!done) return tl::unexpected(done.error());
  return std::move(snapshot_);
}

std::string Capture::worthAnotherLook(const Reader& reader) const {
  constexpr int kRoom = 4;                                      // the next one may take longer
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;  // what was copied is kept
  if (cancelled() || snapshot_->interrupted || target_.late() ||
      target_.memory().fetchedBytes() > kMostBytes) {
    return "";
  }
  if (wanted_.maxPause.count() > 0 && target_.pause() * (1 + kRoom) > wanted_.maxPause) return "";
  if (std::string why = reader.unsettled(); !why.empty()) return why;
  return snapshot_->passing ? "it was being changed" : "";
}

Result<void> Capture::look(Reader& reader) {
  image_.searchAgain();
  auto copied = LiveCopy::Result::unknown;
  if (wanted_.copies) copied = copy_.take(timings_);
  if (copied != LiveCopy::Result::unknown) target_.release();
  auto taken = golang::takeSnapshot(image_, observer_, timings_);
  if (!taken) {
    target_.release();
    return tl::unexpected(taken.error());
  }
  snapshot_ = std::move(*taken);
  if (auto again = rereadRaced(); !again) return again;
  const bool enough = wanted_.onlyCopies && copied == LiveCopy::Result::whole;
  if (copied != LiveCopy::Result::late && !enough) reader.read(*snapshot_);
  if (copied != LiveCopy::Result::late) target_.release();
  if (LiveCopy::cutShort(copied, target_.late())) reader.cutShort(*snapshot_);
  return {};
}

Result<void> Capture::rereadRaced() {
  constexpr int kTimes = 3;
  for (int time = 0; golang::markRaced(*snapshot_) > 0 && time < kTimes; ++time) {
    if (cancelled()) return {};
    if (auto fresh = target_.freeze(); !fresh) return fresh;
    auto taken = golang::takeSnapshot(image_, observer_, timings_);
    // The one before is better than none.
    if (!taken && taken.error().code == ErrorCode::interrupted) return {};
    if (!taken) return tl::unexpected(taken.error());
    if ((*taken)->interrupted && !snapshot_->interrupted) return {};
    snapshot_ = std::move(*taken);
  }
  return {};
}

}  // namespace parked::capture
