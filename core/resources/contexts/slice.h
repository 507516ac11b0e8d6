// Trees of contexts.
#pragma once

#include <unordered_set>

#include "base/parts.h"
#include "report/section.h"
#include "resources/contexts/model.h"
#include "rules/findings.h"

namespace parked::resources {

void contextRules(const rules::Context& context, std::vector<rules::Finding>& findings);
/// Adds the channel of each context that somebody asked for it.
void doneChannels(const Parts& resources, std::unordered_set<Addr>& channels);
void renderContexts(const report::Report& report, std::uint64_t limit,
                    const report::TextStyle& style, const report::Sink& sink);
/// One object of the array `contexts`.
void putContext(report::JsonWriter& json, const report::Report& report, std::size_t index);

}  // namespace parked::resources
