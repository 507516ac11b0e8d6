// The JSON document and JSON lines, written as they are made (docs/json.md).

#include "report/format.h"
#include "report/put_document.h"

namespace parked::report {

namespace {

void renderJson(const Answer& answer, const TextStyle&, const Sink& sink) {
  Writer out(sink);
  JsonWriter json(out.block());
  Document document(answer.report);
  answer.members(document);
  document.addEnd();
  putDocument(out, json, document);
  out("\n");
}

/// `put` writes the members of an object that has a line for itself.
template <class Put>
void putLine(Writer& out, std::string_view type, const Put& put) {
  JsonWriter json(out.block());
  json.object([&] {
    json.member("type", type);
    put(json);
  });
  out("\n");
}

/// One line an object, its type in front of its own members; of a list, under `members`.
void putLines(Writer& out, const Document::Member& member) {
  std::string text;
  for (std::size_t i = 0; i < member.count && !out.ended(); ++i) {
    text.clear();
    JsonWriter element(text);
    member.put(element, i);
    putLine(out, member.type, [&](JsonWriter& json) {
      if (text.front() == '{') {
        json.raw(std::string_view(text).substr(1, text.size() - 2));
      } else {
        json.key("members");
        json.raw(text);
      }
    });
  }
}

void renderLines(const Answer& answer, const TextStyle&, const Sink& sink) {
  Writer out(sink);
  const Report& report = answer.report;
  Document document(report);
  putLine(out, "schema", [](JsonWriter& json) { json.member("schema", kJsonSchema); });
  document.value("target", [&report](JsonWriter& json) { putTarget(json, report); });
  answer.members(document);
  document.addEnd();
  for (const Document::Member& member : document.members()) putLines(out, member);
  // A reader that does not see this line has a stream that was cut off.
  putLine(out, "end",
          [&report](JsonWriter& json) { json.member("incomplete", !report.incomplete.empty()); });
}

}  // namespace

extern const Format kJsonFormat = {
    .name = "json",
    .help = "one JSON document",
    .flag = true,
    .hasFindings = true,
    .ofDiff = true,
    .joining = Joining::document,
    .render = renderJson,
};

extern const Format kJsonLinesFormat = {
    .name = "jsonl",
    .help = "JSON, one object a line",
    .flag = true,
    .hasFindings = true,
    .joining = Joining::lines,
    .render = renderLines,
};

}  // namespace parked::report
