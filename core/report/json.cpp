// The JSON document and JSON lines, written as they are made (docs/json.md).

#include "report/json_objects.h"
#include "report/render.h"

namespace parked::report {

namespace {

/// Calls `each` for at most `limit` (0: all) of `count` indices.
template <class Each>
void upTo(std::size_t count, std::uint64_t limit, const Each& each) {
  const std::size_t end = limit == 0 ? count : std::min<std::uint64_t>(count, limit);
  for (std::size_t i = 0; i < end; ++i) each(i);
}

/// `"name": [` then one object a line, then `]`.
class Array {
 public:
  Array(Writer& out, std::string_view name) : out_(out) { out_.format(",\n\"{}\":[", name); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { out_("]"); }
  void add(std::string_view object) {
    out_(first_ ? "\n" : ",\n");
    first_ = false;
    out_(object);
  }

 private:
  Writer& out_;
  bool first_ = true;
};

}  // namespace

void renderJson(const Report& report, const JsonParts& parts, std::uint64_t limit,
                const Sink& sink) {
  Writer out(sink);
  JsonObjects objects(report);
  const golang::Snapshot& snapshot = *report.snapshot;
  out.format("{{\"schema\":\"{}\",\n\"target\":{}", kJsonSchema, objects.target());
  if (parts.goroutines) {
    Array array(out, "goroutines");
    std::string text;
    upTo(report.goroutines.size(), limit, [&](std::size_t i) {
      text.clear();
      objects.goroutine(report.goroutines[i], text);
      array.add(text);
    });
  }
  if (parts.groups) {
    Array array(out, "groups");
    upTo(report.grouping.groups.size(), 0, [&](std::size_t i) { array.add(objects.group(i)); });
  }
  if (parts.timers) {
    Array array(out, "timers");
    upTo(snapshot.timers.size(), 0,
         [&](std::size_t i) { array.add(objects.timer(snapshot.timers[i])); });
  }
  if (parts.channels) {
    Array array(out, "channels");
    upTo(snapshot.channels.size(), limit,
         [&](std::size_t i) { array.add(objects.channel(snapshot.channels[i])); });
  }
  if (parts.locks) {
    Array array(out, "locks");
    upTo(snapshot.locks.size(), limit,
         [&](std::size_t i) { array.add(objects.lock(snapshot.locks[i])); });
  }
  {
    Array array(out, "incomplete");
    for (const Incomplete& entry : report.incomplete) array.add(JsonObjects::incomplete(entry));
  }
  out("}\n");
}

void renderJsonl(const Report& report, std::uint64_t limit, const Sink& sink) {
  Writer out(sink);
  JsonObjects objects(report);
  // Every object begins with "{": its type goes in front of its first member.
  const auto line = [&out](std::string_view type, std::string_view object) {
    out.format("{{\"type\":\"{}\",{}\n", type, object.substr(1));
  };
  out.format("{{\"type\":\"schema\",\"schema\":\"{}\"}}\n", kJsonSchema);
  line("target", objects.target());
  std::string text;
  upTo(report.goroutines.size(), limit, [&](std::size_t i) {
    text.clear();
    objects.goroutine(report.goroutines[i], text);
    line("goroutine", text);
  });
  for (std::size_t i = 0; i < report.grouping.groups.size(); ++i) line("group", objects.group(i));
  for (const golang::Timer& timer : report.snapshot->timers) line("timer", objects.timer(timer));
  for (const Incomplete& entry : report.incomplete) {
    line("incomplete", JsonObjects::incomplete(entry));
  }
  // A reader that does not see this line has a truncated stream.
  out.format("{{\"type\":\"end\",\"incomplete\":{}}}\n", !report.incomplete.empty());
}

}  // namespace parked::report
