#include "leak/keeper.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

#include "base/text.h"
#include "golang/map_reader.h"
#include "leak/keep_alive.h"

namespace parked::leak {

namespace {

using Steps = std::span<const KeepAliveStep>;

/// What is told whole, whatever is inside of it.
bool isLibraryContainer(const KeepAliveStep& step) {
  return step.what.find("sync.Map") != std::string::npos ||
         step.what.find("list.List") != std::string::npos;
}

bool isUntyped(const KeepAliveStep& step) { return step.what.starts_with("object of"); }

/// Of a map's parts the one its variable points to (see TypedWay::insideMap()).
bool isMapHeader(const KeepAliveStep& step) {
  return step.mapPart && (step.what.starts_with("map<") || step.what.starts_with("hash<"));
}

/// Of a map that the step leads to, its first part whose type is told; else the step behind it.
std::size_t partAfter(Steps steps, std::size_t holder) {
  std::size_t part = holder + 1;
  while (part < steps.size() && isUntyped(steps[part])) ++part;
  return part < steps.size() && steps[part].mapPart ? part : holder + 1;
}

/// The step that a reader would name as the holder, if the ways part at step `at`.
std::size_t holderAt(Steps steps, std::size_t at) {
  constexpr std::size_t kAboveGroup = 3;  // header, directory and table
  for (std::size_t i = 0; i <= at; ++i) {
    if (isLibraryContainer(steps[i])) return i;
  }
  while (at > 0 && steps[at].mapPart) --at;
  // Where types are not told, parts of a map are recognized from the first that is large.
  const bool inMap = at + 1 < steps.size() && steps[at + 1].mapPart;
  if (inMap && !isMapHeader(steps[at + 1])) {
    for (std::size_t i = 0; i < kAboveGroup && at > 0 && isUntyped(steps[at]); ++i) --at;
  }
  if (at > 0 && steps[at - 1].slice && !steps[at - 1].mapPart) --at;
  return at;
}

/// Entries of the map or slice that the step's word leads to.
std::optional<std::uint64_t> entriesOf(image::Image& image, Steps steps, std::size_t holder) {
  const KeepAliveStep& step = steps[holder];
  if (step.slice) {
    std::uint64_t length = 0;  // behind the data (runtime/slice.go)
    if (image.target().memory().read(step.word + sizeof(Addr), length)) return length;
    return std::nullopt;
  }
  if (holder + 1 >= steps.size() || !isMapHeader(steps[holder + 1])) return std::nullopt;
  return golang::MapReader(image).count(steps[holder + 1].address);
}

/// The slice that the step's word is the data of has no place left (runtime/slice.go).
bool isFullSlice(image::Image& image, const KeepAliveStep& step) {
  std::uint64_t length = 0, capacity = 0;
  return step.slice && image.target().memory().read(step.word + sizeof(Addr), length) &&
         image.target().memory().read(step.word + 2 * sizeof(Addr), capacity) && length == capacity;
}

/// From what holds the entries on: "*main.session .done".
std::string eachText(Steps steps, std::size_t holder) {
  const auto ofContainer = [](const KeepAliveStep& step) {
    return step.mapPart || isUntyped(step) || step.what.find("sync.") != std::string::npos ||
           step.what.find("list.") != std::string::npos;
  };
  std::size_t first = partAfter(steps, holder);
  std::string field;
  if (isLibraryContainer(steps[holder])) {
    while (first < steps.size() && ofContainer(steps[first])) ++first;
  }
  for (; first < steps.size() && steps[first].mapPart; ++first) field += steps[first].field;
  if (steps[holder].slice && first < steps.size()) {
    const std::string& path = steps[first].field;  // "[3].done"
    const std::size_t bracket = path.find(']');
    field = bracket == std::string::npos ? std::string() : path.substr(bracket + 1);
    ++first;
  }
  if (first >= steps.size()) return field;
  // That a channel comes last is said where it is said what they wait on.
  Steps rest = steps.subspan(first);
  if (rest.back().what.starts_with("chan")) rest = rest.first(rest.size() - 1);
  const std::string line = keepAliveLine({rest.begin(), rest.end()});
  return field.empty() || line.empty() ? field + line : fmt::format("{} -> {}", field, line);
}

/// The way to the holder, with what is known of its entries.
std::string holderText(Steps way, std::string_view about) {
  std::vector<KeepAliveStep> steps(way.begin(), way.end());
  if (isLibraryContainer(steps.back())) steps.back().field.clear();
  std::string text = keepAliveLine(steps);
  if (about.empty()) return text;
  if (!text.ends_with(')')) return fmt::format("{} ({})", text, about);
  text.pop_back();
  return fmt::format("{}, {})", text, about);
}

}  // namespace

std::string keeperText(const Keeper& keeper) {
  return fmt::format("{} of {} by {}{}", withSeparators(keeper.members), withSeparators(keeper.of),
                     keeper.holder, keeper.each.empty() ? "" : ": " + keeper.each);
}

Keepers::Keepers(const Analysis& analysis, Observer* observer)
    : analysis_(analysis), observer_(observer) {
  const proof::Proof* proof = analysis.options().proof;
  if (proof != nullptr && proof->given()) common_.emplace(analysis.snapshot(), *proof);
}

const Keeper* Keepers::of(Index index) {
  const auto& groups = analysis_.grouping().groups;
  if (!common_ || index >= groups.size()) return nullptr;
  const Group& group = groups[index];
  const bool asked = group.verdict == Verdict::waiting || group.verdict == Verdict::suspect;
  if (!asked || group.system || group.count < kFewest || group.why == Why::benign) return nullptr;
  auto at = known_.find(index);
  if (at == known_.end()) {
    if (known_.size() >= kMost) return nullptr;
    if (observer_ != nullptr && observer_->cancelled()) return nullptr;
    at = known_.emplace(index, find(group)).first;
  }
  return at->second ? &*at->second : nullptr;
}

std::optional<Keeper> Keepers::find(const Group& group) {
  const auto members = analysis_.grouping().membersOf(group);
  const auto common = common_->of(members);
  if (!common) return std::nullopt;
  std::vector<KeepAliveStep> steps = keptAliveBy(analysis_, common->example);
  const auto found = std::ranges::find_if(
      steps, [&](const KeepAliveStep& step) { return step.address == common->object; });
  if (steps.empty() || (common->object != 0 && found == steps.end())) return std::nullopt;
  Keeper keeper;
  keeper.members = common->members;
  keeper.of = members.size();
  std::size_t holder = 0;
  std::string about;
  if (common->object == 0) {
    // The ways part in the variable itself, or on the stack: which word of it is no matter.
    steps.front().field.clear();
    steps.front().slice = false;
    keeper.full = steps.front().array >= keeper.members;
    keeper.container = common->root.kind == proof::RootKind::global;
  } else {
    holder = holderAt(steps, static_cast<std::size_t>(found - steps.begin()));
    keeper.entries = entriesOf(*analysis_.snapshot().image, steps, holder);
    keeper.full = isFullSlice(*analysis_.snapshot().image, steps[holder]);
    const std::size_t part = partAfter(steps, holder);
    const bool map = part < steps.size() && steps[part].mapPart;
    keeper.container =
        map || keeper.entries || isLibraryContainer(steps[holder]) || isUntyped(steps[holder]);
    if (map) about = "a map";
    if (keeper.entries) {
      about = *keeper.entries == 1 ? "1 entry" : withSeparators(*keeper.entries) + " entries";
    }
    if (isLibraryContainer(steps[holder])) keeper.entries.reset(), about.clear();
  }
  keeper.holder = holderText(Steps(steps).first(holder + 1), about);
  keeper.each = eachText(steps, holder);
  keeper.object = holder == 0 ? Addr{0} : steps[holder].address;
  return keeper;
}

}  // namespace parked::leak
