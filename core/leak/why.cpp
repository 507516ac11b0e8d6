#include "leak/why.h"

#include "base/traits.h"

namespace parked::leak {

namespace {

constexpr std::array kWhys = {
    WhyTraits{Why::none, "", ""},
    WhyTraits{Why::onThread, "on_thread", "running on a thread"},
    WhyTraits{Why::died, "died", "the program died in it"},
    WhyTraits{Why::runnable, "runnable", "ready to run"},
    WhyTraits{Why::inSyscall, "syscall", "in a system call"},
    WhyTraits{Why::preempted, "preempted", "preempted, will run on"},
    WhyTraits{Why::stackMoving, "stack_moving", "its stack is being moved"},
    WhyTraits{Why::starting, "starting", "being created"},
    WhyTraits{Why::nilChannel, "nil_channel", "blocked on a nil channel: nobody can ever wake it"},
    WhyTraits{Why::noCases, "select_no_cases",
              "blocked in a select without cases: nobody can ever wake it"},
    WhyTraits{Why::nilSelect, "select_all_nil",
              "every case of its select is a nil channel: nobody can ever wake it"},
    WhyTraits{Why::unreachable, "unreachable", ""},
    WhyTraits{Why::allAsleep, "all_asleep",
              "the runtime itself found that no goroutine could ever run again: all were asleep"},
    WhyTraits{Why::runtimeProved, "runtime_leaked",
              "the runtime's own leak detection found it: nothing that can still run reaches what "
              "it waits on"},
    WhyTraits{Why::inFlux, "in_flux", "it was being changed while it was read"},
    WhyTraits{Why::wakerClaimed, "waker_claimed",
              "a case of its select has already won: a waker is in flight"},
    WhyTraits{Why::notQueued, "not_queued",
              "it is not in the queue of what it waits on: a waker may be in flight"},
    WhyTraits{Why::closing, "channel_closed", "its channel is closed: it is about to be woken"},
    WhyTraits{Why::noSudog, "object_not_found", ""},
    WhyTraits{Why::badStatus, "bad_status", "its status is none that parked knows"},
    WhyTraits{Why::notRead, "interrupted", "what it waits on was not read: interrupted"},
    WhyTraits{Why::many, "many", ""},
    WhyTraits{Why::settled, "many_settled", ""},
    WhyTraits{Why::old, "old", ""},
    WhyTraits{Why::oldLock, "old_lock", ""},
    WhyTraits{Why::lockCycle, "lock_cycle", ""},
    WhyTraits{Why::lockedAgain, "locked_again", ""},
    WhyTraits{Why::waitCircle, "wait_circle", ""},
    WhyTraits{Why::orphan, "orphan", ""},
    WhyTraits{
        Why::unstopped, "not_stopped",
        "nobody can ever wake it, it seems; not proved, because the process ran while it was read"},
    WhyTraits{Why::unfinished, "interrupted",
              "nobody can ever wake it, it seems; not proved, because reading was interrupted"},
    WhyTraits{Why::mainForever, "main_forever",
              "main in select {}: the usual way to keep a program up"},
    WhyTraits{Why::benign, "well_known", ""},
    WhyTraits{Why::system, "system", "the runtime's own"},
    WhyTraits{Why::worker, "idle_worker", ""},
    WhyTraits{Why::signal, "signal", ""},
    WhyTraits{Why::paired, "paired", ""},
    WhyTraits{Why::timed, "timed", "a timer will wake it"},
    WhyTraits{Why::background, "background", ""},
    WhyTraits{Why::plain, "", "blocked; nothing speaks against it"},
};
static_assert(kWhys.size() == static_cast<std::size_t>(Why::plain) + 1);
static_assert(isInOrder(kWhys));

}  // namespace

const WhyTraits& traitsOf(Why why) { return rowOf(kWhys, why); }

}  // namespace parked::leak
