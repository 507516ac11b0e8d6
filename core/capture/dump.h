// A core of a target with no more than a report needs: `parked dump`.
#pragma once

#include "base/error.h"
#include "base/observer.h"
#include "image/image.h"
#include "target/byte_sink.h"

namespace parked::capture {

/// Writes all that is at hand of a process that was looked at (Capture) and let go, or that a
/// report needs of a core: registers, variables, what lies outside of the heap, stacks, and of the
/// heap what neededOf() says. Errors: as target::writeCore().
Result<void> writeDump(image::Image& image, target::ByteSink& out, Observer* observer);

}  // namespace parked::capture
