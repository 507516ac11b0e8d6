// A core of a target with no more than a report needs: `parked dump`.
#pragma once

#include <utility>

#include "base/error.h"
#include "base/observer.h"
#include "image/image.h"
#include "target/byte_sink.h"
#include "target/read_log.h"
#include "target/redacted_notes.h"

namespace parked::capture {

/// What a dump is to have of the program's own.
struct Redaction {
  const target::ReadLog& kept;  ///< memory, and the texts that were read of it
  target::KeepsWord keeps;      ///< of registers
  target::Variables variables;  ///< as Target has them

  /// The same of another Go runtime in the process, with the same `kept`.
  void add(const Redaction& other) {
    keeps = [one = std::move(keeps), two = other.keeps](std::uint64_t word) {
      return one(word) || two(word);
    };
    variables.insert(other.variables.begin(), other.variables.end());
  }
};

/// Writes all that is at hand of a process that was looked at (Capture) and let go, or that a
/// report needs of a core: registers, variables, what lies outside of the heap, stacks, and of the
/// heap what neededOf() says. Errors: as target::writeCore().
/// With `redaction` (else null) zeros for all that it does not keep, and stand-ins for the texts.
Result<void> writeDump(image::Image& image, target::ByteSink& out, const Redaction* redaction,
                       Observer* observer);

}  // namespace parked::capture
