// `parked diff --json`.

#include "report/diff.h"
#include "report/json_text.h"

namespace parked::report {

namespace {

template <std::size_t N>
void putSide(JsonWriter& json, const char (&name)[N], const compare::Side& side) {
  json.newLine();
  json.object(name, [&] {
    json.text("source", side.source);
    json.text("program", side.program);
    json.text("go_version", side.goVersion);
    json.text("build_id", side.buildId);
    json.member("pid", unlessZero(side.pid));
    json.text("taken_at", side.takenAt);
    json.member("goroutines", side.goroutines);
    json.member("proved", side.proved);
    json.text("withheld", side.withheld);
    json.member("incomplete", side.incomplete);
    json.member("partial", side.partial);
  });
}

void putChanged(JsonWriter& json, const compare::Changed& changed) {
  const compare::Entry& entry = changed.entry();
  json.newLine();
  json.object([&] {
    json.member("fingerprint", changed.fingerprint);
    json.member("change", compare::changeName(changed.change));
    json.text("rule", entry.rule);
    json.text("title", entry.title);
    json.member("verdict", leak::verdictName(entry.verdict));
    json.member("before", changed.before.count);
    json.member("after", changed.after.count);
    json.member("places_before", changed.before.places.size());
    json.member("places_after", changed.after.places.size());
    json.member("still_parked", changed.stillParked);
    json.text("func", entry.function);
    json.text("file", entry.file);
    json.member("line", entry.line);
    json.text("created_by", entry.creator);
    json.text("group", entry.group);
    json.member("known", entry.known);
  });
}

}  // namespace

void renderDiffJson(const DiffView& view, const Sink& sink) {
  Writer out(sink);
  JsonWriter json(out.block());
  const compare::Difference& difference = view.difference;
  json.object([&] {
    json.member("schema", kDiffSchema);
    putSide(json, "a", view.before);
    putSide(json, "b", view.after);
    json.newLine();
    json.member("same_process", difference.sameProcess);
    json.array("still_parked", difference.stillParked, [&](std::uint64_t id) { json.value(id); });
    const auto put = [&](const compare::Changed& changed) {
      putChanged(json, changed);
      out.drain();
    };
    json.newLine();
    json.array("findings", difference.findings, put);
    json.newLine();
    json.array("groups", difference.groups, put);
  });
  out("\n");
}

}  // namespace parked::report
