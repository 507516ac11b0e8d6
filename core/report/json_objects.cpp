#include "report/json_objects.h"

#include <optional>

#include "leak/describe.h"
#include "report/crash.h"
#include "report/json_contexts.h"
#include "report/json_names.h"
#include "report/json_text.h"
#include "report/json_waits.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

void putMember(std::string& out, std::string_view name, std::string_view text) {
  put(out, FMT_COMPILE(R"(,"{}":)"), name);
  putStringOrNull(out, text);
}

template <class Number>
void putMember(std::string& out, std::string_view name, std::optional<Number> number) {
  put(out, FMT_COMPILE(R"(,"{}":)"), name);
  putNumberOrNull(out, number);
}

/// nullopt for 0, which means "not known" or "none".
template <class Number>
std::optional<Number> unlessZero(Number number) {
  return number != 0 ? std::optional(number) : std::nullopt;
}

}  // namespace

JsonObjects::JsonObjects(const Report& report)
    : report_(report),
      snapshot_(*report.snapshot),
      analysis_(*report.analysis),
      groupOf_(snapshot_.goroutines.size(), kNone),
      stacks_(snapshot_.stacks.size()),
      places_(analysis_.placeCount()) {
  for (std::size_t i = 0; i < report.grouping.groups.size(); ++i) {
    for (const Index member : report.grouping.membersOf(report.grouping.groups[i])) {
      groupOf_[member] = static_cast<Index>(i);
    }
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const leak::Place& at = analysis_.place(static_cast<leak::PlaceId>(i));
    putPlaceMembers(places_[i], at.function, at.file, at.line);
  }
}

void JsonObjects::target(std::string& out) const {
  const TargetInfo& t = report_.target;
  const Census& census = report_.census;
  out += R"({"program":)";
  putStringOrNull(out, baseName(t.executable));
  putMember(out, "path", t.executable);
  putMember(out, "main_package", t.mainPackage);
  putMember(out, "source", t.source);
  putMember(out, "kind", kindId(t.kind));
  putMember(out, "pid", unlessZero(t.pid));
  putMember(out, "signal", t.signal != 0 ? signalName(t.signal) : std::string());
  out += R"(,"crash":)";
  putCrashObject(out, report_);
  putMember(out, "go_version", t.goVersion);
  putMember(out, "arch", t.architecture);
  putMember(out, "build_id", t.buildId);
  putMember(out, "layouts", t.layoutOrigin);
  putMember(out, "clock", t.clockSource);
  putMember(out, "taken_at", t.takenAt ? rfc3339(*t.takenAt) : std::string());
  putMember(out, "pause_ns", pauseNs(t));
  putMember(out, "uptime_ns", t.upSince);
  put(out, FMT_COMPILE(R"(,"clock_is_lower_bound":{})"), boolText(t.clockIsLowerBound));
  put(out, FMT_COMPILE(R"(,"threads":{},"gomaxprocs":{},"goroutines":{{"total":{},"system":{},)"),
      t.threads, t.gomaxprocs, census.total, census.system);
  put(out,
      FMT_COMPILE(
          R"("running":{},"runnable":{},"syscall":{},"blocked":{},"other":{},"dead":{},"unread":{}}})"),
      census.running, census.runnable, census.syscall, census.blocked, census.other, census.dead,
      census.unread);
  out += R"(,"verdicts":{)";
  for (std::size_t i = 0; i < census.byVerdict.size(); ++i) {
    put(out, FMT_COMPILE(R"({}"{}":{})"), i == 0 ? "" : ",",
        leak::verdictName(static_cast<leak::Verdict>(i)), census.byVerdict[i]);
  }
  out += "}}";
}

void JsonObjects::selection(std::string& out, std::size_t listed) const {
  put(out, FMT_COMPILE(R"({{"filtered":{},"goroutines":{},"listed":{},"quieted":{}}})"),
      boolText(report_.filtered), report_.goroutines.size(), listed, report_.quietedGoroutines);
}

void JsonObjects::place(std::string& out, leak::PlaceId id) const {
  if (id == leak::kNoPlace) {
    out += "null";
  } else {
    put(out, FMT_COMPILE("{{{}}}"), places_[id]);
  }
}

void JsonObjects::createdBy(std::string& out, leak::PlaceId creator,
                            std::uint64_t goroutine) const {
  out += R"(,"created_by":)";
  if (creator == leak::kNoPlace) {
    out += "null";
    return;
  }
  put(out, FMT_COMPILE(R"({{{},"goroutine":)"), places_[creator]);
  putNumberOrNull(out, unlessZero(goroutine));
  out += '}';
}

void JsonObjects::origin(std::string& out, const leak::Origin& origin) const {
  out += R"(,"origin":)";
  if (origin.kind == leak::OriginKind::none) {
    out += "null";
    return;
  }
  put(out, FMT_COMPILE(R"({{{},"goroutine":)"), places_[origin.place]);
  putNumberOrNull(out, unlessZero(origin.goroutine));
  put(out, FMT_COMPILE(R"(,"how":"{}"}})"), leak::originName(origin.kind));
}

void JsonObjects::frames(std::string& out, const golang::Goroutine& goroutine) {
  source_.clear();
  pcs_.clear();
  analysis_.frames(goroutine, source_, &pcs_);
  out += R"("frames":[)";
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const image::SourceFrame& frame = source_[i];
    out += i == 0 ? "{" : ",{";
    putPlaceMembers(out, frame.function, frame.file, frame.line);
    out += R"(,"pc":)";
    putAddress(out, i < pcs_.size() ? pcs_[i] : 0);
    put(out, FMT_COMPILE(R"(,"inlined":{},"wrapper":{}}})"), boolText(frame.inlined),
        boolText(frame.wrapper));
  }
  put(out, FMT_COMPILE(R"(],"stack_complete":{})"),
      boolText(goroutine.stack < snapshot_.stacks.size() &&
               !snapshot_.stacks[goroutine.stack].truncated));
}

void JsonObjects::stack(std::string& out, Index index) {
  const leak::StackInfo info = analysis_.userLine(index);
  out += R"("user_frame":)";
  place(out, info.user);
  putMember(out, "user_frame_of", leak::ownerName(info.owner));
  out += R"(,"library_frame":)";
  place(out, info.library);
  out += ',';
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  if (goroutine.stack >= stacks_.size()) {
    out += R"("frames":[],"stack_complete":false)";
    return;
  }
  std::string& text = stacks_[goroutine.stack];
  if (text.empty()) frames(text, goroutine);
  out += text;
}

void JsonObjects::sentence(std::string& out, Index index) {
  const leak::GoroutineInfo& info = analysis_.info(index);
  // These speak of the goroutine itself, the others of its group alone.
  if (info.why == leak::Why::noSudog || info.label != kEmptyString) {
    putString(out, analysis_.sentence(index));
    return;
  }
  const std::uint64_t key = std::uint64_t{info.group} << 8 | static_cast<std::uint64_t>(info.why);
  const auto [at, isNew] = sentences_.try_emplace(key);
  if (isNew) putString(at->second, analysis_.sentence(index));
  out += at->second;
}

void JsonObjects::reason(std::string& out, const golang::Goroutine& g) const {
  const bool blocked = leak::stateOf(g) == leak::State::blocked;
  putStringOrNull(out, blocked && g.reason < snapshot_.reasons.size()
                           ? snapshot_.strings[snapshot_.reasons[g.reason].text]
                           : std::string_view());
}

void JsonObjects::identity(std::string& out, Index index) const {
  const golang::Goroutine& g = snapshot_.goroutines[index];
  put(out, FMT_COMPILE(R"({{"id":{},"address":)"), g.id);
  putAddress(out, g.address);
  put(out, FMT_COMPILE(R"(,"status":"{}","scan":{},"reason":)"), leak::statusName(g.status),
      boolText(g.scan));
  reason(out, g);
}

std::int32_t JsonObjects::threadOf(const golang::Goroutine& g) const {
  if (snapshot_.image == nullptr || g.thread == kNone) return 0;
  const auto& threads = snapshot_.image->target().threads();
  return g.thread < threads.size() ? threads[g.thread].tid : 0;
}

void JsonObjects::labels(std::string& out, const golang::Goroutine& g) const {
  out += R"(,"labels":{)";
  if (g.labels < snapshot_.labelSets.size()) {
    bool first = true;
    for (const auto& [key, value] : snapshot_.labelSets[g.labels].pairs) {
      if (!first) out += ',';
      first = false;
      putString(out, key);
      out += ':';
      putString(out, value);
    }
  }
  out += '}';
}

void JsonObjects::goroutine(std::string& out, Index index) {
  const golang::Goroutine& g = snapshot_.goroutines[index];
  const leak::GoroutineInfo& info = analysis_.info(index);
  identity(out, index);
  put(out, FMT_COMPILE(R"(,"verdict":"{}")"), leak::verdictName(info.verdict));
  putMember(out, "rule", ruleId(info.why));
  out += R"(,"why":)";
  sentence(out, index);
  put(out, FMT_COMPILE(R"(,"system":{})"), boolText(g.system));
  putMember(out, "known_as", analysis_.label(index));
  putMember(out, "wait_ns_at_least", unlessZero(analysis_.waitAtLeast(index)));
  put(out, FMT_COMPILE(R"(,"locked_to_thread":{})"), boolText(g.lockedToThread));
  putMember(out, "thread", unlessZero(threadOf(g)));
  putMember(out, "synctest_bubble", unlessZero(g.bubble));
  put(out, FMT_COMPILE(R"(,"in_c":{})"), boolText(analysis_.inC(index)));
  putMember(
      out, "start_func",
      info.start == leak::kNoPlace ? std::string_view() : analysis_.place(info.start).function);
  createdBy(out, info.creator, g.parentId);
  origin(out, analysis_.origin(index));
  out += ',';
  stack(out, index);
  out += R"(,"waiting_on":[)";
  bool first = true;
  for (const golang::Wait& wait : snapshot_.waitsOf(g)) {
    if (!first) out += ',';
    first = false;
    putWait(out, snapshot_, wait);
  }
  out += ']';
  labels(out, g);
  putMember(out, "group", groupOf_[index] != kNone ? std::optional(groupOf_[index]) : std::nullopt);
  out += '}';
}

void JsonObjects::group(std::string& out, std::size_t index) {
  const leak::Group& group = report_.grouping.groups[index];
  const golang::Goroutine& example = snapshot_.goroutines[group.example];
  put(out, FMT_COMPILE(R"({{"index":{},"count":{})"), index, group.count);
  putMember(out, "key", report_.groupBy.byStack ? std::string_view() : group.key);
  put(out, FMT_COMPILE(R"(,"verdict":"{}")"), leak::verdictName(group.verdict));
  putMember(out, "rule", ruleId(group.why));
  out += R"(,"why":)";
  putString(out, analysis_.sentence(group));
  put(out, FMT_COMPILE(R"(,"findings":{},"state":"{}","reason":)"), group.findings,
      stateId(group.state));
  reason(out, example);
  put(out, FMT_COMPILE(R"(,"in_c":{})"), boolText(analysis_.inC(group.example)));
  putMember(out, "wait_ns_at_least", unlessZero(group.longestWait));
  put(out, FMT_COMPILE(R"(,"system":{})"), boolText(group.system));
  putMember(out, "known_as", analysis_.label(group.example));
  put(out, FMT_COMPILE(R"(,"objects":{})"), group.objects);
  putMember(out, "waits_on", groupObjects(report_, group));
  holding(out, index);
  put(out, FMT_COMPILE(R"(,"creators":{},"created_by":)"), group.creators);
  place(out, group.creator);
  origin(out, group.origin);
  put(out, FMT_COMPILE(R"(,"example":{},)"), example.id);
  stack(out, group.example);
  out += R"(,"goroutines":[)";
  bool first = true;
  for (const Index member : report_.grouping.membersOf(group)) {
    if (!first) out += ',';
    first = false;
    put(out, FMT_COMPILE("{}"), snapshot_.goroutines[member].id);
  }
  out += "]}";
}

void JsonObjects::finding(std::string& out, const rules::Finding& finding,
                          std::size_t group) const {
  const rules::Rule& rule = rules::ruleOf(finding.rule);
  put(out, FMT_COMPILE(R"({{"rule":"{}")"), rule.name);
  putMember(out, "title", rule.title);
  putMember(out, "sentence", finding.sentence);
  putMember(out, "fix", rules::fixOf(finding));
  putMember(out, "documentation", rules::documentation(rule));
  put(out, FMT_COMPILE(R"(,"count":{},"place":)"), finding.count);
  putPlaceOrNull(out, finding.place);
  if (group == kNone) {
    out += R"(,"group":null)";
  } else {
    put(out, FMT_COMPILE(R"(,"group":{})"), group);
  }
  put(out, FMT_COMPILE(R"(,"verdict":"{}","evidence":[)"), leak::verdictName(finding.verdict));
  for (std::size_t i = 0; i < finding.evidence.size(); ++i) {
    if (i > 0) out += ',';
    putString(out, finding.evidence[i]);
  }
  out += R"(],"goroutines":[)";
  for (std::size_t i = 0; i < finding.goroutines.size(); ++i) {
    if (i > 0) out += ',';
    put(out, FMT_COMPILE("{}"), report_.snapshot->goroutines[finding.goroutines[i]].id);
  }
  out += "]}";
}

void JsonObjects::holding(std::string& out, std::size_t group) const {
  const auto& owners = report_.holdings.owners;
  if (group >= owners.size() || owners[group].goroutines == 0) {
    out += R"(,"retained":null,"root_cause_group":null)";
    return;
  }
  const proof::Holding& holding = owners[group];
  put(out,
      FMT_COMPILE(R"(,"retained":{{"goroutines":{},"stack_bytes":{},"heap_bytes":{},)"
                  R"("heap_objects":{}}})"),
      holding.goroutines, holding.stackBytes, holding.heapBytes, holding.objects);
  const bool shown = holding.cause < report_.grouping.groups.size();
  putMember(out, "root_cause_group", shown ? std::optional(holding.cause) : std::nullopt);
}

void JsonObjects::timer(std::string& out, std::size_t index) {
  const golang::Timer& timer = timersOf(snapshot_, report_.resources)[index];
  out += R"({"address":)";
  putAddress(out, timer.address);
  put(out, FMT_COMPILE(R"(,"kind":"{}")"), kindId(timer.kind));
  putMember(out, "p", timer.p >= 0 ? std::optional(timer.p) : std::nullopt);
  out += R"(,"due_in_ns":)";
  putRelative(out, snapshot_.clock, timer.when);
  putMember(out, "period_ns", unlessZero(timer.period));
  put(out, FMT_COMPILE(R"(,"stopped":{},"callback":)"), boolText(timer.stopped));
  const Addr code = timer.callback != 0 ? timer.callback : timer.function;
  const auto [at, isNew] = callbacks_.try_emplace(code);
  if (isNew) {
    putPlaceOrNull(at->second, leak::functionAt(analysis_.code(), code));
  }
  out += at->second;
  out += R"(,"channel":)";
  putAddress(out, timer.channel);
  putMember(out, "goroutine",
            timer.goroutine < snapshot_.goroutines.size()
                ? std::optional(snapshot_.goroutines[timer.goroutine].id)
                : std::nullopt);
  putTimerDetail(out, report_, index);
  out += '}';
}

void JsonObjects::holder(std::string& out, const leak::LockHolder& holder) const {
  put(out, FMT_COMPILE(R"({{"goroutine":{},"locked":{{)"),
      snapshot_.goroutines[holder.goroutine].id);
  putPlaceMembers(out, holder.locked.function, holder.locked.file, holder.locked.line);
  out += R"(},"now":{)";
  putPlaceMembers(out, holder.now.function, holder.now.file, holder.now.line);
  put(out, FMT_COMPILE(R"(}},"exact":{},"reads":{},"unlocks":{}}})"), boolText(holder.exact),
      boolText(holder.reads), boolText(holder.unlocks));
}

void JsonObjects::lock(std::string& out, Index index) const {
  putLock(out, snapshot_.locks[index]);
  out.back() = ',';  // of the object
  out += R"("holders":[)";
  const auto& all = analysis_.lockHolders().of;
  bool first = true;
  if (index < all.size()) {
    for (const leak::LockHolder& each : all[index]) {
      if (!first) out += ',';
      first = false;
      holder(out, each);
    }
  }
  out += "]}";
}

void JsonObjects::lockCycle(std::string& out, const leak::LockCycle& cycle) const {
  out += '[';
  bool first = true;
  for (const leak::LockCycle::Member& member : cycle.members) {
    put(out, FMT_COMPILE(R"({}{{"goroutine":{},"waits_for":)"), first ? "" : ",",
        snapshot_.goroutines[member.goroutine].id);
    first = false;
    putAddress(out, snapshot_.locks[member.lock].address);
    out += R"(,"held_by":)";
    holder(out, member.holder);
    out += '}';
  }
  out += ']';
}

void JsonObjects::waitCircle(std::string& out, const leak::WaitCircle& circle) const {
  out += '[';
  bool first = true;
  for (const leak::WaitCircle::Member& member : circle.members) {
    const golang::Wait& wait = snapshot_.waits[member.wait];
    put(out, FMT_COMPILE(R"({}{{"goroutine":{},"waits_for":)"), first ? "" : ",",
        snapshot_.goroutines[member.goroutine].id);
    first = false;
    putAddress(out, wait.address);
    put(out,
        FMT_COMPILE(R"(,"kind":"{}","from":{{"goroutine":{},"act":"{}","others":{},"place":{{)"),
        leak::kindName(wait.kind), snapshot_.goroutines[member.next].id, actId(member.act),
        member.others);
    putPlaceMembers(out, member.place.function, member.place.file, member.place.line);
    out += R"(},"now":{)";
    putPlaceMembers(out, member.now.function, member.now.file, member.now.line);
    out += "}}}";
  }
  out += ']';
}

void JsonObjects::proof(std::string& out) const {
  const proof::Proof* proof = analysis_.options().proof;
  if (proof == nullptr) {
    out += R"({"state":"not_asked","withheld":null})";
    return;
  }
  put(out, FMT_COMPILE(R"({{"state":"{}","withheld":)"), proof->given() ? "given" : "withheld");
  if (proof->given()) {
    out += "null";
  } else {
    putString(out, proof->withheld());
  }
  put(out, FMT_COMPILE(R"(,"candidates":{})"), proof->candidates());
  if (proof->given()) {
    put(out, FMT_COMPILE(R"(,"heap_bytes":{},"objects_reached":{})"), proof->heap()->inUseBytes(),
        proof->marker()->markedObjects());
    put(out, FMT_COMPILE(R"(,"shared_heap_bytes":{},"shared_heap_objects":{})"),
        report_.holdings.sharedBytes, report_.holdings.sharedObjects);
  }
  out += '}';
}

void JsonObjects::incomplete(std::string& out, const Incomplete& entry) {
  out += R"({"what":)";
  putString(out, entry.what);
  out += R"(,"detail":)";
  putString(out, entry.detail);
  put(out, FMT_COMPILE(R"(,"count":{},"first_address":)"), entry.count);
  putAddress(out, entry.firstAddress);
  out += '}';
}

}  // namespace parked::report
