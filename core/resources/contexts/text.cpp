// `parked contexts`: the trees, siblings that are alike told once.
#include "base/text.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "golang/clock.h"
#include "leak/times.h"
#include "report/page.h"
#include "report/phrases.h"
#include "resources/contexts/slice.h"
#include "resources/kit.h"

namespace parked::resources {

namespace {

constexpr std::size_t kDeepest = 20;  // levels that are indented
constexpr std::size_t kFold = 3;      // siblings that are alike

std::string nameOf(const ContextNode& node) {
  const std::string_view function = traitsOf(node.kind).function;
  if (node.kind == ContextKind::value && !node.key.empty()) {
    return fmt::format("{} {}", function, node.key);
  }
  if (!function.empty()) return std::string(function);
  return node.type.empty() ? "context of an unknown type" : node.type;
}

/// Nodes by parent, and what makes two trees look alike.
class Trees {
 public:
  explicit Trees(const Contexts& contexts) : nodes_(contexts.nodes) {
    const std::size_t count = nodes_.size();
    first_.assign(count + 1, 0);
    for (const ContextNode& node : nodes_) {
      if (node.parent != kNone) ++first_[node.parent + 1];
    }
    for (std::size_t i = 0; i < count; ++i) first_[i + 1] += first_[i];
    children_.resize(first_[count]);
    std::vector<std::size_t> at(first_.begin(), first_.end() - 1);
    for (Index i = 0; i < count; ++i) {
      if (nodes_[i].parent == kNone) {
        roots_.push_back(i);
      } else {
        children_[at[nodes_[i].parent]++] = i;
      }
    }
    measure();
  }

  std::span<const Index> roots() const { return roots_; }
  std::span<const Index> children(Index node) const {
    return {children_.data() + first_[node], children_.data() + first_[node + 1]};
  }
  std::uint64_t size(Index node) const { return sizes_[node]; }

  /// Siblings by what they look like; those with goroutines first, then the small sets.
  std::vector<std::vector<Index>> alike(std::span<const Index> siblings) const {
    std::vector<Index> order(siblings.begin(), siblings.end());
    std::ranges::stable_sort(order, {}, [this](Index i) { return looks_[i]; });
    std::vector<std::vector<Index>> sets;
    for (const Index i : order) {
      if (sets.empty() || looks_[sets.back().front()] != looks_[i]) sets.emplace_back();
      sets.back().push_back(i);
    }
    std::ranges::stable_sort(sets, [this](const auto& a, const auto& b) {
      const bool waitsA = waiting_[a.front()] > 0, waitsB = waiting_[b.front()] > 0;
      if (waitsA != waitsB) return waitsA;
      return a.size() != b.size() ? a.size() < b.size() : a.front() < b.front();
    });
    return sets;
  }

 private:
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    return (a ^ b) * 0x9e3779b97f4a7c15U + (a >> 29);
  }

  /// From the leaves up, without recursion: contexts may be nested as deep as memory allows.
  void measure() {
    sizes_.assign(nodes_.size(), 1);
    looks_.assign(nodes_.size(), 0);
    waiting_.assign(nodes_.size(), 0);
    std::vector<std::uint64_t> missing(nodes_.size());
    std::vector<Index> ready;
    for (Index i = 0; i < nodes_.size(); ++i) {
      missing[i] = children(i).size();
      if (missing[i] == 0) ready.push_back(i);
    }
    for (std::size_t at = 0; at < ready.size(); ++at) {
      const Index i = ready[at];
      const ContextNode& node = nodes_[i];
      std::uint64_t look = std::hash<std::string>{}(nameOf(node));
      look = mix(look, (node.cancelled ? 1 : 0) + (node.lost ? 2 : 0) +
                           (node.deadlineKnown ? 4 : 0) + 8 * node.goroutines.size());
      std::vector<std::uint64_t> below;
      waiting_[i] += node.goroutines.size();
      for (const Index child : children(i)) {
        below.push_back(looks_[child]);
        sizes_[i] += sizes_[child];
        waiting_[i] += waiting_[child];
      }
      std::ranges::sort(below);
      for (const std::uint64_t each : below) look = mix(look, each);
      looks_[i] = look;
      if (node.parent != kNone && --missing[node.parent] == 0) ready.push_back(node.parent);
    }
  }

  const std::vector<ContextNode>& nodes_;
  std::vector<std::size_t> first_;
  std::vector<Index> children_, roots_;
  std::vector<std::uint64_t> sizes_, looks_, waiting_;
};

std::int64_t leftOf(const golang::Snapshot& snapshot, const ContextNode& node) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;
  return std::clamp(node.deadline, -kFar, kFar) - std::clamp(snapshot.clock.now, -kFar, kFar);
}

std::string leftText(const golang::Clock& clock, std::int64_t left) {
  if (left >= 0) return leak::leftText(clock, left) + " left";
  return fmt::format("overdue for {}{}", golang::isLowerBound(clock) ? "at least " : "",
                     humanDuration(-left));
}

void putNode(Page& page, const Report& report, const ContextNode& node, std::size_t indent) {
  const golang::Snapshot& snapshot = *report.snapshot;
  std::string about;
  if (node.deadlineKnown && snapshot.clock.now != 0) {
    about += ", " + leftText(snapshot.clock, leftOf(snapshot, node));
  }
  if (node.cancelables > 0) {
    about +=
        fmt::format(", {} with it",
                    node.cancelables == 1 ? "1 ends" : withSeparators(node.cancelables) + " end");
  }
  if (!node.goroutines.empty()) {
    about += fmt::format(", {} {}", goroutineList(snapshot, node.goroutines),
                         node.goroutines.size() == 1 ? "waits" : "wait");
  }
  const std::string state = node.cancelled ? ", cancelled"
                            : node.lost    ? ", nobody can cancel it any more"
                                           : "";
  page.line(indent,
            {{nameOf(node), Ink::strong},
             {about},
             {state, node.lost ? Ink::warn : Ink::plain},
             {node.kind == ContextKind::root ? std::string() : fmt::format("  {:#x}", node.address),
              Ink::faint}});
}

/// "9,998 more like it, 3s left to 59m left".
std::string moreText(const Report& report, std::span<const Index> alike) {
  const auto& nodes = report.resources->of<Contexts>().nodes;
  std::string text = fmt::format("{} more like it", withSeparators(alike.size()));
  if (nodes[alike.front()].deadlineKnown && report.snapshot->clock.now != 0) {
    std::int64_t soonest = std::numeric_limits<std::int64_t>::max();
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    for (const Index i : alike) {
      soonest = std::min(soonest, leftOf(*report.snapshot, nodes[i]));
      latest = std::max(latest, leftOf(*report.snapshot, nodes[i]));
    }
    text += fmt::format(", {} to {}", leftText(report.snapshot->clock, soonest),
                        leftText(report.snapshot->clock, latest));
  }
  return text;
}

void putSummary(Page& page, const std::vector<ContextNode>& nodes) {
  std::uint64_t cancelable = 0, cancelled = 0, lost = 0, waiting = 0, all = 0;
  for (const ContextNode& node : nodes) {
    if (node.kind == ContextKind::root) continue;
    ++all;
    if (node.kind == ContextKind::cancel || node.kind == ContextKind::deadline) ++cancelable;
    if (node.cancelled) ++cancelled;
    if (node.lost) ++lost;
    waiting += node.goroutines.size();
  }
  std::string text = fmt::format(", {} that can be cancelled", withSeparators(cancelable));
  if (cancelled > 0) text += fmt::format(", {} cancelled", withSeparators(cancelled));
  if (waiting > 0) {
    text += fmt::format(", {} waiting", counted(waiting, "goroutine"));
  }
  const std::string bad =
      lost == 0 ? std::string()
                : fmt::format(", {} that nobody can cancel any more", withSeparators(lost));
  page.line(0, {{counted(all, "context"), Ink::strong}, {text}, {bad, Ink::warn}});
}

}  // namespace

void renderContexts(const Report& report, std::uint64_t limit, const TextStyle& style,
                    const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const auto& nodes = report.resources->of<Contexts>().nodes;
  const bool any =
      std::ranges::any_of(nodes, [](const auto& node) { return node.kind != ContextKind::root; });
  if (!any) {
    page.line(0, {{"no contexts"}});
    return;
  }
  putSummary(page, nodes);
  const Trees trees(report.resources->of<Contexts>());
  struct Step {
    Index node;  // kNone: a line of text
    std::size_t depth;
    std::string text;
    std::uint64_t folded = 0;  // contexts the text stands for
  };
  std::vector<Step> stack;
  const auto push = [&](std::span<const Index> siblings, std::size_t depth) {
    std::vector<Step> steps;
    for (const std::vector<Index>& set : trees.alike(siblings)) {
      const std::size_t shown = set.size() < kFold ? set.size() : 1;
      for (std::size_t i = 0; i < shown; ++i) steps.push_back({set[i], depth, {}});
      if (shown == set.size()) continue;
      const std::span<const Index> rest(set.data() + shown, set.size() - shown);
      steps.push_back({kNone, depth, moreText(report, rest), rest.size() * trees.size(rest[0])});
    }
    stack.insert(stack.end(), std::make_move_iterator(steps.rbegin()),
                 std::make_move_iterator(steps.rend()));
  };
  std::vector<Index> roots;
  for (const Index root : trees.roots()) {
    if (nodes[root].kind != ContextKind::root || !trees.children(root).empty()) {
      roots.push_back(root);
    }
  }
  push(roots, 0);
  std::uint64_t lines = 0, left = 0;
  while (!stack.empty()) {
    const Step step = std::move(stack.back());
    stack.pop_back();
    if (limit != 0 && lines >= limit) {
      left += step.node == kNone ? step.folded : trees.size(step.node);
      continue;
    }
    ++lines;
    const std::size_t indent = 2 * std::min(step.depth, kDeepest);
    if (step.node == kNone) {
      page.line(indent, {{step.text, Ink::faint}});
      continue;
    }
    putNode(page, report, nodes[step.node], indent);
    push(trees.children(step.node), step.depth + 1);
  }
  putMore(page, style, left, "contexts");
}

}  // namespace parked::resources
