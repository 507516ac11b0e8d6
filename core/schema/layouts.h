// What no walker of goroutines and stacks can do without, bound once per target.
#pragma once

#include "base/error.h"
#include "schema/g.h"
#include "schema/m.h"

namespace parked::schema {

struct Layouts {
  GLayout g;
  MLayout m;
};

/// Binds them. An error (unsupported) names every required field that is missing.
Result<Layouts> bindLayouts(image::LayoutSource& source);

}  // namespace parked::schema
