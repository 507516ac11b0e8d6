#include "leak/handles.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>

#include "golang/go_values.h"
#include "leak/island_reach.h"
#include "leak/island_types.h"

namespace parked::leak {

namespace {

using image::RuntimeType;
using image::TypeKind;

constexpr std::size_t kMaxIslands = 512;    // of a kind
constexpr std::size_t kMaxCandidates = 16;  // of an island
constexpr std::size_t kMaxValues = 64;      // distinct ones that are counted

/// Fields that tell which client it is, the most telling first.
constexpr std::array<std::string_view, 20> kTelling = {
    "target",  "addr",    "address", "endpoint", "hostport", "host",     "hostname",
    "url",     "uri",     "name",    "id",       "topic",    "queue",    "subject",
    "channel", "service", "cluster", "database", "path",     "filename",
};
/// Where such fields are kept besides.
constexpr std::array<std::string_view, 6> kOptions = {"opt",    "opts", "options",
                                                      "config", "cfg",  "conf"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return out;
}

std::size_t rankOfField(std::string_view field) {
  const std::string name = lower(field);
  return static_cast<std::size_t>(std::ranges::find(kTelling, name) - kTelling.begin());
}

/// What is known of one island.
struct Found {
  const RuntimeType* type = nullptr;
  std::string method, field, value;
  Addr address = 0;
};

class Finder {
 public:
  Finder(const golang::Snapshot& snapshot, const Code& code, const proof::Islands& islands)
      : code_(code),
        image_(*snapshot.image),
        islands_(islands),
        graph_(*islands.graph),
        heap_(graph_.heap()),
        types_(snapshot, islands),
        seen_(graph_.nodes()) {}

  Found find(Index island);

 private:
  struct Candidate {
    Node node = 0;
    int owner = 0;
    bool exported = false, open = false;
    std::size_t reaches = 0;
    std::uint64_t size = 0;
    Addr address = 0;
    /// What its type says.
    auto ofType() const { return std::tuple(owner, exported, open); }
    auto key() const { return std::tuple(ofType(), reaches, size, ~address); }
  };

  /// Begins a new walk; in it visit() is true once for each node.
  void beginWalk() { ++walk_; }
  bool visit(Node node) { return std::exchange(seen_[node], walk_) != walk_; }
  bool leadsToAll(Node from, std::size_t& reached);
  std::optional<Candidate> candidate(Node node);
  std::vector<Candidate> candidates();
  Found describe(Node node);
  void telling(const RuntimeType& type, Addr at, Found& found, std::size_t& best, int depth);

  const Code& code_;
  image::Image& image_;
  const proof::Islands& islands_;
  const proof::LostGraph& graph_;
  const heap::Heap& heap_;
  IslandTypes types_;
  std::vector<std::uint32_t> seen_;  // by node: the last walk that came to it
  std::uint32_t walk_ = 0;
  Index island_ = kNone;   // that is looked at
  std::size_t tasks_ = 0;  // of it, that some object leads to
};

/// Whether the object leads to what every task waits on that anything leads to; `reached` counts
/// the objects on the way.
bool Finder::leadsToAll(Node from, std::size_t& reached) {
  std::vector<Node> todo = {from};
  std::size_t tasks = 0;
  beginWalk();
  visit(from);
  reached = 1;
  while (!todo.empty()) {
    const Node node = todo.back();
    todo.pop_back();
    for (const Node to : graph_.from(node)) {
      const bool task = to < graph_.owners();
      if ((!task && islands_.islandOf[to] != island_) || !visit(to)) continue;
      if (task) {
        ++tasks;
      } else {
        ++reached;
        todo.push_back(to);
      }
    }
  }
  return tasks == tasks_;
}

/// What its type says of it; nullopt if the object is no handle.
std::optional<Finder::Candidate> Finder::candidate(Node node) {
  const RuntimeType& type = types_.typeOf(node);
  const std::size_t dot = type.name.find('.');
  if (dot == std::string::npos || type.package.empty()) return std::nullopt;
  const Owner owner = ownerOf(code_, type.package == "main" ? "main.x" : type.package + ".x", {});
  const bool own = owner == Owner::own || owner == Owner::local;
  const char first = type.name[dot + 1];
  const bool exported = own || (first >= 'A' && first <= 'Z');
  // What wakes or carries others, and is not what they belong to.
  const bool carrier = type.package == "time" || type.package == "context" ||
                       type.package == "sync" || type.package == "internal/poll";
  if (carrier || owner < Owner::standard || (owner == Owner::standard && !exported)) {
    return std::nullopt;
  }
  if (types_.types().closerOf(type, own).empty()) return std::nullopt;
  const bool open = ("/" + type.package + "/").find("/internal/") == std::string::npos;
  return Candidate{.node = node,
                   .owner = own                       ? 2
                            : owner == Owner::library ? 1
                                                      : 0,
                   .exported = exported,
                   .open = open,
                   .size = type.size,
                   .address = heap_.address(graph_.object(node))};
}

/// Of an island, the likeliest first: a large client has many that can be closed.
std::vector<Finder::Candidate> Finder::candidates() {
  std::vector<Candidate> all;
  for (const Node node : types_.typed()) {
    if (const auto one = candidate(node)) all.push_back(*one);
  }
  std::ranges::stable_sort(all, std::ranges::greater(), [](const Candidate& each) {
    return std::tuple(each.ofType(), each.size, ~each.address);
  });
  if (all.size() > kMaxCandidates) all.resize(kMaxCandidates);
  return all;
}

/// The most telling string among the fields of a value.
void Finder::telling(const RuntimeType& type, Addr at, Found& found, std::size_t& best, int depth) {
  if (type.kind != TypeKind::structure) return;
  IncompleteList ignored;
  const golang::GoValues values(image_, ignored);
  for (const image::RuntimeField& field : type.fields) {
    const RuntimeType* of = types_.types().at(field.type);
    if (of == nullptr) continue;
    if (of->kind == TypeKind::string) {
      const std::size_t rank = rankOfField(field.name);
      if (rank >= best) continue;
      const std::string text = tellingText(values.guess(at + field.offset, 1024));
      if (!text.empty()) best = rank, found.field = field.name, found.value = text;
      continue;
    }
    const std::string name = lower(field.name);
    const bool embedded = of->name.ends_with("." + field.name);
    if (depth > 2 || (!embedded && std::ranges::find(kOptions, name) == kOptions.end())) continue;
    if (of->kind == TypeKind::structure) {
      telling(*of, at + field.offset, found, best, depth + 1);
    } else if (of->kind == TypeKind::pointer) {
      const RuntimeType* behind = types_.types().at(of->element);
      const Addr value = image_.target().memory().pointer(at + field.offset);
      const heap::ObjectRef object = heap_.find(value);
      if (behind != nullptr && object && heap_.allocated(object)) {
        telling(*behind, value, found, best, depth + 1);
      }
    }
  }
}

Found Finder::describe(Node node) {
  Found found;
  found.type = &types_.typeOf(node);
  found.address = types_.valueOf(node);
  const Owner owner = ownerOf(code_, found.type->package + ".x", {});
  found.method = types_.types().closerOf(*found.type, owner == Owner::own || owner == Owner::local);
  std::size_t best = kTelling.size();
  telling(*found.type, found.address, found, best, 0);
  return found;
}

Found Finder::find(Index number) {
  island_ = number;
  types_.enter(number);
  tasks_ = 0;
  beginWalk();
  for (const Node node : islands_.objectsOf(islands_.all[number])) {
    for (const Node to : graph_.from(node)) {
      if (to < graph_.owners() && visit(to)) ++tasks_;
    }
  }
  std::optional<Candidate> best;
  for (Candidate& one : candidates()) {
    if (best && one.ofType() < best->ofType()) break;
    // Where nothing leads to any of them, only what one works on can have to do with its end.
    const bool is = tasks_ == 0 ? types_.isWorkedOn(one.node) : leadsToAll(one.node, one.reaches);
    if (is && (!best || best->key() < one.key())) best = one;
  }
  return best ? describe(best->node) : Found();
}

/// Of all islands of a kind what most have.
void sum(const std::vector<Found>& found, Handle& handle) {
  std::map<const RuntimeType*, std::uint64_t> types;
  for (const Found& one : found) {
    if (one.type != nullptr) ++types[one.type];
  }
  handle.looked = found.size();
  if (types.empty()) return;
  const auto most = std::ranges::max_element(
      types, {}, [](const auto& type) { return std::pair(type.second, type.first->name); });
  std::map<std::string, std::uint64_t> values;
  for (const Found& one : found) {
    if (one.type != most->first) continue;
    if (handle.islands++ == 0) {
      handle.type = "*" + one.type->name;
      handle.method = one.method;
      handle.example = one.address;
    }
    if (one.value.empty() || (!values.contains(one.value) && values.size() >= kMaxValues)) continue;
    if (handle.field.empty()) handle.field = one.field;
    if (handle.field == one.field) ++values[one.value];
  }
  handle.values.assign(values.begin(), values.end());
  std::ranges::stable_sort(handle.values, std::ranges::greater(),
                           &std::pair<std::string, std::uint64_t>::second);
}

}  // namespace

std::string tellingText(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  // A password may have any of these characters in it: what is behind the last @ has none.
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) text.remove_prefix(at + 1);
  text = text.substr(0, text.find_first_of("?&=;"));
  const bool plain = std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f;
  });
  if (!plain) return {};
  std::string shown(text.substr(0, kLongest));
  if (text.size() > kLongest) shown.append("...");
  return shown;
}

bool findHandles(const golang::Snapshot& snapshot, const Code& code, const proof::Orphans& orphans,
                 Observer* observer, std::vector<IslandKind>& kinds) {
  if (!orphans.given() || orphans.islands().graph == nullptr) return true;
  Finder finder(snapshot, code, orphans.islands());
  IslandReach reach(snapshot, code, orphans);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (observer != nullptr) {
      observer->progress("handles", i, kinds.size());
      if (observer->cancelled()) return false;
    }
    IslandKind& kind = kinds[i];
    std::vector<Found> found;
    for (std::size_t n = 0; n < std::min(kind.islands.size(), kMaxIslands); ++n) {
      found.push_back(finder.find(kind.islands[n]));
      reach.add(kind.islands[n]);
    }
    sum(found, kind.handle);
    kind.reaches = reach.take();
  }
  return true;
}

}  // namespace parked::leak
