// `parked exec`: runs a program and looks at it as it exits.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "parked/parked.h"

namespace parked {

/// {"exec", "--fail-on", "orphan", "--", "PROGRAM", "ARGUMENT"}. The calling process becomes the
/// program, or stands in for it until its end: it must have one thread and have changed no signal.
/// What is to be told goes to `out` in another process, before the program is gone; `complain` gets
/// a line about what went wrong. Returns only if the words make no sense, with one clear line.
std::string exec(const OpenRequest& request, const std::vector<std::string>& words,
                 const Style& style, const std::function<void(std::string_view)>& out,
                 const std::function<void(std::string_view)>& complain);

/// {"exec-summary", "DIR", "--json"}: what all programs left behind of which `parked exec
/// --report-dir DIR` kept reports.
CommandResult execSummary(const std::vector<std::string>& words, const Style& style,
                          const Host& host, const Sink& sink);

}  // namespace parked
