// The end of a command that reads no single program: `diff`, `exec-summary`.
#pragma once

#include <exception>
#include <fmt/format.h>

#include "base/error.h"
#include "parked/parked.h"
#include "report/escape.h"

namespace parked::command {

/// Calls `work`, which gives a Result<Exit>. Nothing may cross the facade as an exception: a
/// front-end may be C or Python.
template <class Work>
CommandResult answered(const Work& work) {
  CommandResult result;
  result.exit = Exit::unusable;
  try {
    const Result<Exit> exit = work();
    if (exit) {
      result.exit = *exit;
    } else {
      result.error = report::escape(exit.error().message);
    }
  } catch (const std::exception& problem) {
    result.error = report::escape(fmt::format("internal error: {}", problem.what()));
  }
  return result;
}

}  // namespace parked::command
