#include "leak/wake_act.h"

#include "base/traits.h"

namespace parked::leak {

namespace {

constexpr std::array kActs = {
    WakeActTraits{WakeAct::unlock, "unlock", "unlock", "unlocks"},
    WakeActTraits{WakeAct::receive, "receive", "receive", "receives"},
    WakeActTraits{WakeAct::send, "send", "send", "sends"},
    WakeActTraits{WakeAct::close, "close", "close it", "closes it"},
    WakeActTraits{WakeAct::done, "done", "call Done", "calls Done"},
};
static_assert(kActs.size() == static_cast<std::size_t>(WakeAct::done) + 1);
static_assert(isInOrder(kActs));

}  // namespace

const WakeActTraits& traitsOf(WakeAct act) { return rowOf(kActs, act); }

}  // namespace parked::leak
