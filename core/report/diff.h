// The renderers of `parked diff`.
#pragma once

#include <cstdint>

#include "compare/difference.h"
#include "compare/side.h"
#include "report/render.h"

namespace parked::report {

inline constexpr std::string_view kDiffSchema = "parked-diff/1";

/// Two sides and what is different between them.
struct DiffView {
  const compare::Side& before;
  const compare::Side& after;
  const compare::Difference& difference;
};

/// Findings, then groups that no finding shown is about; `limit` of each, 0: all.
void renderDiffText(const DiffView& view, std::uint64_t limit, const TextStyle& style,
                    const Sink& sink);
/// One document (docs/schema/parked-diff-1.schema.json).
void renderDiffJson(const DiffView& view, const Sink& sink);
/// A page for a browser.
void renderDiffHtml(const DiffView& view, const Sink& sink);

}  // namespace parked::report
