// The folder in which `parked exec` keeps a report of each program that it looked at.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "command/options.h"
#include "command/runtimes.h"
#include "parked/parked.h"

namespace parked::command {

/// Makes the folder if it is not there. An error if it cannot be written to.
Result<void> prepareReportDir(const std::string& folder);

/// Writes NAME-PID.json, .sarif and, where this build has pages, .html, with the name of the main
/// package, or else of the executable; NAME-PID-2 if that is there already, which stays. A line for
/// each file that could not be written.
std::vector<std::string> keepReports(Runtimes& runtimes, const Invocation& invocation,
                                     std::int32_t pid);

/// "example.com_shop_a.test": the text as a name of a file.
std::string fileNameOf(std::string_view text);

}  // namespace parked::command
