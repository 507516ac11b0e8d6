// File descriptors and the objects behind them.
#pragma once

#include "report/section.h"
#include "resources/files/model.h"
#include "rules/findings.h"

namespace parked::resources {

/// Connections that findings explain already are not named again.
void fileRules(const rules::Context& context, std::vector<rules::Finding>& findings);
void renderFiles(const report::Report& report, std::uint64_t limit, const report::TextStyle& style,
                 const report::Sink& sink);
/// One object of the array `files`.
void putFile(report::JsonWriter& json, const report::Report& report, std::size_t index);

}  // namespace parked::resources
