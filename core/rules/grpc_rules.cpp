// The rule for google.golang.org/grpc: client streams that nobody has any more.

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "golang/go_values.h"
#include "proof/others.h"
#include "rules/findings.h"
#include "rules/thresholds.h"

namespace parked::rules {

namespace {

/// A goroutine for each open client stream: it waits for the end of its context or its connection
/// (stream.go, since v1.4).
constexpr std::string_view kWatches = "google.golang.org/grpc.newClientStreamWithParams.func";

struct Stream {
  Index goroutine;
  std::string method;  ///< "" if that is not known
};

/// The goroutines that watch over a stream, all of them, and have done so for long.
std::vector<Index> watchers(const leak::Analysis& analysis, bool& longEnough) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const image::FunctionTable& functions = snapshot.image->functions();
  std::unordered_map<Addr, bool> starts;
  std::vector<Index> found;
  std::size_t old = 0;
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    const golang::Goroutine& goroutine = snapshot.goroutines[i];
    const auto [known, isNew] = starts.try_emplace(goroutine.startPc);
    if (isNew) {
      const image::FuncIndex function = functions.find(goroutine.startPc);
      known->second =
          function != image::kNoFunc && functions.function(function).name.starts_with(kWatches);
    }
    if (!known->second) continue;
    found.push_back(i);
    if (analysis.waitAtLeast(i) >= hangAge(analysis)) ++old;
  }
  longEnough = old >= kManyStreams;
  return found;
}

/// Reads what a clientStream calls, if one of the objects is one.
class Methods {
 public:
  explicit Methods(image::Image& image) : values_(image, incomplete_) {
    std::vector<std::string> missing;
    image::Binder stream(image.libraryLayouts(), "google.golang.org/grpc.clientStream", missing);
    header_ = stream.offsetOf("callHdr", false);
    image::Binder header(image.libraryLayouts(),
                         "google.golang.org/grpc/internal/transport.CallHdr", missing);
    method_ = header.offsetOf("Method", false);
  }

  std::string of(const std::vector<Addr>& objects) const {
    constexpr std::size_t kLongest = 256;
    constexpr std::uint32_t kAbsent = image::Field<Addr>::kAbsent;
    if (header_ == kAbsent || method_ == kAbsent) return {};
    for (const Addr object : objects) {
      const Addr header = values_.pointer(object + header_);
      if (header == 0) continue;
      std::string method = values_.guess(header + method_, kLongest);
      if (method.starts_with('/')) return method;
    }
    return {};
  }

 private:
  IncompleteList incomplete_;
  golang::GoValues values_;
  std::uint32_t header_, method_;
};

std::vector<Stream> abandoned(const leak::Analysis& analysis, Observer* observer) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const proof::Proof* proof = analysis.options().proof;
  std::vector<Stream> streams;
  if (snapshot.image == nullptr || proof == nullptr || !proof->given()) return streams;
  bool longEnough = false;
  const std::vector<Index> all = watchers(analysis, longEnough);
  if (!longEnough) return streams;
  proof::Others others(snapshot, *proof, observer);
  if (!others.mark(all)) return streams;
  const Methods methods(*snapshot.image);
  for (const Index watcher : all) {
    // Of those that are proved their group tells.
    if (proof->fate(watcher) != proof::Fate::alive ||
        analysis.waitAtLeast(watcher) < hangAge(analysis)) {
      continue;
    }
    const std::vector<Addr> own = others.ownOf(watcher);
    if (!own.empty()) streams.push_back({watcher, methods.of(own)});
  }
  return streams;
}

}  // namespace

void grpcRules(const Context& context, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  const std::vector<Stream> streams = abandoned(analysis, context.observer);
  if (streams.size() < kManyStreams) return;
  Finding finding;
  finding.rule = RuleId::streamAbandoned;
  finding.count = streams.size();
  std::int64_t age = 0;
  for (const Stream& stream : streams) {
    finding.goroutines.push_back(stream.goroutine);
    age = std::max(age, analysis.waitAtLeast(stream.goroutine));
    if (finding.evidence.size() == kExamples) continue;
    finding.evidence.push_back(fmt::format("goroutine {} watches over the stream{}{}",
                                           analysis.snapshot().goroutines[stream.goroutine].id,
                                           stream.method.empty() ? "" : " of ", stream.method));
  }
  finding.sentence = fmt::format(
      "{} that nobody has any more to receive from or to close, for up to {} at least: the end of "
      "their contexts or connections is all that ends them, it seems",
      counted(streams.size(), "gRPC stream"), humanDuration(age));
  findings.push_back(std::move(finding));
}

}  // namespace parked::rules
