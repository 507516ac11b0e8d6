#include "target/kind.h"

#include "base/traits.h"

namespace parked::target {

namespace {

constexpr std::array kKinds = {
    KindTraits{Kind::core, "core", "core file"},
    KindTraits{Kind::dump, "dump", "dump by parked: memory that no report needs is not in it"},
    KindTraits{Kind::liveStopped, "live", "live process, stopped while it was read"},
    KindTraits{Kind::liveUnstopped, "live_unstopped",
               "live process, read while it ran: values may be torn, nothing is proved"},
    KindTraits{Kind::debugger, "debugger", "read through the debugger"},
};
static_assert(kKinds.size() == static_cast<std::size_t>(Kind::debugger) + 1);
static_assert(isInOrder(kKinds));

}  // namespace

const KindTraits& traitsOf(Kind kind) { return rowOf(kKinds, kind); }

}  // namespace parked::target
