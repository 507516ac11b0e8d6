"""How a goroutine is blocked, in the words that fingerprints use, of what a text tells.

Mirrors ``waitKind`` of core/leak/fingerprint.cpp. Where the runtime's reason says too little
("semacquire" of old releases, "IO wait"), the functions on the stack say the rest, as in
core/golang/wait_sites.cpp.
"""

from __future__ import annotations

from collections.abc import Sequence

#: By the runtime's wait reason (runtime/runtime2.go, Go 1.18 to 1.27).
_BY_REASON = {
    "chan receive": "channel receive",
    "chan send": "channel send",
    "select": "select",
    "chan receive (nil chan)": "nil_channel receive",
    "chan send (nil chan)": "nil_channel send",
    "select (no cases)": "select_no_cases",
    "sync.RWMutex.RLock": "rwmutex rlock",
    "sync.RWMutex.Lock": "rwmutex lock",
    "sync.WaitGroup.Wait": "wait_group wait",
    "sync.Cond.Wait": "cond wait",
    "sleep": "timer sleep",
    "coroutine": "coroutine",
}
_SEMAPHORES = ("semacquire", "sync.Mutex.Lock")
#: In moments in which the runtime holds a user's goroutine.
_RUNTIME = frozenset(
    (
        "GC assist marking",
        "GC assist wait",
        "GC sweep wait",
        "GC scavenge wait",
        "GC worker (idle)",
        "GC worker (active)",
        "GC mark termination",
        "GC weak to strong wait",
        "GOMAXPROCS updater (idle)",
        "cleanup wait",
        "debug call",
        "dumping heap",
        "finalizer wait",
        "flushing proc caches",
        "force gc (idle)",
        "garbage collection",
        "garbage collection scan",
        "page trace flush",
        "panicwait",
        "preempted",
        "stopping the world",
        "timer goroutine (idle)",
        "trace goroutine status",
        "trace proc status",
        "trace reader (blocked)",
        "wait for GC cycle",
    )
)
#: What the runtime says of a goroutine that is not blocked: parked's word for the state.
_STATES = {
    "running": "running",
    "runnable": "runnable",
    "syscall": "syscall",
    "preempted": "runnable",
    "copystack": "other",
    "idle": "other",
    "???": "other",
}
_MUTEX_LOCK = (
    "sync.(*Mutex).Lock",
    "sync.(*Mutex).lockSlow",
    "internal/sync.(*Mutex).Lock",
    "internal/sync.(*Mutex).lockSlow",
)
_ACQUIRES = ("sync.runtime_Semacquire", "internal/sync.runtime_Semacquire")
#: Of a profile, which has the runtime's functions, the one that parked the goroutine.
_BY_PARKER = {
    "runtime.chansend": "chan send",
    "runtime.chanrecv": "chan receive",
    "runtime.selectgo": "select",
    "runtime.block": "select (no cases)",
    "runtime.semacquire1": "semacquire",
    "runtime.notifyListWait": "sync.Cond.Wait",
    "sync.runtime_notifyListWait": "sync.Cond.Wait",
    "runtime.coroswitch": "coroutine",
    "runtime.corostart": "coroutine",
    "runtime.coroswitch_m": "coroutine",
    "runtime.netpollblock": "IO wait",
    "internal/poll.runtime_pollWait": "IO wait",
    "runtime.timeSleep": "sleep",
    "time.Sleep": "sleep",
}
_PARKS = ("runtime.gopark", "runtime.goparkunlock", "runtime.mcall")

#: Waits that LeakProf's threshold is about: blocked on a channel.
CHANNEL_WAITS = frozenset(
    ("channel send", "channel receive", "select", "nil_channel send", "nil_channel receive")
)


def without_marks(state: str) -> str:
    """The runtime's word for a state without what it adds to some: "(scan)", "(durable)"."""
    for mark in (" (leaked)", " (scan)", " (durable)", " (synctest)"):
        state = state.replace(mark, "")
    return state


def state_of(reason: str) -> str:
    """``running``, ``runnable``, ``syscall``, ``other``, or ``blocked`` for every wait reason."""
    return _STATES.get(reason, "blocked")


def _semaphore_use(functions: Sequence[str]) -> str:
    start = next((at for at, each in enumerate(functions) if each.startswith(_ACQUIRES)), None)
    if start is None:
        # Old releases do not show the entry points of the runtime where they are linknamed.
        start = -1
    calls = list(functions[start + 1 : start + 16])
    if calls and calls[0] in _MUTEX_LOCK:
        behind = next((each for each in calls if each not in _MUTEX_LOCK), "")
        if behind == "sync.(*RWMutex).Lock":
            return "rwmutex lock"
        return "once wait" if behind == "sync.(*Once).doSlow" else "mutex lock"
    known = {
        "sync.(*RWMutex).RLock": "rwmutex rlock",
        "sync.(*RWMutex).Lock": "rwmutex lock",
        "sync.(*WaitGroup).Wait": "wait_group wait",
    }
    return known.get(calls[0] if calls else "", "semaphore wait")


def _poll_direction(functions: Sequence[str]) -> str:
    for each in functions[:8]:
        if each == "internal/poll.(*pollDesc).waitRead":
            return "fd read"
        if each == "internal/poll.(*pollDesc).waitWrite":
            return "fd write"
    writes = any(".Write" in each or ".connect" in each for each in functions[:6])
    return "fd write" if writes else "fd read"


def wait_kind(reason: str, functions: Sequence[str]) -> str:
    """``channel send``, ``mutex lock``, ``select``; the state of one that is not blocked.

    ``reason`` is the runtime's, without marks; ``functions`` are on the stack, innermost first.
    """
    state = state_of(reason)
    if state != "blocked":
        return "in a system call" if state == "syscall" else state
    if reason in _SEMAPHORES:
        use = _semaphore_use(functions)
        return "mutex lock" if use == "semaphore wait" and reason != "semacquire" else use
    if reason in ("sync.RWMutex.Lock", "sync.RWMutex.RLock"):
        return _BY_REASON[reason]
    if reason == "IO wait":
        return _poll_direction(functions)
    if reason in _RUNTIME or reason.startswith("synctest."):
        return "runtime"
    return _BY_REASON.get(reason, "unknown")


def reason_of_stack(functions: Sequence[str]) -> str | None:
    """The wait reason of which a stack with the runtime's functions tells; None: it does not."""
    parked = False
    for each in functions[:16]:
        if each in _PARKS:
            parked = True
        elif each in _BY_PARKER and (parked or not each.startswith("runtime.")):
            return _BY_PARKER[each]
        elif each.startswith(_ACQUIRES):
            return "semacquire"
        elif parked and not each.startswith("runtime."):
            return None
    return None
