// Does a layout table fit the target? Asked of the target's own type descriptors, which hold names
// and offsets of the fields of runtime.g, runtime.m, net/http.Transport and many more in every
// executable.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "image/runtime_types.h"
#include "image/table_layouts.h"

namespace parked::image {

struct TableCheck {
  std::size_t compared = 0;             ///< structs that have a descriptor
  std::optional<std::string> mismatch;  ///< the first difference
  bool runtime = false;                 ///< runtime.g and runtime.m were among them
};

/// Compares every struct of the table that has a descriptor.
TableCheck checkTable(TableLayouts& table, RuntimeTypes& types);

}  // namespace parked::image
