// The page that shows a report in a browser: one file with the data in it (web/).
#pragma once

#include <functional>

#include "report/writer.h"

namespace parked::report {

/// Why this build cannot write pages, for a person; "": it can.
std::string_view pageMissing();

/// Writes the page around its data, which `data` gives to the sink that it is called with: one JSON
/// document. Nothing of it can end the block that it stands in, or become markup.
void writePage(const Sink& sink, const std::function<void(const Sink& json)>& data);

}  // namespace parked::report
