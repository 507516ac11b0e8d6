#include "report/tree.h"

#include <algorithm>
#include <queue>
#include <span>

#include "base/text.h"
#include "leak/creation.h"
#include "leak/short_name.h"
#include "report/baseline.h"
#include "report/escape.h"
#include "report/page.h"
#include "report/phrases.h"

namespace parked::report {

using leak::BlockedBy;
using leak::Forest;

namespace {

/// A line of the tree: a node, or nodes each of which is the only child of the one before and looks
/// the same.
struct Line {
  Index node = kNone;
  Index last = kNone;  ///< of the chain: its children come below
  std::uint64_t length = 1;
};

Line lineFrom(const Forest& forest, Index first) {
  Line line{first, first, 1};
  const Forest::Node& top = forest.nodes()[first];
  while (true) {
    const Forest::Node& at = forest.nodes()[line.last];
    if (at.children != 1) return line;
    const Index next = forest.childrenOf(at).front();
    const Forest::Node& below = forest.nodes()[next];
    if (below.count != top.count || below.context != top.context ||
        forest.wasCut(below.item) != forest.wasCut(top.item) ||
        forest.lookOf(below.item) != forest.lookOf(top.item)) {
      return line;
    }
    line.last = next;
    ++line.length;
  }
}

/// The lines that are shown: of all that could be next, always the gravest and largest.
class Choice {
 public:
  Choice(const Forest& forest, std::uint64_t limit) : lineOf_(forest.nodes().size(), kNone) {
    const auto after = [&forest](Index a, Index b) { return forest.before(b, a); };
    std::priority_queue<Index, std::vector<Index>, decltype(after)> next(after);
    for (const Index root : forest.roots()) next.push(root);
    while (!next.empty() && (limit == 0 || lines_.size() < limit)) {
      const Index node = next.top();
      next.pop();
      lineOf_[node] = static_cast<Index>(lines_.size());
      lines_.push_back(lineFrom(forest, node));
      for (const Index child : forest.childrenOf(forest.nodes()[lines_.back().last])) {
        next.push(child);
      }
    }
  }
  /// Null if the node is not shown.
  const Line* lineOf(Index node) const {
    return lineOf_[node] == kNone ? nullptr : &lines_[lineOf_[node]];
  }

 private:
  std::vector<Line> lines_;
  std::vector<Index> lineOf_;  // by node
};

class TreeText {
 public:
  TreeText(const Report& report, const Tree& tree, const TextStyle& style, Writer& writer,
           std::uint64_t limit)
      : report_(report),
        analysis_(*report.analysis),
        tree_(tree),
        forest_(tree.forest),
        choice_(tree.forest, limit),
        page_(style, writer),
        writer_(writer) {}

  /// How many goroutines are not told of.
  std::uint64_t put();

 private:
  struct Step {
    Index node = kNone;  ///< kNone: those of the parent's children that are not shown
    std::size_t depth = 0;
    bool last = false;
    std::uint64_t kinds = 0, goroutines = 0;  ///< of those
  };
  using Pieces = std::vector<Piece>;

  void push(std::span<const Index> siblings, std::size_t depth);
  std::string branch(const Step& step);
  void putLine(const Line& line, const std::string& branch);
  void addName(Pieces& pieces, const Line& line) const;
  void addState(Pieces& pieces, const Forest::Node& node) const;
  void addPlace(Pieces& pieces, Index goroutine) const;
  void addObject(Pieces& pieces, const Forest::Node& node) const;
  void addBlockedBy(Pieces& pieces, const Forest::Node& node) const;
  std::string functionOf(Index goroutine) const;

  const Report& report_;
  const leak::Analysis& analysis_;
  const Tree& tree_;
  const Forest& forest_;
  Choice choice_;
  Page page_;
  Writer& writer_;
  std::vector<Step> stack_;
  std::vector<bool> lastAt_;  // by depth: the one on the way to here is the last of its siblings
  std::uint64_t left_ = 0;
};

std::string at(const leak::Place& place) {
  return place.file.empty() || place.file.front() == '<'
             ? std::string()
             : fmt::format("{}:{}", baseName(place.file), place.line);
}

void TreeText::push(std::span<const Index> siblings, std::size_t depth) {
  const std::size_t first = stack_.size();
  Step hidden{.depth = depth};
  for (const Index node : siblings) {
    if (choice_.lineOf(node) != nullptr) {
      stack_.push_back({.node = node, .depth = depth});
      continue;
    }
    ++hidden.kinds;
    hidden.goroutines += forest_.nodes()[node].goroutines;
  }
  left_ += hidden.goroutines;
  if (hidden.kinds > 0 && depth > 0) stack_.push_back(hidden);
  if (stack_.size() > first) stack_.back().last = true;
  std::reverse(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
}

/// What leads to the line from those above it. Deep ones are told by a number.
std::string TreeText::branch(const Step& step) {
  lastAt_.resize(step.depth + 1);
  lastAt_[step.depth] = step.last;
  if (step.depth == 0) return {};
  const std::size_t deepest = std::clamp<std::size_t>(page_.width() / 10, 6, 12);
  std::string text;
  std::size_t level = 1;
  if (step.depth > deepest) {
    text = fmt::format("[{}] ", step.depth);
    level = step.depth - deepest + 3;
  }
  for (; level < step.depth; ++level) text += lastAt_[level] ? "   " : "│  ";
  return text + (step.last ? "└─ " : "├─ ");
}

/// What the goroutine was started to do.
std::string TreeText::functionOf(Index goroutine) const {
  const leak::PlaceId start = analysis_.info(goroutine).start;
  const bool main = report_.snapshot->goroutines[goroutine].id == golang::kMainGoroutine;
  if (start != leak::kNoPlace && !main)
    return leak::shortName(analysis_.place(start).shownFunction());
  const leak::PlaceId user = analysis_.userLine(goroutine).user;
  return user == leak::kNoPlace ? "?" : leak::shortName(analysis_.place(user).shownFunction());
}

void TreeText::addName(Pieces& pieces, const Line& line) const {
  const Forest::Node& node = forest_.nodes()[line.node];
  const Ink ink = node.context ? Ink::faint : Ink::strong;
  const Ink code = node.context ? Ink::faint : Ink::code;
  const std::uint64_t count = node.count * line.length;
  if (!forest_.isGoroutine(node.item)) {
    const leak::ForestExtra& extra = forest_.extra(node.item);
    const leak::Place& place = analysis_.place(extra.place);
    if (extra.id == 0) {
      const bool timer = place.function == "time.goFunc";
      pieces.push_back({timer ? "started by timers  " : "created by  ", Ink::faint});
      pieces.push_back({leak::shortName(place.shownFunction()) + "  ", code});
      if (!timer) pieces.push_back({at(place), Ink::faint});
      return;
    }
    const std::string_view ended =
        report_.snapshot->unreadGoroutines == 0 ? "(ended)  " : "(ended, or not read)  ";
    pieces.push_back({count == 1 ? fmt::format("goroutine {} ", extra.id)
                                 : fmt::format("{} × ", withSeparators(count)),
                      ink});
    pieces.push_back({std::string(ended), Ink::faint});
    if (extra.place == leak::kNoPlace) return;
    pieces.push_back({leak::shortName(place.shownFunction()) + "  ", code});
    pieces.push_back({at(place), Ink::faint});
    return;
  }
  const std::uint64_t id = report_.snapshot->goroutines[node.item].id;
  pieces.push_back(
      {count == 1 ? fmt::format("goroutine {}  ", id) : fmt::format("{} × ", withSeparators(count)),
       ink});
  pieces.push_back({functionOf(node.item) + "  ", code});
  if (line.length == 1) return;
  pieces.push_back({node.count == 1 ? "in a chain  "
                                    : fmt::format("in chains of {}  ", withSeparators(line.length)),
                    ink});
}

void TreeText::addState(Pieces& pieces, const Forest::Node& node) const {
  const leak::GoroutineInfo& info = analysis_.info(node.item);
  const bool system = report_.snapshot->goroutines[node.item].system;
  pieces.push_back({reasonText(analysis_, node.item) + "  "});
  pieces.push_back({std::string(system ? "system" : leak::verdictName(info.verdict)) + "  ",
                    system ? Ink::faint : lookOf(info.verdict).ink});
  if (isKnown(report_, node.item)) pieces.push_back({"known  ", Ink::faint});
}

/// Where it stands; with the function if that is not the one it was started with.
void TreeText::addPlace(Pieces& pieces, Index goroutine) const {
  const leak::Place& user = analysis_.place(analysis_.userLine(goroutine).user);
  const std::string place = at(user);
  if (place.empty()) return;
  const std::string function = leak::shortName(user.shownFunction());
  if (function != functionOf(goroutine)) pieces.push_back({"in " + function + " "});
  pieces.push_back({place + "  "});
}

/// What the members wait on, and for how long the first of them to has.
void TreeText::addObject(Pieces& pieces, const Forest::Node& node) const {
  const golang::Snapshot& snapshot = *report_.snapshot;
  if (leak::stateOf(snapshot.goroutines[node.item]) != leak::State::blocked) return;
  leak::Group group;
  group.example = node.item;
  std::vector<Addr> objects;
  std::int64_t longest = 0;
  for (const Index member : forest_.membersOf(node)) {
    longest = std::max(longest, analysis_.waitAtLeast(member));
    for (const golang::Wait& wait : snapshot.waitsOf(snapshot.goroutines[member])) {
      if (wait.address != 0) objects.push_back(wait.address);
    }
  }
  std::ranges::sort(objects);
  group.objects =
      static_cast<std::uint64_t>(std::ranges::unique(objects).begin() - objects.begin());
  const std::string wait = waitText(longest);
  if (!wait.empty()) pieces.push_back({wait + "  "});
  const bool known = analysis_.info(node.item).why == leak::Why::benign;
  pieces.push_back(
      {known ? std::string(analysis_.label(node.item)) : groupObjects(report_, group), Ink::faint});
}

/// What the goroutine above would have to do.
void TreeText::addBlockedBy(Pieces& pieces, const Forest::Node& node) const {
  const BlockedBy& by = tree_.blocking.by[node.item];
  if (by.kind == BlockedBy::Kind::nobody) return;
  std::string who = "it";
  if (forest_.wasCut(node.item)) {
    who = fmt::format("goroutine {} below", report_.snapshot->goroutines[by.goroutine].id);
    if (by.goroutine == node.item) who = "it itself";
  }
  if (by.circle) pieces.push_back({"circle  ", Ink::bad});
  if (by.kind == BlockedBy::Kind::partner) {
    pieces.push_back({fmt::format("as long as {} lives  ", who)});
    return;
  }
  if (by.others > 0) who += fmt::format(" (or {})", counted(by.others, "other"));
  const std::string place = at(tree_.blocking.places[by.place]);
  const std::string where = place.empty()                     ? place
                            : by.act == leak::WakeAct::unlock ? fmt::format(", locked at {}", place)
                                                              : fmt::format(" at {}", place);
  pieces.push_back({fmt::format("until {} {}{}  ", who, leak::traitsOf(by.act).does, where)});
}

void TreeText::putLine(const Line& line, const std::string& branch) {
  const Forest::Node& node = forest_.nodes()[line.node];
  Pieces pieces;
  addName(pieces, line);
  if (forest_.isGoroutine(node.item)) {
    if (!node.context) addState(pieces, node);
    if (tree_.waits) addBlockedBy(pieces, node);
    addPlace(pieces, node.item);
    if (!node.context) addObject(pieces, node);
  }
  std::erase_if(pieces, [](const Piece& piece) { return piece.text.empty(); });
  std::string& last = pieces.back().text;
  last.erase(last.find_last_not_of(' ') + 1);
  page_.line(branch, pieces);
}

std::uint64_t TreeText::put() {
  push(forest_.roots(), 0);
  while (!stack_.empty() && !writer_.ended()) {
    const Step step = stack_.back();
    stack_.pop_back();
    const std::string lead = branch(step);
    if (step.node == kNone) {
      const std::vector<Piece> more = {
          {fmt::format("{} more", counted(step.goroutines, "goroutine")), Ink::faint}};
      page_.line(lead, more);
      continue;
    }
    const Line& line = *choice_.lineOf(step.node);
    putLine(line, lead);
    push(forest_.childrenOf(forest_.nodes()[line.last]), step.depth + 1);
  }
  return left_;
}

/// "10,004 goroutines  9,980 PROVED, 24 WAITING".
void putSummary(Page& page, const Report& report, const Tree& tree) {
  std::uint64_t total = 0;
  std::vector<std::uint64_t> byVerdict(256);
  for (const Forest::Node& node : tree.forest.nodes()) {
    if (node.context) continue;
    total += node.count;
    for (const Index member : tree.forest.membersOf(node)) {
      ++byVerdict[static_cast<std::size_t>(report.analysis->info(member).verdict)];
    }
  }
  std::vector<Piece> pieces = {{counted(total, "goroutine"), Ink::strong}};
  if (tree.waits) pieces.push_back({" that hold up others or are held up"});
  std::string_view before = tree.waits ? ": " : "  ";
  for (std::size_t i = byVerdict.size(); i-- > 0;) {
    if (byVerdict[i] == 0) continue;
    const auto verdict = static_cast<leak::Verdict>(i);
    pieces.push_back({std::string(before)});
    pieces.push_back(
        {fmt::format("{} {}", withSeparators(byVerdict[i]), leak::verdictName(verdict)),
         lookOf(verdict).ink});
    before = ", ";
  }
  page.line("", pieces);
}

}  // namespace

Tree treeOf(const Report& report, bool waits, Observer* observer) {
  std::vector<bool> chosen(report.snapshot->goroutines.size());
  for (const Index i : report.goroutines) chosen[i] = true;
  if (!waits) {
    return {
        leak::Forest(*report.analysis,
                     leak::creationLinks(*report.analysis, std::move(chosen), observer), observer),
        false,
        {}};
  }
  leak::BlockingLinks blocking = leak::blockingLinks(*report.analysis, std::move(chosen), observer);
  leak::Forest forest(*report.analysis, std::move(blocking.links), observer);
  return {std::move(forest), true, std::move(blocking)};
}

void renderTree(const Report& report, const Tree& tree, std::uint64_t limit, const TextStyle& style,
                const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  if (report.goroutines.empty()) {
    page.line(0, {{noGoroutinesText(report)}});
    return;
  }
  if (tree.forest.nodes().empty()) {
    page.line(0, {{"no goroutine waits for another one that is known"}});
  } else {
    putSummary(page, report, tree);
  }
  if (tree.waits && tree.blocking.unknown > 0) {
    page.field(0, 0, {},
               fmt::format("{} {}, for whom is not known",
                           counted(tree.blocking.unknown, "other goroutine"),
                           tree.blocking.unknown == 1 ? "waits" : "wait"),
               Ink::faint);
  }
  if (!tree.waits && !leak::notesCreators(*report.snapshot)) {
    page.field(0, 0, {},
               "by the places of their go statements: that a goroutine notes who created it began "
               "with Go 1.21",
               Ink::faint);
  }
  TreeText text(report, tree, style, writer, limit);
  putMore(page, style, text.put(), tree.waits ? "pstree --waits" : "pstree");
}

}  // namespace parked::report
