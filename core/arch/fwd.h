// The name alone, for whoever hands it on.
#pragma once

namespace parked::arch {

struct Architecture;
/// The one parked itself runs on, or the first where it cannot read that.
const Architecture& host();

}  // namespace parked::arch
