// Documents as the formats write them, of reports made by hand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "report/format.h"
#include "report/section.h"
#include "resources/resources.h"

namespace parked::report {

using Members = std::function<void(Document&)>;

/// In the format of that name, to the sink.
inline void write(const Report& report, std::string_view format, const Members& members,
                  const Sink& sink) {
  formatNamed(format)->render({report, {}, members, 0, false}, {}, sink);
}

inline std::string written(const Report& report, std::string_view format, const Members& members) {
  std::string out;
  write(report, format, members, [&out](std::string_view text) {
    out += text;
    return true;
  });
  return out;
}

/// What the sections of these names add.
inline Members membersOf(std::initializer_list<std::string_view> names, std::uint64_t limit = 0) {
  std::vector<std::string_view> all(names);
  return [all, limit](Document& document) {
    for (const std::string_view name : all) resources::sectionNamed(name)->members(document, limit);
  };
}

}  // namespace parked::report
