"""The JSON document (docs/json.md) as typed objects.

Fields that a document does not have take their empty value, and fields that are not known here stay
reachable through ``raw``, so that the package reads documents of newer minor versions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_Json = Mapping[str, Any]


def _address(value: object) -> int:
    """Addresses are hex strings: JSON numbers lose bits above 2^53."""
    if value is None or value == "":
        return 0
    return int(value, 16) if isinstance(value, str) else int(str(value))


def _optional_int(value: object) -> int | None:
    return None if value is None else int(str(value))


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


@dataclass(frozen=True)
class Frame:
    """One function of a stack; inlined ones are frames of their own, as in Go's traceback."""

    func: str
    file: str
    line: int
    pc: int
    inlined: bool

    @classmethod
    def from_json(cls, data: _Json) -> Frame:
        return cls(
            func=data.get("func", ""),
            file=data.get("file", ""),
            line=data.get("line", 0),
            pc=_address(data.get("pc")),
            inlined=data.get("inlined", False),
        )


@dataclass(frozen=True)
class Place:
    """A line of source in a function."""

    func: str
    file: str
    line: int

    @classmethod
    def from_json(cls, data: _Json | None) -> Place | None:
        if not data:
            return None
        return cls(func=data.get("func", ""), file=data.get("file", ""), line=data.get("line", 0))


@dataclass(frozen=True)
class CreatedBy:
    """The ``go`` statement that started a goroutine."""

    func: str
    file: str
    line: int
    #: Id of the goroutine that ran it; None before Go 1.21.
    goroutine: int | None

    @classmethod
    def from_json(cls, data: _Json) -> CreatedBy:
        return cls(
            func=data.get("func", ""),
            file=data.get("file", ""),
            line=data.get("line", 0),
            goroutine=_optional_int(data.get("goroutine")),
        )


@dataclass(frozen=True)
class Origin:
    """Whose call led to a goroutine that has nothing of the main module on its stack."""

    place: Place
    #: Whose call, or who was created there; None if that is not known.
    goroutine: int | None
    #: "called", "created" or "stands" (docs/json.md).
    how: str

    @classmethod
    def from_json(cls, data: _Json | None) -> Origin | None:
        place = Place.from_json(data)
        if data is None or place is None:
            return None
        return cls(
            place=place,
            goroutine=_optional_int(data.get("goroutine")),
            how=data.get("how", ""),
        )


@dataclass(frozen=True)
class WaitObject:
    """What a goroutine is blocked on."""

    #: "channel", "mutex", "timer" …
    kind: str
    #: 0 where there is no object, as for a nil channel.
    address: int
    #: What it tries to do: "send", "receive", "lock" …; empty if it is none of these.
    op: str
    #: Everything the document says, such as a channel's queues.
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> WaitObject:
        return cls(
            kind=data.get("kind", ""),
            address=_address(data.get("address")),
            op=data.get("op") or "",
            raw=data,
        )


@dataclass(frozen=True)
class Goroutine:
    """A goroutine at the instant the target was read."""

    id: int
    #: "waiting", "running", "runnable", "syscall" …
    status: str
    #: The runtime's own words for why it waits: "chan send", "select" …; empty if it does not.
    reason: str
    #: "PROVED", "SUSPECT", "WAITING", "RUNNING" or "UNKNOWN".
    verdict: str
    #: Started by the runtime for itself.
    system: bool
    #: It waits at least this long, in nanoseconds; None if no garbage collection has seen it wait.
    wait_ns_at_least: int | None
    #: The function its ``go`` statement called.
    start_func: str
    created_by: CreatedBy | None
    #: Innermost frame of the main module; where there is none, see docs/json.md.
    user_frame: Place | None
    #: Where the library that ``user_frame`` calls blocks; None if it calls none.
    library_frame: Place | None
    #: Where it comes from, if neither its stack nor its creator is in the main module.
    origin: Origin | None
    #: Innermost first.
    frames: tuple[Frame, ...]
    #: More than one in a select.
    waiting_on: tuple[WaitObject, ...]
    #: pprof labels.
    labels: Mapping[str, str]
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Goroutine:
        created_by = data.get("created_by")
        return cls(
            id=data.get("id", 0),
            status=data.get("status", ""),
            reason=data.get("reason") or "",
            verdict=data.get("verdict", ""),
            system=data.get("system", False),
            wait_ns_at_least=_optional_int(data.get("wait_ns_at_least")),
            start_func=data.get("start_func") or "",
            created_by=CreatedBy.from_json(created_by) if created_by else None,
            user_frame=Place.from_json(data.get("user_frame")),
            library_frame=Place.from_json(data.get("library_frame")),
            origin=Origin.from_json(data.get("origin")),
            frames=tuple(Frame.from_json(frame) for frame in _list(data.get("frames"))),
            waiting_on=tuple(WaitObject.from_json(item) for item in _list(data.get("waiting_on"))),
            labels=data.get("labels") or {},
            raw=data,
        )


@dataclass(frozen=True)
class Group:
    """Goroutines with the same stack that wait for the same kind of thing."""

    count: int
    verdict: str
    reason: str
    #: Innermost frame of the main module; where there is none, see docs/json.md.
    user_frame: Place | None
    #: Where the library that ``user_frame`` calls blocks; None if it calls none.
    library_frame: Place | None
    #: Where it comes from, if neither its stack nor its creator is in the main module.
    origin: Origin | None
    #: Ids of all members.
    goroutines: tuple[int, ...]
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Group:
        return cls(
            count=data.get("count", 0),
            verdict=data.get("verdict", ""),
            reason=data.get("reason") or "",
            user_frame=Place.from_json(data.get("user_frame")),
            library_frame=Place.from_json(data.get("library_frame")),
            origin=Origin.from_json(data.get("origin")),
            goroutines=tuple(_list(data.get("goroutines"))),
            raw=data,
        )


@dataclass(frozen=True)
class Finding:
    """A silent pattern that a rule found at one place."""

    #: "PK005"; docs/rules.md explains each.
    rule: str
    title: str
    #: What was found, in plain words.
    sentence: str
    #: What to change.
    fix: str
    #: How many goroutines are stuck because of it.
    count: int
    #: Index into ``groups``; None: it is about a resource.
    group: int | None
    #: What shows it: addresses, numbers, ways.
    evidence: tuple[str, ...]
    #: Ids of the goroutines involved, if it has no group.
    goroutines: tuple[int, ...]
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Finding:
        return cls(
            rule=data.get("rule", ""),
            title=data.get("title") or "",
            sentence=data.get("sentence") or "",
            fix=data.get("fix") or "",
            count=data.get("count", 0),
            group=data.get("group"),
            evidence=tuple(_list(data.get("evidence"))),
            goroutines=tuple(_list(data.get("goroutines"))),
            raw=data,
        )


@dataclass(frozen=True)
class Timer:
    """A timer of a P, or of a channel nobody waits on (then in none of the runtime's heaps)."""

    #: "after_func", "ticker", "timer", "sleep", "context_deadline" …
    kind: str
    address: int
    #: Nanoseconds between ticks; 0 for a timer that fires once.
    period_ns: int
    #: Who has it or its channel: a goroutine, a global, an object, nobody; empty if not known.
    held_by: str
    #: Nothing that can still run has it.
    nobody_can_stop: bool
    #: Bytes of heap that its function alone keeps alive; None: not known, or it calls none.
    retained_bytes: int | None
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Timer:
        return cls(
            kind=data.get("kind", ""),
            address=_address(data.get("address")),
            period_ns=data.get("period_ns") or 0,
            held_by=data.get("held_by") or "",
            nobody_can_stop=data.get("nobody_can_stop", False),
            retained_bytes=_optional_int(data.get("retained_bytes")),
            raw=data,
        )


@dataclass(frozen=True)
class SqlConnection:
    """An open connection of a ``sql.DB``."""

    address: int
    in_use: bool
    #: "Rows", "Tx" or "Conn": what has it checked out; empty if that is not known.
    used_by: str
    #: Address of the Rows, Tx or Conn; 0 if it is not known.
    user: int
    #: The way from what can still run to it, in words; empty if nothing tells.
    held_by: str
    #: Goroutine whose stack has it; None if there is none.
    goroutine: int | None
    #: Proved: nothing that can still run can give it back.
    nobody_can_return: bool
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> SqlConnection:
        return cls(
            address=_address(data.get("address")),
            in_use=data.get("in_use", False),
            used_by=data.get("used_by") or "",
            user=_address(data.get("user")),
            held_by=data.get("held_by") or "",
            goroutine=_optional_int(data.get("goroutine")),
            nobody_can_return=data.get("nobody_can_return", False),
            raw=data,
        )


@dataclass(frozen=True)
class SqlPool:
    """A ``sql.DB`` that is not closed."""

    address: int
    #: Type of the driver.
    driver: str
    open: int
    in_use: int
    idle: int
    #: None: no limit.
    max_open: int | None
    connections: tuple[SqlConnection, ...]
    #: Ids of the goroutines that wait for a connection.
    waiters: tuple[int, ...]
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> SqlPool:
        return cls(
            address=_address(data.get("address")),
            driver=data.get("driver") or "",
            open=data.get("open", 0),
            in_use=data.get("in_use", 0),
            idle=data.get("idle", 0),
            max_open=_optional_int(data.get("max_open")),
            connections=tuple(map(SqlConnection.from_json, _list(data.get("connections")))),
            waiters=tuple(waiter["goroutine"] for waiter in _list(data.get("waiters"))),
            raw=data,
        )


@dataclass(frozen=True)
class OpenFile:
    """An open descriptor."""

    fd: int
    #: "file", "network", "polled" or "raw".
    kind: str
    #: Of an os.File; of others what the kernel calls it.
    name: str
    #: "tcp" …; empty if it is no connection or listener.
    network: str
    local: str
    remote: str
    #: Proved: nothing that can still run has it. A finalizer will close it, or, where leaked
    #: goroutines hold it, nobody.
    nobody_can_close: bool
    #: Ids of leaked goroutines that hold it, a few of them.
    held_by_leaked: tuple[int, ...]
    #: Ids of the goroutines that wait for it.
    reader: int | None
    writer: int | None
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> OpenFile:
        return cls(
            fd=data.get("fd", -1),
            kind=data.get("kind", ""),
            name=data.get("name") or "",
            network=data.get("network") or "",
            local=data.get("local") or "",
            remote=data.get("remote") or "",
            nobody_can_close=data.get("nobody_can_close", False),
            held_by_leaked=tuple(_list(data.get("held_by_leaked"))),
            reader=_optional_int((data.get("reader") or {}).get("goroutine")),
            writer=_optional_int((data.get("writer") or {}).get("goroutine")),
            raw=data,
        )


@dataclass(frozen=True)
class Panic:
    """A panic that has begun and not ended."""

    #: The value, as Go's "panic: " line has it.
    text: str
    #: Type of the value: "*errors.errorString"; empty if it is not known.
    type: str
    recovered: bool
    #: ``runtime.Goexit``, which runs deferred calls as a panic does.
    goexit: bool
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Panic:
        return cls(
            text=data.get("text", ""),
            type=data.get("type") or "",
            recovered=data.get("recovered", False),
            goexit=data.get("goexit", False),
            raw=data,
        )


@dataclass(frozen=True)
class Panicking:
    """A goroutine with panics in progress."""

    goroutine: int
    #: In the order they began.
    panics: tuple[Panic, ...]
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Panicking:
        return cls(
            goroutine=data.get("goroutine", 0),
            panics=tuple(Panic.from_json(item) for item in _list(data.get("panics"))),
            raw=data,
        )


@dataclass(frozen=True)
class Crash:
    """What a program died of."""

    #: "panic", "fatal_error" or "signal".
    kind: str
    #: In one line: "panic: …", "fatal error: …", or the signal.
    text: str
    #: Another process sent the signal: the program did not crash by itself.
    from_outside: bool
    #: The runtime found that no goroutine can ever run again.
    all_asleep: bool
    #: Id of the goroutine it happened in; None if it was in none.
    goroutine: int | None
    panics: tuple[Panic, ...]
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Crash:
        return cls(
            kind=data.get("kind", ""),
            text=data.get("text", ""),
            from_outside=data.get("from_outside", False),
            all_asleep=data.get("all_asleep", False),
            goroutine=_optional_int(data.get("goroutine")),
            panics=tuple(Panic.from_json(item) for item in _list(data.get("panics"))),
            raw=data,
        )


@dataclass(frozen=True)
class Target:
    """Which program, how and when it was read."""

    executable: str
    go_version: str
    build_id: str
    source: str
    pid: int
    #: What it died of; None if of nothing, as far as is known.
    crash: Crash | None
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Target:
        return cls(
            executable=data.get("path") or "",
            go_version=data.get("go_version") or "",
            build_id=data.get("build_id") or "",
            source=data.get("source") or "",
            pid=data.get("pid") or 0,
            crash=Crash.from_json(data["crash"]) if data.get("crash") else None,
            raw=data,
        )


@dataclass(frozen=True)
class Incomplete:
    """Something that could not be read, and how often."""

    what: str
    count: int
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Incomplete:
        return cls(what=data.get("what", ""), count=data.get("count", 0), raw=data)


@dataclass(frozen=True)
class WayStep:
    """One step of the way from what can still run to what a goroutine waits on."""

    #: "main.registry (global map[string]*main.session)", "*main.session".
    what: str
    #: The word that leads on, as in the source: ".done"; empty if its name is not known.
    field_name: str
    #: Of the object, global or stack slot; 0 for a register.
    address: int
    #: Of the word that leads on; 0 in the last step.
    word: int
    #: Whose stack it is on; None if it is on none.
    goroutine: int | None
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> WayStep:
        return cls(
            what=data.get("what") or "",
            field_name=data.get("field") or "",
            address=_address(data.get("address")),
            word=_address(data.get("word")),
            goroutine=_optional_int(data.get("goroutine")),
            raw=data,
        )


@dataclass(frozen=True)
class Why:
    """What keeps a goroutine from being called leaked."""

    goroutine: int
    #: Why there is no way; empty if there is one.
    answer: str
    #: From what can still run to what it waits on, the shortest way.
    way: tuple[WayStep, ...]

    @classmethod
    def from_json(cls, data: _Json) -> Why:
        return cls(
            goroutine=data.get("goroutine", 0),
            answer=data.get("answer") or "",
            way=tuple(WayStep.from_json(step) for step in _list(data.get("way"))),
        )


@dataclass(frozen=True)
class FailOn:
    """What ``--fail-on`` made of the report."""

    #: This one or a graver one fails.
    verdict: str
    #: Indices into ``groups``.
    groups: tuple[int, ...]
    #: Indices into ``findings``, of those about resources.
    findings: tuple[int, ...]
    #: What could not be read, or not be proved, may hide more.
    incomplete: bool

    @classmethod
    def from_json(cls, data: _Json) -> FailOn:
        return cls(
            verdict=data.get("verdict", ""),
            groups=tuple(_list(data.get("groups"))),
            findings=tuple(_list(data.get("findings"))),
            incomplete=data.get("incomplete", False),
        )


@dataclass(frozen=True)
class Document:
    """The whole report."""

    #: "parked/1".
    version: str
    target: Target
    goroutines: tuple[Goroutine, ...]
    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]
    timers: tuple[Timer, ...]
    panicking: tuple[Panicking, ...]
    #: Only in documents of ``sql --json``.
    sql: tuple[SqlPool, ...]
    #: Only in documents of ``files --json``.
    files: tuple[OpenFile, ...]
    incomplete: tuple[Incomplete, ...]
    #: Only with ``--fail-on``.
    fail_on: FailOn | None
    #: What the program was just changing, and no verdict rests on.
    momentary: tuple[Incomplete, ...]
    raw: _Json = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: _Json) -> Document:
        fail_on = data.get("fail_on")
        return cls(
            version=data.get("schema", ""),
            target=Target.from_json(data.get("target") or {}),
            goroutines=tuple(Goroutine.from_json(item) for item in _list(data.get("goroutines"))),
            groups=tuple(Group.from_json(item) for item in _list(data.get("groups"))),
            findings=tuple(Finding.from_json(item) for item in _list(data.get("findings"))),
            timers=tuple(Timer.from_json(item) for item in _list(data.get("timers"))),
            panicking=tuple(Panicking.from_json(item) for item in _list(data.get("panicking"))),
            sql=tuple(SqlPool.from_json(item) for item in _list(data.get("sql"))),
            files=tuple(OpenFile.from_json(item) for item in _list(data.get("files"))),
            incomplete=tuple(Incomplete.from_json(item) for item in _list(data.get("incomplete"))),
            fail_on=FailOn.from_json(fail_on) if fail_on else None,
            momentary=tuple(Incomplete.from_json(item) for item in _list(data.get("momentary"))),
            raw=data,
        )
