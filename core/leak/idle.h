// Who stays blocked by design: workers without work, and who waits for the end of something.
#pragma once

#include "leak/analysis.h"

namespace parked::leak {

/// Why::worker or Why::signal if the goroutines of the group are meant to be old, else Why::none.
Why idleByDesign(const Analysis& analysis, const Group& group);

/// The goroutines wait for the response of a request of net/http: they are as old as it is.
bool awaitsResponse(const Analysis& analysis, const Group& group);

}  // namespace parked::leak
