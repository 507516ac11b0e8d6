// One JSON document as text (docs/json.md).
#pragma once

#include "report/document.h"
#include "report/writer.h"

namespace parked::report {

/// Writes the document as one object; `json` writes to the block of `out`, which is drained on the
/// way.
void putDocument(Writer& out, JsonWriter& json, const Document& document);

}  // namespace parked::report
