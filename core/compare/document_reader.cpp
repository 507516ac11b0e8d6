#include "compare/document_reader.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace parked::compare {

namespace {

constexpr std::string_view kFamily = "parked/";  // of every version

/// Names of a document's arrays, and the type of what is in them.
std::string_view typeIn(std::string_view member) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTypes = {{
      {"goroutines", "goroutine"},
      {"groups", "group"},
      {"findings", "finding"},
      {"incomplete", "incomplete"},
      {"unread_runtimes", "unread"},
  }};
  for (const auto& [name, type] : kTypes) {
    if (name == member) return type;
  }
  return {};
}

void take(const DocumentTaker& taker, std::string_view type, const Json& object) {
  if (object.is_object()) taker.object(type, object);
}

/// The document of a further Go runtime, which was read whole.
void takeDocument(const DocumentTaker& taker, const Json& document) {
  if (!document.is_object()) return;
  for (const char* member : {"target", "selection", "goroutines", "groups", "findings", "proof",
                             "fail_on", "incomplete"}) {
    const auto at = document.find(member);
    if (at == document.end()) continue;
    if (at->is_object()) take(taker, member, *at);
    if (!at->is_array()) continue;
    for (const Json& element : *at) take(taker, typeIn(member), element);
  }
}

}  // namespace

std::string textIn(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::int64_t numberIn(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || !at->is_number_integer()) return 0;
  return at->get<std::int64_t>();
}

std::uint64_t countIn(const Json& object, const char* name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, numberIn(object, name)));
}

const Json& objectIn(const Json& object, const char* name) {
  static const Json none = Json::object();
  const auto at = object.find(name);
  return at != object.end() && at->is_object() ? *at : none;
}

bool isTrue(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

tl::unexpected<Error> notOurs(const std::string& file, std::string_view schema) {
  if (schema.starts_with(kFamily) && schema != kReportSchema) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} is of {}, which this parked cannot read: it reads {}", file, schema,
                            kReportSchema));
  }
  return fail(ErrorCode::badFormat,
              fmt::format("{} is no report of parked --json or --jsonl", file));
}

Result<void> readDocument(std::istream& in, const std::string& file, const DocumentTaker& taker) {
  std::string member, schema;
  const Json::parser_callback_t look = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key) {
      if (depth == 1) {
        member = parsed.get<std::string>();
        taker.member(member);
      }
      return parsed != "frames" && parsed != "timers";
    }
    if (depth == 1 && event == Json::parse_event_t::value && member == "schema") {
      schema = parsed.is_string() ? parsed.get<std::string>() : std::string();
    }
    if (event != Json::parse_event_t::object_end) return true;
    if (depth == 1) take(taker, member, parsed);
    if (depth != 2) return true;
    if (member == "other_runtimes") {
      takeDocument(taker, parsed);
    } else {
      take(taker, typeIn(member), parsed);
    }
    return false;
  };
  const Json document = Json::parse(in, look, false);
  if (document.is_discarded() || schema != kReportSchema) return notOurs(file, schema);
  return {};
}

}  // namespace parked::compare
