#include "golang/reason_class.h"

#include "base/traits.h"

namespace parked::golang {

namespace {

constexpr std::array kReasons = {
    ReasonTraits{.value = ReasonClass::none, .text = ""},
    ReasonTraits{.value = ReasonClass::other, .text = ""},
    ReasonTraits{.value = ReasonClass::chanReceive, .text = "chan receive", .op = WaitOp::receive},
    ReasonTraits{.value = ReasonClass::chanSend, .text = "chan send", .op = WaitOp::send},
    ReasonTraits{.value = ReasonClass::select, .text = "select"},
    ReasonTraits{.value = ReasonClass::chanReceiveNil,
                 .text = "chan receive (nil chan)",
                 .op = WaitOp::receive,
                 .idleInSynctest = true},
    ReasonTraits{.value = ReasonClass::chanSendNil,
                 .text = "chan send (nil chan)",
                 .op = WaitOp::send,
                 .idleInSynctest = true},
    ReasonTraits{
        .value = ReasonClass::selectNoCases, .text = "select (no cases)", .idleInSynctest = true},
    ReasonTraits{.value = ReasonClass::semacquire, .text = "semacquire"},
    ReasonTraits{.value = ReasonClass::mutexLock, .text = "sync.Mutex.Lock"},
    ReasonTraits{.value = ReasonClass::rwMutexRLock, .text = "sync.RWMutex.RLock"},
    ReasonTraits{.value = ReasonClass::rwMutexLock, .text = "sync.RWMutex.Lock"},
    ReasonTraits{.value = ReasonClass::waitGroupWait, .text = "sync.WaitGroup.Wait"},
    ReasonTraits{.value = ReasonClass::condWait, .text = "sync.Cond.Wait", .idleInSynctest = true},
    ReasonTraits{.value = ReasonClass::sleep,
                 .text = "sleep",
                 .outside = true,
                 .byDesign = true,
                 .idleInSynctest = true},
    ReasonTraits{
        .value = ReasonClass::ioWait, .text = "IO wait", .outside = true, .byDesign = true},
    ReasonTraits{.value = ReasonClass::coroutine,
                 .text = "coroutine",
                 .outside = true,
                 .idleInSynctest = true},
    ReasonTraits{
        .value = ReasonClass::synctest, .text = "", .outside = true, .idleInSynctest = true},
    ReasonTraits{
        .value = ReasonClass::runtimeInternal, .text = "", .outside = true, .byDesign = true},
};
static_assert(kReasons.size() == static_cast<std::size_t>(ReasonClass::runtimeInternal) + 1);
static_assert(isInOrder(kReasons));

}  // namespace

const ReasonTraits& traitsOf(ReasonClass reason) { return rowOf(kReasons, reason); }

std::span<const ReasonTraits> reasonClasses() { return kReasons; }

}  // namespace parked::golang
