// What a program leaves behind as it exits: `parked exec`.
#pragma once

#include <cstdint>

#include "report/model.h"
#include "report/render.h"

namespace parked::report {

/// As decide(), without goroutines that do nothing but wait for tests: they are package testing's,
/// and end with what the tests do.
Decision decideAtExit(const Report& report, leak::Verdict verdict);

/// Only what Report::decision names, with the test that left it where that is known; the program is
/// gone when somebody reads this, so that there is nothing to be asked about it any more.
void renderAtExit(const Report& report, std::uint64_t limit, const TextStyle& style,
                  const Sink& sink);

}  // namespace parked::report
