"""The JSON document (docs/json.md) as typed objects.

Made by scripts/make-python-classes from docs/schema/parked-1.schema.json: change that, not this.

Text and addresses that are not known, or that there are none of, are empty and 0; numbers, booleans
and objects then are None, and lists are empty. Where a docstring lists words, a newer version of
parked may have others. All that a document says is in ``raw``, also what is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import _kept
from . import _reading as _read

__all__ = [
    "Channel",
    "Context",
    "Crash",
    "CrashSignal",
    "CreatedBy",
    "Document",
    "ErrorGroup",
    "ExtraSync",
    "FailOn",
    "FileWaiter",
    "Finding",
    "Frame",
    "Goroutine",
    "GoroutineCounts",
    "Group",
    "HandleValue",
    "Holder",
    "Http",
    "HttpConnection",
    "HttpHandler",
    "HttpHost",
    "HttpRequest",
    "HttpServer",
    "HttpStream",
    "HttpTransport",
    "Incomplete",
    "IslandHandle",
    "IslandKind",
    "IslandWaker",
    "KeptBy",
    "Lock",
    "LockCycleMember",
    "OpenFile",
    "Origin",
    "Panic",
    "Panicking",
    "Parts",
    "Place",
    "Proof",
    "Retained",
    "SelectCase",
    "Selection",
    "SourceLine",
    "SqlConnection",
    "SqlPool",
    "SqlWaiter",
    "Target",
    "Timer",
    "TimerMade",
    "TreeNode",
    "TreeWait",
    "UnreadRuntime",
    "VerdictCounts",
    "WaitCircleGiver",
    "WaitCircleMember",
    "WaitObject",
    "WayStep",
    "WeightedSemaphore",
    "Why",
]


@dataclass(frozen=True)
class SourceLine(_read.Record):
    """Only with --source, of user_frame and of findings: the line itself; None: the file is not at
    hand.
    """

    text: str = _read.member(_read.text)
    """Without the blanks around it, at most 240 bytes of it."""

    newer: bool = _read.member(_read.flag)
    """The file was written after the program: the line may be another."""


@dataclass(frozen=True)
class Place(_read.Record):
    """A line of source."""

    func: str = _read.member(_read.text)
    """Function, as Go prints it: "main.(*T).run", "main.f[...]"."""

    file: str = _read.member(_read.text)
    """Path the compiler recorded."""

    line: int = _read.member(_read.number)
    """Line in the file; 0: not known."""

    instance: str = _read.member(_read.text)
    """The function with the types it was instantiated for: "main.f[int]"; empty: it is not generic,
    or they are not known.
    """

    source: SourceLine | None = _read.member(_read.maybe_record(SourceLine))
    """Only with --source, of user_frame and of findings: the line itself; None: the file is not at
    hand.
    """


@dataclass(frozen=True)
class CrashSignal(_read.Record):
    """A signal that a thread got."""

    name: str = _read.member(_read.text)
    """"SIGSEGV"."""

    number: int = _read.member(_read.number)
    """Its number on the target's system."""

    code: int | None = _read.member(_read.maybe_number)
    """si_code: what made it."""

    address: int | None = _read.member(_read.maybe_address)
    """Where a fault struck; None: it was none."""

    pc: int = _read.member(_read.address)
    """Of the instruction where it came; 0: not known."""

    sender: int | None = _read.member(_read.maybe_number)
    """Process that sent it."""

    in_go: bool = _read.member(_read.flag)
    """That instruction is Go code."""


@dataclass(frozen=True)
class Panic(_read.Record):
    """A panic that has begun and not ended."""

    text: str = _read.member(_read.text)
    """The value, as Go's panic line has it; of structs, what is in them."""

    type: str = _read.member(_read.text)
    """Of the value, as %T prints it."""

    value: int = _read.member(_read.address)
    """Data word of the interface value; 0: not known."""

    known: bool = _read.member(_read.flag)
    """false: the value could not be read, and text says why."""

    goexit: bool = _read.member(_read.flag)
    """runtime.Goexit, and no panic."""

    recovered: bool = _read.member(_read.flag)
    """A deferred function has recovered it, and has not returned."""

    repanicked: bool = _read.member(_read.flag)
    """The next one panics with the same value again."""

    user_frame: Place | None = _read.member(_read.maybe_record(Place))
    """Where it was raised: the user's line."""


@dataclass(frozen=True)
class Crash(_read.Record):
    """What the program died of."""

    kind: str = _read.member(_read.text)
    """panic: one that nobody recovered; fatal_error: the runtime's throw or fatal. Words: "panic",
    "fatal_error", "signal".
    """

    text: str = _read.member(_read.text)
    """In one line: "panic: …", "fatal error: …", or the signal."""

    message: str = _read.member(_read.text)
    """Of a fatal error."""

    from_outside: bool = _read.member(_read.flag)
    """Another process sent the signal: the program did not crash by itself."""

    all_asleep: bool = _read.member(_read.flag)
    """The runtime found that no goroutine can ever run again."""

    goroutine: int | None = _read.member(_read.maybe_number)
    """Id of the one it happened in; None: in none."""

    thread: int | None = _read.member(_read.maybe_number)
    """Its thread."""

    user_frame: Place | None = _read.member(_read.maybe_record(Place))
    """The user's line: of a panic, where it was raised."""

    signal: CrashSignal | None = _read.member(_read.maybe_record(CrashSignal))
    """The signal; of a panic, the fault that it was made of."""

    panics: tuple[Panic, ...] = _read.member(_read.many(_read.record(Panic)))
    """Of a panic: in the order they began, the last one ended the program."""


@dataclass(frozen=True)
class GoroutineCounts(_read.Record):
    """All goroutines of the target by state, whatever the filters say."""

    total: int = _read.member(_read.number)
    """Without dead ones."""

    system: int = _read.member(_read.number)
    """Of the total: the runtime's own."""

    running: int = _read.member(_read.number)
    """Of the total."""

    runnable: int = _read.member(_read.number)
    """Of the total."""

    syscall: int = _read.member(_read.number)
    """Of the total."""

    blocked: int = _read.member(_read.number)
    """Of the total."""

    other: int = _read.member(_read.number)
    """Of the total."""

    dead: int = _read.member(_read.number)
    """Kept by the runtime for reuse; not in the total."""

    unread: int = _read.member(_read.number)
    """In the runtime's list, but not in the memory that was read; not in the total."""


@dataclass(frozen=True)
class VerdictCounts(_read.Record):
    """All goroutines but the runtime's own by verdict."""

    running: int = _read.member(_read.number, "RUNNING")
    """Goroutines with that verdict."""

    waiting: int = _read.member(_read.number, "WAITING")
    """Goroutines with that verdict."""

    unknown: int = _read.member(_read.number, "UNKNOWN")
    """Goroutines with that verdict."""

    suspect: int = _read.member(_read.number, "SUSPECT")
    """Goroutines with that verdict."""

    orphan: int = _read.member(_read.number, "ORPHAN")
    """Goroutines with that verdict."""

    proved: int = _read.member(_read.number, "PROVED")
    """Goroutines with that verdict."""


@dataclass(frozen=True)
class Target(_kept.Target, _read.Record):
    """Which program, how and when it was read."""

    program: str = _read.member(_read.text)
    """Name of the executable, or of the library that has the Go runtime."""

    path: str = _read.member(_read.text)
    """Path of that file."""

    loaded_by: str = _read.member(_read.text)
    """Path of the program, of another language, that has loaded the library; empty: the file is the
    program.
    """

    runtimes: tuple[str, ...] = _read.member(_read.many(_read.text))
    """Paths of all files in the process that have a Go runtime of their own, this one's among them.
    """

    main_package: str = _read.member(_read.text)
    """Import path of package main."""

    source: str = _read.member(_read.text)
    """Path of the core, or "process 1234"."""

    kind: str = _read.member(_read.text)
    """dump: a core by parked dump; live: a process that was stopped while it was read;
    live_unstopped: one that ran on; debugger: through gdb or lldb. Words: "core", "dump", "live",
    "live_unstopped", "debugger".
    """

    redacted: bool = _read.member(_read.flag)
    """A dump by parked dump --redact: numbers stand in the place of texts that were the program's
    own.
    """

    process: int | None = _read.member(_read.maybe_number, "pid")
    """Process id."""

    signal: str = _read.member(_read.text)
    """Signal that made the core: "SIGABRT"."""

    crash: Crash | None = _read.member(_read.maybe_record(Crash))
    """What the program died of; None: of nothing, as far as is known."""

    go_version: str = _read.member(_read.text)
    """As the toolchain wrote it: "go1.26.8"."""

    arch: str = _read.member(_read.text)
    """GOARCH of the program."""

    build_id: str = _read.member(_read.text)
    """Go's build id, or the GNU one."""

    layouts: str = _read.member(_read.text)
    """Where the layouts of the runtime's structs come from: "DWARF"."""

    clock: str = _read.member(_read.text)
    """Where the present time of the target comes from."""

    taken_at: str = _read.member(_read.text)
    """When it was read, or the core was made: RFC 3339, UTC, nanoseconds."""

    pause_ns: int | None = _read.member(_read.maybe_number)
    """Nanoseconds a live process was stopped; None: it was not, or by somebody else."""

    uptime_ns: int | None = _read.member(_read.maybe_number)
    """Nanoseconds the process had run."""

    started_ns: int | None = _read.member(_read.maybe_number)
    """When the runtime started, in nanoseconds of the monotonic clock of its machine: with the pid
    it tells one process from another.
    """

    clock_is_lower_bound: bool = _read.member(_read.flag)
    """Nothing measured the target's clock: uptime_ns is a lower bound, and every ..._in_ns an upper
    bound of what is left.
    """

    threads: int = _read.member(_read.number)
    """Threads of the kernel."""

    gomaxprocs: int = _read.member(_read.number)
    """GOMAXPROCS; 0: not known."""

    goroutines: GoroutineCounts = _read.member(_read.record(GoroutineCounts))
    """All goroutines of the target by state, whatever the filters say."""

    verdicts: VerdictCounts = _read.member(_read.record(VerdictCounts))
    """All goroutines but the runtime's own by verdict."""


@dataclass(frozen=True)
class Selection(_read.Record):
    """Which goroutines the document speaks of."""

    filtered: bool = _read.member(_read.flag)
    """--with or --without chose some, or one was asked for."""

    goroutines: int = _read.member(_read.number)
    """How many were chosen; the groups are made of them."""

    listed: int = _read.member(_read.number)
    """How many of them are in goroutines: fewer with --limit."""

    quieted: int = _read.member(_read.number)
    """How many the allow-list (--ignore-file) took out."""


@dataclass(frozen=True)
class CreatedBy(_read.Record):
    """A go statement."""

    func: str = _read.member(_read.text)
    """Function, as Go prints it: "main.(*T).run", "main.f[...]"."""

    file: str = _read.member(_read.text)
    """Path the compiler recorded."""

    line: int = _read.member(_read.number)
    """Line in the file; 0: not known."""

    instance: str = _read.member(_read.text)
    """The function with the types it was instantiated for; empty: it is not generic, or they are
    not known.
    """

    goroutine: int | None = _read.member(_read.maybe_number)
    """Id of the goroutine that ran it; None before Go 1.21."""


@dataclass(frozen=True)
class Origin(_kept.Origin, _read.Record):
    """Where a goroutine comes from whose stack and creator have nothing of the main module; of a
    group the most frequent one; None: not known, or not needed.
    """

    func: str = _read.member(_read.text)
    """Function, as Go prints it: "main.(*T).run", "main.f[...]"."""

    file: str = _read.member(_read.text)
    """Path the compiler recorded."""

    line: int = _read.member(_read.number)
    """Line in the file; 0: not known."""

    instance: str = _read.member(_read.text)
    """The function with the types it was instantiated for; empty: it is not generic, or they are
    not known.
    """

    goroutine: int | None = _read.member(_read.maybe_number)
    """Whose call, or who was created there."""

    how: str = _read.member(_read.text)
    """called: the place called the library that has the go statement; created: it is the go
    statement of one of the creators; stands: one of the creators is in a call there now. Words:
    "called", "created", "stands".
    """


@dataclass(frozen=True)
class Frame(_read.Record):
    """A function on a stack."""

    func: str = _read.member(_read.text)
    """Function, as Go prints it: "main.(*T).run", "main.f[...]"."""

    file: str = _read.member(_read.text)
    """Path the compiler recorded."""

    line: int = _read.member(_read.number)
    """Line in the file; 0: not known."""

    pc: int = _read.member(_read.address)
    """Of the physical frame: a return address, except in the innermost frame of a running
    goroutine; inlined calls have their caller's.
    """

    inlined: bool = _read.member(_read.flag)
    """Has no frame of its own: the next one is its caller."""

    wrapper: bool = _read.member(_read.flag)
    """Made by the compiler; Go's traceback hides it."""


@dataclass(frozen=True)
class WaitObject(_read.Record):
    """One thing a goroutine waits on, with the object's state."""

    kind: str = _read.member(_read.text)
    """What it is. Words: "channel", "mutex", "once", "rwmutex", "wait_group", "cond", "semaphore",
    "fd", "timer", "nil_channel", "select_no_cases", "select_all_nil", "coroutine", "syscall",
    "runtime", "unknown".
    """

    address: int = _read.member(_read.address)
    """Of the object: channel, lock, semaphore word, poll descriptor, timer; 0: there is none, or it
    was not found.
    """

    op: str = _read.member(_read.text)
    """What it tries to do; empty: none of these. Words: "send", "receive", "lock", "rlock", "wait",
    "read", "write", "sleep".
    """

    select_case: int | None = _read.member(_read.maybe_number)
    """Present if the goroutine is in a select: index of the case in source order; None: it could
    not be told.
    """

    queued: bool | None = _read.member(_read.maybe_flag)
    """Found in the object's own queue: no waker is in flight."""

    element_type: str = _read.member(_read.text)
    """Type of the elements: "int", "*main.job"; empty: not readable."""

    element_size: int | None = _read.member(_read.maybe_number)
    """Bytes of one element."""

    cap: int | None = _read.member(_read.maybe_number)
    """Elements the buffer holds; 0: unbuffered."""

    len: int | None = _read.member(_read.maybe_number)
    """Elements in the buffer."""

    closed: bool | None = _read.member(_read.maybe_flag)
    """Close was called."""

    senders: int | None = _read.member(_read.maybe_number)
    """Goroutines queued to send."""

    receivers: int | None = _read.member(_read.maybe_number)
    """Goroutines queued to receive."""

    queues_complete: bool | None = _read.member(_read.maybe_flag)
    """Both queues were walked to their end, while nobody held the channel's lock."""

    timer: int = _read.member(_read.address)
    """hchan.timer, of a timer's channel since Go 1.23; 0: none."""

    note: str = _read.member(_read.text)
    """Present if the object is unknown or doubtful: why; or of a system call which it is, and on
    what; else why the object is unknown or doubtful; absent if there is nothing to tell.
    """

    waiters: int | None = _read.member(_read.maybe_number)
    """Goroutines found waiting on it."""

    decoded: bool | None = _read.member(_read.maybe_flag)
    """The state was readable; without it the members below are absent."""

    locked: bool | None = _read.member(_read.maybe_flag)
    """Somebody holds it; or a writer holds the inner mutex."""

    starving: bool | None = _read.member(_read.maybe_flag)
    """Starvation mode: handed over in order."""

    mutex_waiters: int | None = _read.member(_read.maybe_number)
    """Waiters the mutex itself counts."""

    readers: int | None = _read.member(_read.maybe_number)
    """Readers holding it."""

    writer_pending: bool | None = _read.member(_read.maybe_flag)
    """A writer holds it or waits for readers to leave."""

    reader_wait: int | None = _read.member(_read.maybe_number)
    """Readers the writer still waits for."""

    counter: int | None = _read.member(_read.maybe_number)
    """What Done must still count down."""

    group_waiters: int | None = _read.member(_read.maybe_number)
    """Waiters the WaitGroup itself counts."""

    cond_wait: int | None = _read.member(_read.maybe_number)
    """Ticket of the next waiter."""

    cond_notify: int | None = _read.member(_read.maybe_number)
    """Ticket of the next to be notified."""

    fd: int | None = _read.member(_read.maybe_number)
    """Number of the file descriptor; -1: not known."""

    deadline_in_ns: int | None = _read.member(_read.maybe_number)
    """Nanoseconds until its deadline passes, 0: it has passed; None: none, or the clock is not
    known.
    """

    due_in_ns: int | None = _read.member(_read.maybe_number)
    """Nanoseconds until the timer is due, negative: overdue; None: not known."""


@dataclass(frozen=True)
class Goroutine(_read.Record):
    """A goroutine at the instant the target was read."""

    id: int = _read.member(_read.number)
    """Goid."""

    address: int = _read.member(_read.address)
    """Of the runtime's g."""

    status: str = _read.member(_read.text)
    """As Go's traceback names it: "waiting", "running", "runnable", "syscall", "preempted",
    "copystack", "leaked", "idle", "unknown".
    """

    scan: bool = _read.member(_read.flag)
    """The garbage collector was scanning its stack."""

    reason: str = _read.member(_read.text)
    """What it is blocked in, in the words of the target's Go: "chan send"; empty: not blocked."""

    verdict: str = _read.member(_read.text)
    """In order of gravity. RUNNING: not blocked. WAITING: blocked, and nothing speaks against it.
    UNKNOWN: blocked, but on what could not be made sure, or a waker is in flight. SUSPECT: too many
    or too old at one place. ORPHAN: still runs, but nobody can stop it. PROVED: can never run
    again. Words: "RUNNING", "WAITING", "UNKNOWN", "SUSPECT", "ORPHAN", "PROVED".
    """

    rule: str = _read.member(_read.text)
    """What the verdict rests on; empty: blocked, and there is nothing to say. Words: "on_thread",
    "died", "all_asleep", "runnable", "syscall", "preempted", "stack_moving", "starting",
    "nil_channel", "select_no_cases", "select_all_nil", "unreachable", "runtime_leaked", "in_flux",
    "waker_claimed", "not_queued", "channel_closed", "object_not_found", "bad_status", "many",
    "many_settled", "old", "old_lock", "lock_cycle", "locked_again", "wait_circle", "not_stopped",
    "interrupted", "main_forever", "well_known", "system", "idle_worker", "signal", "paired",
    "timed", "orphan", "background".
    """

    why: str = _read.member(_read.text)
    """The reason for the verdict in one sentence."""

    system: bool = _read.member(_read.flag)
    """One of the runtime's own, by the runtime's own rule."""

    known_as: str = _read.member(_read.text)
    """What a goroutine of a well-known package is: "idle HTTP client connection"."""

    wait_ns_at_least: int | None = _read.member(_read.maybe_number)
    """Nanoseconds it has been blocked at least; None: no garbage collection has seen it blocked, or
    the clock is not known.
    """

    locked_to_thread: bool = _read.member(_read.flag)
    """runtime.LockOSThread."""

    thread: int | None = _read.member(_read.maybe_number)
    """kernel's id of the thread it runs on; None: none."""

    synctest_bubble: int | None = _read.member(_read.maybe_number)
    """The bubble's number as Go's traceback prints it; None: none."""

    start_func: str = _read.member(_read.text)
    """Function its go statement called."""

    created_by: CreatedBy | None = _read.member(_read.maybe_record(CreatedBy))
    """The go statement; None: the main goroutine, or not known."""

    origin: Origin | None = _read.member(_read.maybe_record(Origin))
    """Where a goroutine comes from whose stack and creator have nothing of the main module; of a
    group the most frequent one; None: not known, or not needed.
    """

    in_c: bool = _read.member(_read.flag)
    """It called C (cgo) and has not returned; status is syscall then."""

    user_frame: Place | None = _read.member(_read.maybe_record(Place))
    """Innermost frame of the main module; if there is none, of a module that go.mod replaces by a
    directory, of another module; else the outermost frame.
    """

    user_frame_of: str = _read.member(_read.text)
    """Whose code user_frame is: main_module also of another module of the workspace; local_module
    of one that go.mod replaces by a directory; empty: not known. Words: "main_module",
    "local_module", "library", "standard_library", "runtime".
    """

    library_frame: Place | None = _read.member(_read.maybe_record(Place))
    """Where the library that user_frame calls blocks; None: it calls none."""

    frames: tuple[Frame, ...] = _read.member(_read.many(_read.record(Frame)))
    """Innermost first; empty: not readable."""

    stack_complete: bool = _read.member(_read.flag)
    """The stack was read to its outermost frame."""

    waiting_on: tuple[WaitObject, ...] = _read.member(_read.many(_read.record(WaitObject)))
    """More than one in a select; empty: it waits on nothing."""

    labels: Mapping[str, str] = _read.member(_read.texts_by_name)
    """Pprof labels."""

    group: int | None = _read.member(_read.maybe_number)
    """Index into groups; None: in none."""


@dataclass(frozen=True)
class Retained(_read.Record):
    """What the group's leaked goroutines keep from being used again; None: none is leaked, or the
    proof was not given.
    """

    goroutines: int = _read.member(_read.number)
    """Leaked ones."""

    stack_bytes: int = _read.member(_read.number)
    """Of their stacks."""

    heap_bytes: int = _read.member(_read.number)
    """Of heap slots that only this group keeps alive; what several groups share is in
    proof.shared_heap_bytes.
    """

    heap_objects: int = _read.member(_read.number)
    """Their number."""


@dataclass(frozen=True)
class KeptBy(_read.Record):
    """The nearest thing that the shortest ways to the goroutines of the group have in common."""

    goroutines: int = _read.member(_read.number)
    """That it leads to, at least 90 of 100."""

    of: int = _read.member(_read.number)
    """So many at that place, whatever the filters say."""

    holder: str = _read.member(_read.text)
    """The way to it in the terms of the source: "main.registry (global map[int]*main.session, 9,980
    entries)".
    """

    each: str = _read.member(_read.text)
    """How a goroutine hangs on it: "*main.session .done"; empty: not known."""

    entries: int | None = _read.member(_read.maybe_number)
    """Of the map or slice; None: it is none, or its type is not known."""

    object: int = _read.member(_read.address)
    """Of the holder in the heap; 0: it is a variable or a stack."""


@dataclass(frozen=True)
class Group(_read.Record):
    """Goroutines with the same stack and the same kind of object waited on, or with the same value
    of the --group key.
    """

    index: int = _read.member(_read.number)
    """Its place in groups."""

    count: int = _read.member(_read.number)
    """Members."""

    key: str = _read.member(_read.text)
    """Value of the --group key; empty: grouped by stack."""

    fingerprint: str = _read.member(_read.text)
    """The same for the same goroutines in the next build: of the functions that created them and in
    which they are, and of what they wait on (docs/fingerprints.md); empty: with --group.
    """

    known: bool | None = _read.member(_read.maybe_flag)
    """The baseline lists it, and --fail-on passes it over; None: there is none (--baseline)."""

    verdict: str = _read.member(_read.text)
    """The gravest of its members. Words: "RUNNING", "WAITING", "UNKNOWN", "SUSPECT", "ORPHAN",
    "PROVED".
    """

    rule: str = _read.member(_read.text)
    """What the verdict rests on; empty: blocked, and there is nothing to say. Words: "on_thread",
    "died", "all_asleep", "runnable", "syscall", "preempted", "stack_moving", "starting",
    "nil_channel", "select_no_cases", "select_all_nil", "unreachable", "runtime_leaked", "in_flux",
    "waker_claimed", "not_queued", "channel_closed", "object_not_found", "bad_status", "many",
    "many_settled", "old", "old_lock", "lock_cycle", "locked_again", "wait_circle", "not_stopped",
    "interrupted", "main_forever", "well_known", "system", "idle_worker", "signal", "paired",
    "timed", "orphan", "background".
    """

    why: str = _read.member(_read.text)
    """The reason for the verdict in one sentence."""

    findings: int = _read.member(_read.number)
    """Members that are PROVED, ORPHAN or SUSPECT."""

    state: str = _read.member(_read.text)
    """Of the example. Words: "running", "runnable", "syscall", "blocked", "other"."""

    reason: str = _read.member(_read.text)
    """Wait reason of the example; empty: not blocked."""

    wait_ns_at_least: int | None = _read.member(_read.maybe_number)
    """Nanoseconds its longest-blocked member has been blocked at least; None: not known."""

    system: bool = _read.member(_read.flag)
    """Every member is one of the runtime's own."""

    known_as: str = _read.member(_read.text)
    """What the example is, if its package is well-known."""

    objects: int = _read.member(_read.number)
    """Distinct objects its members wait on."""

    waits_on: str = _read.member(_read.text)
    """The same in words, with the example's object; empty: on nothing."""

    retained: Retained | None = _read.member(_read.maybe_record(Retained))
    """What the group's leaked goroutines keep from being used again; None: none is leaked, or the
    proof was not given.
    """

    kept_by: KeptBy | None = _read.member(_read.maybe_record(KeptBy))
    """Who keeps at least ten goroutines that are WAITING or SUSPECT; None: no one thing does, or it
    was not looked for (the first 64 groups are).
    """

    root_cause_group: int | None = _read.member(_read.maybe_number)
    """Index of the group whose leak explains this one: its goroutines are leaked themselves and
    could wake these, and not the other way round.
    """

    creators: int = _read.member(_read.number)
    """Distinct go statements that created its members."""

    created_by: Place | None = _read.member(_read.maybe_record(Place))
    """The most frequent of them."""

    example: int = _read.member(_read.number)
    """Id of the goroutine that stands for the group: the one blocked longest."""

    origin: Origin | None = _read.member(_read.maybe_record(Origin))
    """Where a goroutine comes from whose stack and creator have nothing of the main module; of a
    group the most frequent one; None: not known, or not needed.
    """

    left_by: tuple[str, ...] = _read.member(_read.many(_read.text))
    """Of a test binary of Go: tests whose goroutines they are, each once, at most 100
    (docs/testing-your-program.md); empty: not known, or no tests are run.
    """

    in_c: bool = _read.member(_read.flag)
    """Of the example: it called C (cgo) and has not returned."""

    user_frame: Place | None = _read.member(_read.maybe_record(Place))
    """Of the example."""

    user_frame_of: str = _read.member(_read.text)
    """Whose code user_frame is: main_module also of another module of the workspace; local_module
    of one that go.mod replaces by a directory; empty: not known. Words: "main_module",
    "local_module", "library", "standard_library", "runtime".
    """

    library_frame: Place | None = _read.member(_read.maybe_record(Place))
    """Of the example."""

    frames: tuple[Frame, ...] = _read.member(_read.many(_read.record(Frame)))
    """Of the example, innermost first."""

    stack_complete: bool = _read.member(_read.flag)
    """Of the example."""

    goroutines: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Ids of all members, ascending."""


@dataclass(frozen=True)
class Finding(_read.Record):
    """A silent pattern that a rule found at one place."""

    rule: str = _read.member(_read.text)
    """Stable; docs/rules.md has a section for each."""

    fingerprint: str = _read.member(_read.text)
    """The same for the same leak in the next build (docs/fingerprints.md)."""

    known: bool | None = _read.member(_read.maybe_flag)
    """The baseline lists it, and --fail-on passes it over; None: there is none (--baseline)."""

    title: str = _read.member(_read.text)
    """The pattern, in a few words."""

    sentence: str = _read.member(_read.text)
    """What was found, in plain words."""

    fix: str = _read.member(_read.text)
    """What to change."""

    documentation: str = _read.member(_read.text)
    """Where the rule is explained."""

    count: int = _read.member(_read.number)
    """Goroutines that are stuck because of it."""

    place: Place | None = _read.member(_read.maybe_record(Place))
    """In the user's code; None: not known."""

    group: int | None = _read.member(_read.maybe_number)
    """Index into groups; None: it is about a resource."""

    verdict: str = _read.member(_read.text)
    """How sure it is: PROVED or ORPHAN, or by what it looks like. Words: "SUSPECT", "ORPHAN",
    "PROVED".
    """

    evidence: tuple[str, ...] = _read.member(_read.many(_read.text))
    """What shows it: addresses, numbers, ways."""

    goroutines: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Ids of those involved, if it has no group."""


@dataclass(frozen=True)
class TimerMade(_read.Record):
    """A place in the source that tells who made a timer."""

    how: str = _read.member(_read.text)
    """How the place is known. Words: "made in", "started again by", "waited for in", "held in",
    "held by the closure".
    """

    func: str = _read.member(_read.text)
    """Name of the function."""

    file: str = _read.member(_read.text)
    """Its file."""

    line: int = _read.member(_read.number)
    """Its line."""

    instance: str = _read.member(_read.text)
    """The function with the types it was instantiated for; empty: it is not generic, or they are
    not known.
    """


@dataclass(frozen=True)
class Timer(_kept.Timer, _read.Record):
    """A timer in a heap of the runtime, or since Go 1.23 one of a channel nobody waits on."""

    address: int = _read.member(_read.address)
    """Of the runtime's timer."""

    kind: str = _read.member(_read.text)
    """What it is for. Words: "after_func", "ticker", "timer", "sleep", "context_deadline",
    "net_deadline", "runtime", "unknown".
    """

    p: int | None = _read.member(_read.maybe_number)
    """P whose heap holds it; None: in none."""

    due_in_ns: int | None = _read.member(_read.maybe_number)
    """Nanoseconds until it fires, negative: overdue; None: the clock is not known."""

    repeats_ns: int | None = _read.member(_read.maybe_number, "period_ns")
    """Nanoseconds between two ticks; None: fires once."""

    stopped: bool = _read.member(_read.flag)
    """Will not fire, but is still in the heap."""

    callback: Place | None = _read.member(_read.maybe_record(Place))
    """The function it calls: the user's for after_func, else the library's."""

    channel: int = _read.member(_read.address)
    """The channel it sends to; 0: none."""

    goroutine: int | None = _read.member(_read.maybe_number)
    """Id of the goroutine that sleeps; None: none."""

    object: int = _read.member(_read.address)
    """The *time.Timer or *time.Ticker; 0: not looked for, or it is part of something else."""

    held_by: str = _read.member(_read.text)
    """Who has the timer or its channel: a goroutine, a global, an object, nobody; empty: not known.
    """

    nobody_can_stop: bool = _read.member(_read.flag)
    """Nothing that can still run has the timer or its channel; false also if that is not known."""

    made: TimerMade | None = _read.member(_read.maybe_record(TimerMade))
    """The place in the source that tells most about who made it; None: nothing does."""

    receivers: int = _read.member(_read.number)
    """Goroutines that wait on its channel."""

    rearms: str = _read.member(_read.text)
    """How its function starts it again, it seems; empty: it does not. Words: "starts_itself",
    "resets_itself".
    """

    retained_bytes: int | None = _read.member(_read.maybe_number)
    """Bytes of heap that its function alone keeps alive; None: not known, or it calls none."""

    retained_objects: int | None = _read.member(_read.maybe_number)
    """Number of these objects."""


@dataclass(frozen=True)
class Channel(_read.Record):
    """A channel somebody waits on."""

    address: int = _read.member(_read.address)
    """Of the runtime's hchan."""

    element_type: str = _read.member(_read.text)
    """Type of the elements: "int", "*main.job"; empty: not readable."""

    element_size: int = _read.member(_read.number)
    """Bytes of one element."""

    cap: int = _read.member(_read.number)
    """Elements the buffer holds; 0: unbuffered."""

    len: int = _read.member(_read.number)
    """Elements in the buffer."""

    closed: bool = _read.member(_read.flag)
    """Close was called."""

    senders: int = _read.member(_read.number)
    """Goroutines queued to send."""

    receivers: int = _read.member(_read.number)
    """Goroutines queued to receive."""

    queues_complete: bool = _read.member(_read.flag)
    """Both queues were walked to their end, while nobody held the channel's lock."""

    timer: int = _read.member(_read.address)
    """hchan.timer, of a timer's channel since Go 1.23; 0: none."""


@dataclass(frozen=True)
class Holder(_read.Record):
    """A goroutine that may hold a lock: a frame of it has locked and not unlocked, and has the
    lock's address.
    """

    goroutine: int = _read.member(_read.number)
    """Its id."""

    locked: Place = _read.member(_read.record(Place))
    """The Lock, perhaps of a helper; of who unlocks, the Unlock."""

    now: Place = _read.member(_read.record(Place))
    """Where that frame stands."""

    exact: bool = _read.member(_read.flag)
    """The frame has kept the lock's own address, and locked on every way to where it stands; false:
    it may be this lock.
    """

    reads: bool = _read.member(_read.flag)
    """It is an RWMutex, held for reading."""

    unlocks: bool = _read.member(_read.flag)
    """It has not locked it, it will unlock it: the lock was handed over to it."""


@dataclass(frozen=True)
class Lock(_read.Record):
    """A lock, WaitGroup or Cond somebody waits on; state members are absent when it could not be
    decoded.
    """

    kind: str = _read.member(_read.text)
    """What it is. Words: "mutex", "once", "rwmutex", "wait_group", "cond", "semaphore"."""

    address: int = _read.member(_read.address)
    """Of the lock; of a semaphore, its word."""

    waiters: int = _read.member(_read.number)
    """Goroutines found waiting on it."""

    decoded: bool = _read.member(_read.flag)
    """The state was readable; without it the members below are absent."""

    holders: tuple[Holder, ...] = _read.member(_read.many(_read.record(Holder)))
    """Who may hold it, a few at most; with several of a mutex it is not known which of them."""

    locked: bool | None = _read.member(_read.maybe_flag)
    """Somebody holds it; or a writer holds the inner mutex."""

    starving: bool | None = _read.member(_read.maybe_flag)
    """Starvation mode: handed over in order."""

    mutex_waiters: int | None = _read.member(_read.maybe_number)
    """Waiters the mutex itself counts."""

    readers: int | None = _read.member(_read.maybe_number)
    """Readers holding it."""

    writer_pending: bool | None = _read.member(_read.maybe_flag)
    """A writer holds it or waits for readers to leave."""

    reader_wait: int | None = _read.member(_read.maybe_number)
    """Readers the writer still waits for."""

    counter: int | None = _read.member(_read.maybe_number)
    """What Done must still count down."""

    group_waiters: int | None = _read.member(_read.maybe_number)
    """Waiters the WaitGroup itself counts."""

    cond_wait: int | None = _read.member(_read.maybe_number)
    """Ticket of the next waiter."""

    cond_notify: int | None = _read.member(_read.maybe_number)
    """Ticket of the next to be notified."""


@dataclass(frozen=True)
class HttpHost(_read.Record):
    """Connections of a Transport to one host, through the same proxy."""

    scheme: str = _read.member(_read.text)
    """"http" or "https"."""

    host: str = _read.member(_read.text)
    """Host and port."""

    proxy: str = _read.member(_read.text)
    """URL of the proxy; empty: none."""

    idle: int = _read.member(_read.number)
    """Connections that wait for the next request."""

    in_use: int = _read.member(_read.number)
    """Connections with a request."""

    dialing: int = _read.member(_read.number)
    """Connections that are being made."""

    waiters: int = _read.member(_read.number)
    """Requests queued for a connection."""


@dataclass(frozen=True)
class HttpRequest(_read.Record):
    """A request; None: none, or not known."""

    method: str = _read.member(_read.text)
    """"GET"."""

    url: str = _read.member(_read.text)
    """As the request has it."""


@dataclass(frozen=True)
class HttpStream(_read.Record):
    """An open stream of an HTTP/2 client."""

    address: int = _read.member(_read.address)
    """Of the clientStream."""

    state: str = _read.member(_read.text)
    """How far it is. Words: "waiting for the response", "body not closed", "body being read"."""

    request: HttpRequest | None = _read.member(_read.maybe_record(HttpRequest))
    """What was asked for; None: not known."""

    goroutine: int | None = _read.member(_read.maybe_number)
    """It ends with the stream."""

    user: int | None = _read.member(_read.maybe_number)
    """Goroutine that reads the body."""


@dataclass(frozen=True)
class HttpConnection(_read.Record):
    """A connection of a Transport or a Server."""

    address: int = _read.member(_read.address)
    """Of the persistConn, ClientConn or server's conn; 0 while it is dialled."""

    state: str = _read.member(_read.text)
    """What it is busy with; active and new: of a server; active: HTTP/2, too. Words: "idle",
    "waiting for the response", "body not closed", "body being read", "dialing", "TLS handshake",
    "active", "new", "unknown".
    """

    protocol: str = _read.member(_read.text)
    """Protocol spoken. Words: "HTTP/1", "HTTP/2"."""

    tls: bool = _read.member(_read.flag)
    """Encrypted."""

    scheme: str = _read.member(_read.text)
    """Of a Transport: "http" or "https"."""

    host: str = _read.member(_read.text)
    """Of a Transport: host and port."""

    proxy: str = _read.member(_read.text)
    """Of a Transport: URL of the proxy; empty: none."""

    fd: int | None = _read.member(_read.maybe_number)
    """Number of its descriptor; None: not known."""

    local: str = _read.member(_read.text)
    """Local address."""

    remote: str = _read.member(_read.text)
    """Address of the other side."""

    idle_ns: int | None = _read.member(_read.maybe_number)
    """Nanoseconds it has been idle; None: it is not, or not known."""

    streams: int | None = _read.member(_read.maybe_number)
    """Open ones, of HTTP/2."""

    body_lost: bool = _read.member(_read.flag)
    """Proved that nobody can close the response's body any more, and that nothing ends its request.
    """

    only_request_end_closes: bool = _read.member(_read.flag)
    """Proved that nobody can close the response's body any more, but a context, a timeout or an
    error may end its request.
    """

    request: HttpRequest | None = _read.member(_read.maybe_record(HttpRequest))
    """What it is busy with; None: nothing, or not known."""

    requests: tuple[HttpStream, ...] = _read.member(_read.many(_read.record(HttpStream)))
    """Open streams, of an HTTP/2 client."""

    reader: int | None = _read.member(_read.maybe_number)
    """Goroutine of readLoop, of the dial, or of the server's serve."""

    writer: int | None = _read.member(_read.maybe_number)
    """Goroutine of writeLoop."""

    user: int | None = _read.member(_read.maybe_number)
    """Goroutine that waits for the response or reads the body."""


@dataclass(frozen=True)
class HttpTransport(_read.Record):
    """An http.Transport: a pool of connections to servers."""

    address: int = _read.member(_read.address)
    """Of the Transport."""

    default: bool = _read.member(_read.flag)
    """It is http.DefaultTransport."""

    referenced: bool = _read.member(_read.flag)
    """false: proved that nothing but its own connections holds it."""

    max_conns_per_host: int | None = _read.member(_read.maybe_number)
    """MaxConnsPerHost; None: no limit."""

    idle_conn_timeout_ns: int | None = _read.member(_read.maybe_number)
    """IdleConnTimeout, nanoseconds; None: none."""

    tls_handshake_timeout_ns: int | None = _read.member(_read.maybe_number)
    """TLSHandshakeTimeout, nanoseconds; None: none."""

    response_header_timeout_ns: int | None = _read.member(_read.maybe_number)
    """ResponseHeaderTimeout, nanoseconds; None: none."""

    hosts: tuple[HttpHost, ...] = _read.member(_read.many(_read.record(HttpHost)))
    """Its connections counted by whom they go to."""

    connections: tuple[HttpConnection, ...] = _read.member(_read.many(_read.record(HttpConnection)))
    """Its connections that were found."""

    waiters: tuple[int | None, ...] = _read.member(_read.many(_read.maybe_number))
    """Goroutines that wait for a connection."""


@dataclass(frozen=True)
class HttpHandler(_read.Record):
    """A request that a handler is busy with."""

    goroutine: int | None = _read.member(_read.maybe_number)
    """Id of the goroutine that runs the handler."""

    connection: int = _read.member(_read.address)
    """The one of connections that the request came on; 0: not known."""

    request: HttpRequest | None = _read.member(_read.maybe_record(HttpRequest))
    """What was asked for; None: not known."""


@dataclass(frozen=True)
class HttpServer(_read.Record):
    """An http.Server."""

    address: int = _read.member(_read.address)
    """Of the Server."""

    listen: str = _read.member(_read.text)
    """Address it listens on; empty: not known."""

    read_timeout_ns: int | None = _read.member(_read.maybe_number)
    """ReadTimeout, nanoseconds; None: none."""

    read_header_timeout_ns: int | None = _read.member(_read.maybe_number)
    """ReadHeaderTimeout, nanoseconds; None: none."""

    write_timeout_ns: int | None = _read.member(_read.maybe_number)
    """WriteTimeout, nanoseconds; None: none."""

    idle_timeout_ns: int | None = _read.member(_read.maybe_number)
    """IdleTimeout, nanoseconds; None: none."""

    shutting_down: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Goroutines in its Shutdown."""

    connections: tuple[HttpConnection, ...] = _read.member(_read.many(_read.record(HttpConnection)))
    """Open ones, of clients."""

    handlers: tuple[HttpHandler, ...] = _read.member(_read.many(_read.record(HttpHandler)))
    """Requests that are being handled."""


@dataclass(frozen=True)
class Http(_read.Record):
    """net/http: pools and servers."""

    transports: tuple[HttpTransport, ...] = _read.member(_read.many(_read.record(HttpTransport)))
    """http.Transports: the pools of clients' connections."""

    servers: tuple[HttpServer, ...] = _read.member(_read.many(_read.record(HttpServer)))
    """http.Servers."""


@dataclass(frozen=True)
class SqlConnection(_read.Record):
    """An open connection of a sql.DB."""

    address: int = _read.member(_read.address)
    """Of the driverConn."""

    driver_type: str = _read.member(_read.text)
    """Type of the driver's connection."""

    in_use: bool = _read.member(_read.flag)
    """It is checked out."""

    since_ns_at_most: int | None = _read.member(_read.maybe_number)
    """Nanoseconds since it was made or last given back: it is idle for so long, or in use for no
    longer.
    """

    used_by: str = _read.member(_read.text)
    """What has it checked out; empty: not known. Words: "Rows", "Tx", "Conn"."""

    user: int = _read.member(_read.address)
    """Of the Rows, Tx or Conn."""

    held_by: str = _read.member(_read.text)
    """The way from what can still run to the user, in words; empty: nothing tells."""

    goroutine: int | None = _read.member(_read.maybe_number)
    """Whose stack has the connection or its user."""

    place: Place | None = _read.member(_read.maybe_record(Place))
    """Where that goroutine stands."""

    context_waiter: int | None = _read.member(_read.maybe_number)
    """Goroutine of database/sql that waits for the end of the user's context."""

    opened_by: int | None = _read.member(_read.maybe_number)
    """Id of the goroutine that made the user, where it has a context_waiter; None before Go 1.21.
    """

    nobody_can_return: bool = _read.member(_read.flag)
    """Proved that nothing which can still run can give it back."""

    only_context_returns: bool = _read.member(_read.flag)
    """Proved that nothing has the user any more but its context_waiter, whose context may still
    end.
    """


@dataclass(frozen=True)
class SqlWaiter(_read.Record):
    """A goroutine that waits for a connection of a pool."""

    goroutine: int = _read.member(_read.number)
    """Its id."""

    wait_ns_at_least: int | None = _read.member(_read.maybe_number)
    """Nanoseconds it has waited at least; None: not known."""

    place: Place | None = _read.member(_read.maybe_record(Place))
    """Where it asked for a connection."""


@dataclass(frozen=True)
class SqlPool(_kept.SqlPool, _read.Record):
    """A sql.DB."""

    address: int = _read.member(_read.address)
    """Of the sql.DB."""

    driver: str = _read.member(_read.text)
    """Type of the driver or its connector."""

    open: int = _read.member(_read.number)
    """Connections, with those being opened: DBStats.OpenConnections."""

    in_use: int = _read.member(_read.number)
    """Connections that are checked out."""

    idle: int = _read.member(_read.number)
    """Connections that can be checked out."""

    max_open: int | None = _read.member(_read.maybe_number)
    """Of SetMaxOpenConns; None: no limit."""

    wait_count: int = _read.member(_read.number)
    """How often a connection was waited for: DBStats.WaitCount."""

    closed: bool = _read.member(_read.flag)
    """Close was called."""

    opener: int | None = _read.member(_read.maybe_number)
    """Goroutine of its connectionOpener."""

    opened_by: int | None = _read.member(_read.maybe_number)
    """Id of the goroutine that opened it; None before Go 1.21."""

    connections: tuple[SqlConnection, ...] = _read.member(_read.many(_read.record(SqlConnection)))
    """Its open connections that were found."""

    waiting: tuple[SqlWaiter, ...] = _read.member(_read.many(_read.record(SqlWaiter)), "waiters")
    """Goroutines that wait for a connection."""


@dataclass(frozen=True)
class FileWaiter(_read.Record):
    """A goroutine that waits for a descriptor."""

    goroutine: int = _read.member(_read.number)
    """Its id."""

    wait_ns_at_least: int | None = _read.member(_read.maybe_number)
    """Nanoseconds it has waited at least; None: not known."""

    deadline: str = _read.member(_read.text)
    """Whether a deadline ends its waiting. Words: "none", "set", "passed"."""

    deadline_in_ns: int | None = _read.member(_read.maybe_number)
    """Nanoseconds until it, negative: overdue; None: none, or the time is not known."""


@dataclass(frozen=True)
class OpenFile(_kept.OpenFile, _read.Record):
    """An open descriptor."""

    fd: int = _read.member(_read.number)
    """Number of the descriptor."""

    kind: str = _read.member(_read.text)
    """file: an os.File; network: of package net; polled: known to the runtime's poller only; raw:
    to the kernel only. Words: "file", "network", "polled", "raw".
    """

    object: int = _read.member(_read.address)
    """Of the os.file or net.netFD."""

    name: str = _read.member(_read.text)
    """Of an os.File; of others, what the kernel calls it."""

    network: str = _read.member(_read.text)
    """"tcp", "udp", "unix" …"""

    local: str = _read.member(_read.text)
    """Local address, or path of the socket; empty: it is none, or not known."""

    remote: str = _read.member(_read.text)
    """empty: a listener, or not connected."""

    nobody_can_close: bool = _read.member(_read.flag)
    """Proved that nothing that can still run has it: a finalizer will close it, or, where leaked
    goroutines hold it, nobody.
    """

    held_by_leaked: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Ids of leaked goroutines that hold it, up to four: it stays open until the process ends."""

    waits_to_read: FileWaiter | None = _read.member(_read.maybe_record(FileWaiter), "reader")
    """Who waits to read or accept."""

    waits_to_write: FileWaiter | None = _read.member(_read.maybe_record(FileWaiter), "writer")
    """Who waits to write or connect."""


@dataclass(frozen=True)
class LockCycleMember(_read.Record):
    """A goroutine of a circle of locks."""

    goroutine: int = _read.member(_read.number)
    """Its id."""

    waits_for: int = _read.member(_read.address)
    """The lock."""

    held_by: Holder = _read.member(_read.record(Holder))
    """The next of the circle."""


@dataclass(frozen=True)
class WaitCircleGiver(_read.Record):
    """Who would give it: another member, or itself."""

    goroutine: int = _read.member(_read.number)
    """Its id."""

    act: str = _read.member(_read.text)
    """By doing what. Words: "unlock", "receive", "send", "close", "done"."""

    others: int = _read.member(_read.number)
    """Goroutines that could as well, none of which can go on."""

    place: Place = _read.member(_read.record(Place))
    """Where its code comes to that; of unlock, where it locked."""

    now: Place = _read.member(_read.record(Place))
    """Where its frame stands."""


@dataclass(frozen=True)
class WaitCircleMember(_read.Record):
    """A goroutine of a circle of waits."""

    goroutine: int = _read.member(_read.number)
    """Its id."""

    waits_for: int = _read.member(_read.address)
    """The channel, lock or WaitGroup."""

    kind: str = _read.member(_read.text)
    """What waits_for is. Words: "channel", "mutex", "rwmutex", "wait_group"."""

    from_: WaitCircleGiver = _read.member(_read.record(WaitCircleGiver), "from")
    """Who would give it: another member, or itself."""


@dataclass(frozen=True)
class WeightedSemaphore(_read.Record):
    """A semaphore.Weighted; one entry without address for all that were not found."""

    address: int = _read.member(_read.address)
    """Of the semaphore.Weighted; 0: not found."""

    size: int | None = _read.member(_read.maybe_number)
    """Weight that may be taken at once; None: not known."""

    taken: int | None = _read.member(_read.maybe_number)
    """Weight that is taken; None: not known."""

    waiting: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Goroutines in Acquire."""


@dataclass(frozen=True)
class ErrorGroup(_read.Record):
    """An errgroup.Group, once for its WaitGroup and once for its limit."""

    wait_group: int = _read.member(_read.address)
    """Its WaitGroup, where goroutines are in Wait; else 0."""

    limit_channel: int = _read.member(_read.address)
    """The channel that counts against SetLimit, where goroutines are in Go; else 0."""

    waiting: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Goroutines in Wait."""

    starting: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Goroutines in Go."""


@dataclass(frozen=True)
class ExtraSync(_read.Record):
    """Only with parked locks --json: objects of golang.org/x/sync that goroutines wait on."""

    semaphores: tuple[WeightedSemaphore, ...] = _read.member(
        _read.many(_read.record(WeightedSemaphore))
    )
    """Semaphores that goroutines wait for."""

    error_groups: tuple[ErrorGroup, ...] = _read.member(_read.many(_read.record(ErrorGroup)))
    """errgroup.Groups that goroutines wait for."""


@dataclass(frozen=True)
class Context(_read.Record):
    """A context that can still be reached."""

    address: int = _read.member(_read.address)
    """Of the context."""

    kind: str = _read.member(_read.text)
    """What made it; custom: a type that is not of package context. Words: "root", "cancel",
    "deadline", "value", "after_func", "without_cancel", "custom".
    """

    context_type: str = _read.member(_read.text)
    """Its type; of a root, the function."""

    key_type: str = _read.member(_read.text)
    """Of a value: type of its key; empty: none."""

    parent: int | None = _read.member(_read.maybe_number)
    """The context it derives from, as index into contexts; None: none."""

    registered_with: int | None = _read.member(_read.maybe_number)
    """The context that will cancel it when it is cancelled itself, as index into contexts; None:
    none.
    """

    children: int = _read.member(_read.number)
    """Contexts derived from it directly."""

    ending_with_it: int = _read.member(_read.number)
    """Contexts that will be cancelled with it."""

    cancelled: bool = _read.member(_read.flag)
    """It has ended."""

    due_in_ns: int | None = _read.member(_read.maybe_number)
    """Nanoseconds until its deadline, negative: overdue; None: no timer pends."""

    nobody_can_cancel: bool = _read.member(_read.flag)
    """Nothing that can still run has it or its cancel function; false also if that is not known."""

    done: int = _read.member(_read.address)
    """The channel of Done(); 0: nobody has asked for it."""

    goroutines: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Ids of those that wait on that channel."""


@dataclass(frozen=True)
class HandleValue(_read.Record):
    """A value of the field that tells which client it is."""

    value: str = _read.member(_read.text)
    """Of the field."""

    count: int = _read.member(_read.number)
    """Handles that have it."""


@dataclass(frozen=True)
class IslandHandle(_read.Record):
    """The handle of islands: it leads to what all their goroutines wait on and has a method that
    ends them.
    """

    type: str = _read.member(_read.text)
    """"*grpc.ClientConn"."""

    method: str = _read.member(_read.text)
    """"Close"."""

    count: int = _read.member(_read.number)
    """Islands with such a handle."""

    looked_at: int = _read.member(_read.number)
    """Islands that were looked at."""

    example: int = _read.member(_read.address)
    """Of the first one."""

    field: str = _read.member(_read.text)
    """Its field that tells which client it is: "target"; empty: it has none."""

    values: tuple[HandleValue, ...] = _read.member(_read.many(_read.record(HandleValue)))
    """Of that field, the most frequent first; without user names, passwords and parameters of a
    URL, and not whole if long.
    """


@dataclass(frozen=True)
class IslandWaker(_read.Record):
    """What wakes goroutines of islands again and again."""

    kind: str = _read.member(_read.text)
    """timer: a time.Timer, or time.After; after_func: a function that a timer calls and that sets
    it again. Words: "network", "ticker", "timer", "sleep", "after_func".
    """

    count: int = _read.member(_read.number)
    """Goroutines; of after_func timers."""

    period_ns: int = _read.member(_read.number)
    """Of a ticker, else 0."""

    callback: str = _read.member(_read.text)
    """Of after_func."""

    next_ns: int | None = _read.member(_read.maybe_number)
    """Until the first of them fires; None: not known, and of the network."""


@dataclass(frozen=True)
class IslandKind(_read.Record):
    """Islands that have a goroutine of the same function, created at the same place; an island is
    goroutines that can wake one another and that nobody outside can stop.
    """

    count: int = _read.member(_read.number)
    """Islands."""

    background: str = _read.member(_read.text)
    """Why they are no leak: fewer than --orphan-count; no more than GOMAXPROCS, made together; made
    together, and nothing was meant to stop them. empty: they are ORPHAN. Words: "few",
    "one_per_cpu", "pool".
    """

    made_at: Place | None = _read.member(_read.maybe_record(Place))
    """Where the user's code made the first of them."""

    goroutine_count: int = _read.member(_read.number)
    """Goroutines of all of them."""

    connections: int = _read.member(_read.number)
    """That their goroutines wait for."""

    timers: int = _read.member(_read.number)
    """Whose functions set them again."""

    handle: IslandHandle | None = _read.member(_read.maybe_record(IslandHandle))
    """The object by which somebody who had it could end an island, as most of them have it; None:
    none is known.
    """

    woken_by: tuple[IslandWaker, ...] = _read.member(_read.many(_read.record(IslandWaker)))
    """What still wakes them, most first."""

    open: bool = _read.member(_read.flag)
    """Somebody may notice what they do: they have connections, or reach what others have."""

    reaches: tuple[str, ...] = _read.member(_read.many(_read.text))
    """Variables that their code uses or that they hold, and whether they hold objects that others
    have; a few of them.
    """

    stack_bytes: int = _read.member(_read.number)
    """Of their stacks, whole."""

    heap_bytes: int = _read.member(_read.number)
    """Of the heap that one of the islands alone keeps alive, added up."""

    islands: tuple[tuple[int, ...], ...] = _read.member(_read.many(_read.many(_read.number)))
    """Of each island its goroutines, by id."""


@dataclass(frozen=True)
class TreeWait(_read.Record):
    """Who holds up the first of them."""

    goroutine: int = _read.member(_read.number)
    """Its id."""

    act: str = _read.member(_read.text)
    """What it would have to do; empty: it is the live goroutine that these belong to. Words:
    "unlock", "receive", "send", "close", "done".
    """

    place: Place | None = _read.member(_read.maybe_record(Place))
    """Where it would, or of a lock, where it locked it."""

    others: int = _read.member(_read.number)
    """Goroutines that could as well."""

    circle: bool = _read.member(_read.flag)
    """Both are in a circle of locks or of waits."""


@dataclass(frozen=True)
class TreeNode(_read.Record):
    """Goroutines of one parent that look alike: the same start function, user's line, reason and
    verdict.
    """

    kind: str = _read.member(_read.text)
    """goroutine: living ones; ended: creators that have ended; place: a go statement of which it is
    not known who came to it. Words: "goroutine", "ended", "place".
    """

    parent: int | None = _read.member(_read.maybe_number)
    """The node that created these, or with --waits that could wake them, as index into tree; None:
    none is known.
    """

    count: int = _read.member(_read.number)
    """Goroutines it stands for; of a place 1."""

    below: int = _read.member(_read.number)
    """Goroutines that were asked for, of it and of everything below it."""

    chosen: bool = _read.member(_read.flag)
    """They were asked for; false: it is there for what is below it."""

    gravest: str = _read.member(_read.text)
    """The gravest verdict of those asked for, of it and below it. Words: "RUNNING", "WAITING",
    "UNKNOWN", "SUSPECT", "ORPHAN", "PROVED".
    """

    verdict: str = _read.member(_read.text)
    """Of one of them, as the four that follow; only of kind goroutine. Words: "RUNNING", "WAITING",
    "UNKNOWN", "SUSPECT", "ORPHAN", "PROVED".
    """

    reason: str = _read.member(_read.text)
    """Wait reason as Go prints it, else the status."""

    start: Place | None = _read.member(_read.maybe_record(Place))
    """The function they were started with."""

    user_frame: Place | None = _read.member(_read.maybe_record(Place))
    """The user's line."""

    place: Place | None = _read.member(_read.maybe_record(Place))
    """Of kind place the go statement; of ended, one that it ran."""

    waits_for: TreeWait | None = _read.member(_read.maybe_record(TreeWait))
    """Only with --waits; None: nobody who is known."""

    goroutines: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Their ids; of a place none."""


@dataclass(frozen=True)
class Panicking(_read.Record):
    """A goroutine with panics in progress."""

    goroutine: int = _read.member(_read.number)
    """Its id."""

    panics: tuple[Panic, ...] = _read.member(_read.many(_read.record(Panic)))
    """In the order they began."""

    deferred: tuple[Place | None, ...] = _read.member(_read.many(_read.maybe_record(Place)))
    """Functions of deferred calls that are still to run, the next one first; the compiler's open-
    coded ones are not among them.
    """


@dataclass(frozen=True)
class SelectCase(_read.Record):
    """A case of a select that a goroutine waits in."""

    select_case: int | None = _read.member(_read.maybe_number)
    """In source order; None: not told."""

    op: str = _read.member(_read.text)
    """"send" or "receive"."""

    channel: int = _read.member(_read.address)
    """As in waiting_on."""

    outlook: str = _read.member(_read.text)
    """nobody: only this goroutine has the channel, so that the case is not ready before another one
    is; timer: a timer sends to it; reached: others have it; empty: not known. Words: "nobody",
    "timer", "reached".
    """

    way: str = _read.member(_read.text)
    """Of reached, to the channel from what can run without this goroutine; of the first cases only.
    """


@dataclass(frozen=True)
class WayStep(_kept.WayStep, _read.Record):
    """One step of the way from what can still run to what a goroutine waits on."""

    what: str = _read.member(_read.text)
    """A global, stack slot or object, by its type."""

    field: str = _read.member(_read.text)
    """The word that leads on, as in the source."""

    address: int = _read.member(_read.address)
    """Of the object, global or stack slot; 0: a register."""

    offset: int = _read.member(_read.number)
    """Of the word in it, bytes."""

    word: int = _read.member(_read.address)
    """The word that leads on; 0: the end."""

    goroutine: int | None = _read.member(_read.maybe_number)
    """Whose stack it is on."""

    timer: bool = _read.member(_read.flag)
    """A timer that will fire."""


@dataclass(frozen=True)
class Why(_read.Record):
    """What keeps a goroutine from being called leaked."""

    goroutine: int = _read.member(_read.number)
    """Its id."""

    answer: str = _read.member(_read.text)
    """Why there is no way; empty: there is one."""

    uncounted: str = _read.member(_read.text)
    """Why the way does not count for ORPHAN, though what can still run has it: it starts at a list
    for looking at; empty: it counts.
    """

    way: tuple[WayStep, ...] = _read.member(_read.many(_read.record(WayStep)))
    """From what can still run to what it waits on, the shortest way."""


@dataclass(frozen=True)
class FailOn(_read.Record):
    """What --fail-on made of the report: the exit code is 1 if groups or findings is not empty,
    else 3 if incomplete.
    """

    verdict: str = _read.member(_read.text)
    """This one or a graver one fails. Words: "RUNNING", "WAITING", "UNKNOWN", "SUSPECT", "ORPHAN",
    "PROVED".
    """

    groups: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Indices into groups: those with a goroutine of the program that has the verdict."""

    findings: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Indices into findings: those about resources that have it."""

    incomplete: bool = _read.member(_read.flag)
    """What could not be read, or not be proved, may hide more."""


@dataclass(frozen=True)
class Proof(_read.Record):
    """Whether it was proved which goroutines nothing can reach any more."""

    state: str = _read.member(_read.text)
    """withheld: something needed for it is missing or damaged; no goroutine is then PROVED by the
    rule unreachable, and any WAITING one may be leaked. Words: "given", "withheld", "not_asked".
    """

    withheld: str = _read.member(_read.text)
    """Why, in one clause; empty unless state is withheld."""

    candidates: int | None = _read.member(_read.maybe_number)
    """Blocked goroutines it was asked about."""

    heap_bytes: int | None = _read.member(_read.maybe_number)
    """Size of the spans in use."""

    objects_reached: int | None = _read.member(_read.maybe_number)
    """Heap objects that something which can run reaches."""

    shared_heap_bytes: int | None = _read.member(_read.maybe_number)
    """Of heap slots that several groups of leaked goroutines keep alive together."""

    shared_heap_objects: int | None = _read.member(_read.maybe_number)
    """Their number."""


@dataclass(frozen=True)
class Incomplete(_read.Record):
    """One kind of thing that could not be read."""

    what: str = _read.member(_read.text)
    """"stack", "channel", "timer heap"."""

    detail: str = _read.member(_read.text)
    """Why, in one clause."""

    count: int = _read.member(_read.number)
    """How often."""

    first_address: int = _read.member(_read.address)
    """Of the first case; 0: none."""


@dataclass(frozen=True)
class UnreadRuntime(_read.Record):
    """A Go runtime that could not be read."""

    file: str = _read.member(_read.text)
    """Path of the file that has it."""

    error: str = _read.member(_read.text)
    """Why, in one line."""


@dataclass(frozen=True)
class Document(_kept.Document, _read.Record):
    """The document of parked --json; $defs/line describes a line of --jsonl. None: not known, or
    there is none. Integers are exact and may take 64 bits. Members that end in _ns are nanoseconds.
    """

    schema: str = _read.member(_read.text)
    """Name and version of this format."""

    target: Target = _read.member(_read.record(Target))
    """Which program, how and when it was read."""

    selection: Selection | None = _read.member(_read.maybe_record(Selection))
    """Absent where goroutines is."""

    goroutines: tuple[Goroutine, ...] = _read.member(_read.many(_read.record(Goroutine)))
    """The chosen goroutines, by id; absent in the documents of channels, locks, timers and info."""

    groups: tuple[Group, ...] = _read.member(_read.many(_read.record(Group)))
    """Largest first; absent where goroutines is."""

    findings: tuple[Finding, ...] = _read.member(_read.many(_read.record(Finding)))
    """Patterns behind the groups, in their order; absent where goroutines is."""

    timers: tuple[Timer, ...] = _read.member(_read.many(_read.record(Timer)))
    """Absent in the documents of channels, locks and info."""

    channels: tuple[Channel, ...] = _read.member(_read.many(_read.record(Channel)))
    """Only with parked channels --json, and the one of parked channel ADDR --json: channels
    somebody waits on.
    """

    locks: tuple[Lock, ...] = _read.member(_read.many(_read.record(Lock)))
    """Only with parked locks --json: locks, WaitGroups and Conds somebody waits on."""

    http: Http | None = _read.member(_read.maybe_record(Http))
    """Only with parked http --json: pools and servers of net/http."""

    sql: tuple[SqlPool, ...] = _read.member(_read.many(_read.record(SqlPool)))
    """Only with parked sql --json: pools of database/sql that are not closed."""

    files: tuple[OpenFile, ...] = _read.member(_read.many(_read.record(OpenFile)))
    """Only with parked files --json: open descriptors, by number."""

    lock_cycles: tuple[tuple[LockCycleMember, ...], ...] = _read.member(
        _read.many(_read.many(_read.record(LockCycleMember)))
    )
    """Only with parked locks --json: circles of goroutines each of which waits for a lock that the
    next holds, and nobody else could hold.
    """

    wait_circles: tuple[tuple[WaitCircleMember, ...], ...] = _read.member(
        _read.many(_read.many(_read.record(WaitCircleMember)))
    )
    """Only with parked locks --json: circles of goroutines each of which waits for what only the
    next would give, not of locks alone; first those on the circle, then those of it that hang on
    one of them.
    """

    extra_sync: ExtraSync | None = _read.member(_read.maybe_record(ExtraSync))
    """Only with parked locks --json: objects of golang.org/x/sync that goroutines wait on."""

    contexts: tuple[Context, ...] = _read.member(_read.many(_read.record(Context)))
    """Only with parked contexts --json: the trees of contexts; parents are indices into this array.
    """

    islands: tuple[IslandKind, ...] = _read.member(_read.many(_read.record(IslandKind)))
    """Only with parked islands --json: what still runs and nobody can stop, by kind, those with the
    most islands first.
    """

    tree: tuple[TreeNode, ...] = _read.member(_read.many(_read.record(TreeNode)))
    """Only with parked pstree --json: goroutines by who created them, or who holds them up
    (--waits); parents are indices into this array and come before their children.
    """

    panicking: tuple[Panicking, ...] = _read.member(_read.many(_read.record(Panicking)))
    """Goroutines with panics in progress, by id; only where goroutines is, and with parked crash
    --json.
    """

    cases: tuple[SelectCase, ...] = _read.member(_read.many(_read.record(SelectCase)))
    """Only with parked goroutine ID --json, of one that waits in a select and is not PROVED: who
    could make each case ready.
    """

    why: Why | None = _read.member(_read.maybe_record(Why))
    """Only with parked why ID --json."""

    fail_on: FailOn | None = _read.member(_read.maybe_record(FailOn))
    """Only with --fail-on."""

    proof: Proof = _read.member(_read.record(Proof))
    """Whether it was proved which goroutines nothing can reach any more."""

    incomplete: tuple[Incomplete, ...] = _read.member(_read.many(_read.record(Incomplete)))
    """What could not be read; empty: everything was."""

    momentary: tuple[Incomplete, ...] = _read.member(_read.many(_read.record(Incomplete)))
    """What could not be read because the program was just changing it, as a running program always
    does somewhere; no verdict rests on it, and the exit code does not change for it.
    """

    unread_runtimes: tuple[UnreadRuntime, ...] = _read.member(
        _read.many(_read.record(UnreadRuntime))
    )
    """Only where one of several Go runtimes could not be read; the exit code is then 3."""


class Parts:
    """What commands besides ``report`` answer, each asked once."""

    def part(self, command: str) -> Document:
        """The document of a command of the family, as ``parked sql --json``."""
        raise NotImplementedError

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels somebody waits on."""
        return self.part("channels").channels

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Locks, WaitGroups and Conds somebody waits on."""
        return self.part("locks").locks

    @property
    def http(self) -> Http:
        """Pools and servers of net/http."""
        return self.part("http").http or Http()

    @property
    def sql(self) -> tuple[SqlPool, ...]:
        """Pools of database/sql that are not closed."""
        return self.part("sql").sql

    @property
    def files(self) -> tuple[OpenFile, ...]:
        """Open descriptors, by number."""
        return self.part("files").files

    @property
    def lock_cycles(self) -> tuple[tuple[LockCycleMember, ...], ...]:
        """Circles of goroutines each of which waits for a lock that the next holds, and nobody else
        could hold.
        """
        return self.part("locks").lock_cycles

    @property
    def wait_circles(self) -> tuple[tuple[WaitCircleMember, ...], ...]:
        """Circles of goroutines each of which waits for what only the next would give, not of locks
        alone; first those on the circle, then those of it that hang on one of them.
        """
        return self.part("locks").wait_circles

    @property
    def extra_sync(self) -> ExtraSync:
        """Objects of golang.org/x/sync that goroutines wait on."""
        return self.part("locks").extra_sync or ExtraSync()

    @property
    def contexts(self) -> tuple[Context, ...]:
        """The trees of contexts; parents are indices into this array."""
        return self.part("contexts").contexts

    @property
    def islands(self) -> tuple[IslandKind, ...]:
        """What still runs and nobody can stop, by kind, those with the most islands first."""
        return self.part("islands").islands

    @property
    def tree(self) -> tuple[TreeNode, ...]:
        """Goroutines by who created them, or who holds them up (--waits); parents are indices into
        this array and come before their children.
        """
        return self.part("pstree").tree
