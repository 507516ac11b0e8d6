#include "compare/side_reader.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

#include "compare/document_reader.h"

namespace parked::compare {

namespace {

/// FNV-1a over one more word.
std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return hash * 0x100000001b3;
}

/// From what a goroutine waits on, in whatever order; 0 if there is nothing with an address.
std::uint64_t parkedOn(const Json& goroutine) {
  const auto waits = goroutine.find("waiting_on");
  if (waits == goroutine.end() || !waits->is_array()) return 0;
  std::uint64_t on = 0;
  for (const Json& wait : *waits) {
    if (!wait.is_object()) continue;
    const std::string address = textIn(wait, "address");
    if (address.empty()) continue;
    std::uint64_t hash = mixed(0xcbf29ce484222325, textIn(wait, "kind"));
    hash = mixed(mixed(hash, address), textIn(wait, "op"));
    on += hash;
  }
  return on;
}

/// Objects of one document or stream after the other, into a side. The groups of a Go runtime come
/// behind its goroutines and before its findings.
class Collector {
 public:
  explicit Collector(Side& side) : side_(side) {}

  /// `type` as in JSON lines. False for what is not parked's.
  void take(std::string_view type, const Json& object) {
    if (!object.is_object()) return;
    if (type == "target") return target(object);
    if (type == "goroutine") return goroutine(object);
    if (type == "group" || type == "selection") isReport_ = true;
    if (type == "selection") return selection(object);
    if (type == "group") return group(object);
    if (type == "finding") return finding(object);
    if (type == "proof") return proof(object);
    if (type == "incomplete" || type == "unread") side_.incomplete = true;
  }
  /// A document has groups, if none to show. Lists of other things have no such member.
  void hasGroups() { isReport_ = true; }

  /// An error if it cannot be told what is what: all of it would be new, or gone.
  Result<void> finish(const std::string& what) {
    if (!isReport_) {
      return fail(
          ErrorCode::unsupported,
          fmt::format("{} has no groups of goroutines: it was not written by `parked report` "
                      "or `parked goroutines`",
                      what));
    }
    if (nameless_) {
      return fail(ErrorCode::unsupported,
                  fmt::format("{} has no fingerprints: it was written with --group or by an older "
                              "parked; write the report once more",
                              what));
    }
    endRuntime();
    std::sort(side_.parked.begin(), side_.parked.end());
    return {};
  }

 private:
  void target(const Json& object) {
    endRuntime();
    if (runtimes_++ > 0) return;
    side_.program = textIn(object, "program");
    side_.goVersion = textIn(object, "go_version");
    side_.buildId = textIn(object, "build_id");
    side_.takenAt = textIn(object, "taken_at");
    side_.pid = numberIn(object, "pid");
    side_.startedNs = numberIn(object, "started_ns");
  }

  void goroutine(const Json& object) {
    ++side_.goroutines;
    const std::uint64_t on = parkedOn(object);
    // Ids of several runtimes in one process are not told apart.
    if (on == 0 || runtimes_ > 1) return;
    waiting_.push_back({{countIn(object, "id"), on, {}}, countIn(object, "group")});
  }

  void selection(const Json& object) {
    const bool limited = countIn(object, "listed") < countIn(object, "goroutines");
    side_.partial = side_.partial || limited || isTrue(object, "filtered");
  }

  static Entry entryOf(const Json& object, const Json& place) {
    Entry entry;
    readEntry(object, place, entry);
    return entry;
  }

  static void addPlace(Entry& entry) {
    entry.places.emplace(entry.function, entry.creator);
    if (entry.verdict >= leak::Verdict::suspect) entry.leakingPlaces = entry.places;
  }

  void group(const Json& object) {
    const std::string fingerprint = textIn(object, "fingerprint");
    Entry entry = entryOf(object, objectIn(object, "user_frame"));
    entry.title = textIn(object, "reason");
    if (entry.title.empty()) entry.title = textIn(object, "state");
    entry.creator = textIn(objectIn(object, "created_by"), "func");
    entry.system = isTrue(object, "system");
    addPlace(entry);
    groups_.push_back({fingerprint, entry.creator});
    if (fingerprint.empty()) {
      nameless_ = true;
    } else {
      side_.groups[fingerprint].add(entry);
    }
  }

  void finding(const Json& object) {
    const std::string fingerprint = textIn(object, "fingerprint");
    if (fingerprint.empty()) {
      nameless_ = true;
      return;
    }
    Entry entry = entryOf(object, objectIn(object, "place"));
    entry.rule = textIn(object, "rule");
    entry.title = textIn(object, "title");
    const auto group = object.find("group");
    if (group != object.end() && group->is_number_unsigned() &&
        group->get<std::size_t>() < groups_.size()) {
      entry.group = groups_[group->get<std::size_t>()].fingerprint;
      entry.creator = groups_[group->get<std::size_t>()].creator;
    }
    addPlace(entry);
    side_.findings[fingerprint].add(entry);
  }

  void proof(const Json& object) {
    const bool given = textIn(object, "state") == "given";
    side_.proved = runtimes_ > 1 ? side_.proved && given : given;
    if (given || !side_.withheld.empty()) return;
    side_.withheld = textIn(object, "withheld");
    if (side_.withheld.empty()) side_.withheld = "not asked for";
  }

  /// Only when all groups are read is it known which one a goroutine is in.
  void endRuntime() {
    for (auto& [parked, group] : waiting_) {
      if (group < groups_.size()) parked.group = groups_[group].fingerprint;
      side_.parked.push_back(std::move(parked));
    }
    waiting_.clear();
    groups_.clear();
  }

  struct Group {
    std::string fingerprint, creator;
  };
  Side& side_;
  std::vector<std::pair<Parked, std::uint64_t>> waiting_;  ///< with the number of the group
  std::vector<Group> groups_;                              ///< of this runtime, by number
  std::size_t runtimes_ = 0;
  bool nameless_ = false;  ///< a group or a finding has no fingerprint
  bool isReport_ = false;
};

Result<Side> readDocumentSide(std::istream& in, const std::string& file) {
  Side side;
  Collector collector(side);
  const DocumentTaker taker = {
      [&](std::string_view member) {
        if (member == "groups") collector.hasGroups();
      },
      [&](std::string_view type, const Json& object) { collector.take(type, object); }};
  if (auto done = readDocument(in, file, taker); !done) return tl::unexpected(done.error());
  if (auto done = collector.finish(file); !done) return tl::unexpected(done.error());
  return side;
}

}  // namespace

struct LineReader::State {
  explicit State(Side& side) : collector(side) {}
  Collector collector;
  std::string line;  ///< that is not whole yet
  bool begun = false, ended = false, wrong = false;

  void take() {
    const Json object = Json::parse(line, nullptr, false);
    line.clear();
    if (object.is_discarded() || !object.is_object()) {
      wrong = true;
      return;
    }
    const std::string type = textIn(object, "type");
    if (type == "schema") begun = textIn(object, "schema") == kReportSchema;
    ended = type == "end" || type == "unread";
    wrong = wrong || !begun;
    collector.take(type, object);
  }
};

LineReader::LineReader(Side& side) : state_(std::make_unique<State>(side)) {}
LineReader::~LineReader() = default;

bool LineReader::operator()(std::string_view text) {
  while (!text.empty() && !state_->wrong) {
    const std::size_t end = text.find('\n');
    state_->line.append(text.substr(0, end));
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
    if (!state_->line.empty()) state_->take();
  }
  return !state_->wrong;
}

Result<void> LineReader::finish() {
  if (state_->wrong || !state_->begun) return notOurs("this");
  if (!state_->ended || !state_->line.empty()) {
    return fail(ErrorCode::badFormat, "the JSON lines end early");
  }
  return state_->collector.finish("it");
}

bool looksLikeJson(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  char first = 0;
  return in >> first && first == '{';
}

Result<Side> readSide(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::notFound, fmt::format("{} cannot be read", file));
  std::string first;
  std::getline(in, first);
  in.clear();
  in.seekg(0);
  // The first line of a document is not whole.
  if (!Json::accept(first) || in.peek() != '{') return readDocumentSide(in, file);
  const Json opening = Json::parse(first, nullptr, false);
  if (textIn(opening, "type") != "schema") return readDocumentSide(in, file);
  Side side;
  LineReader reader(side);
  for (std::string line; std::getline(in, line);) {
    line += '\n';
    if (!reader(line)) return notOurs(file, textIn(opening, "schema"));
  }
  if (auto done = reader.finish(); !done) {
    return fail(done.error().code, fmt::format("{}: {}", file, done.error().message));
  }
  return side;
}

}  // namespace parked::compare
