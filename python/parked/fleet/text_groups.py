"""Groups and findings of texts and profiles of Go's, which know no objects and prove nothing.

Goroutines with the same stack, creator and reason are a group, as in a report. What a text can say
of them is LeakProf's: many at one place are suspect. The one exception is Go's own leak detection
(the goroutineleak profile, Go 1.26 and later): what it calls leaked is PROVED, and the finding
names the source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .go_names import fingerprint, group_fingerprint, package_of, stable_function
from .places import Frame, user_frame
from .rows import Reading, text
from .schema import Finding, Group
from .traceback import Dump, Goroutine
from .waits import CHANNEL_WAITS, state_of, wait_kind

#: LeakProf's: goroutines blocked on a channel at one place of one process.
THRESHOLD = 10_000
#: Functions of the runtime that goroutines of users begin in (isSystemGoroutine).
_USERS_STARTS = ("runtime.main", "runtime.corostart", "runtime.handleAsyncEvent")
LEAKPROF = "leakprof"
GOROUTINELEAK = "goroutineleak"


@dataclass(frozen=True)
class Judge:
    """How texts are judged."""

    #: So many goroutines of a target blocked on channels at one place are SUSPECT.
    threshold: int = THRESHOLD
    #: Import paths of the program's modules; empty: not known.
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stuck:
    """What goroutines of a group have in common."""

    frames: tuple[Frame, ...]
    creator: Frame | None
    #: The runtime's wait reason or state; None: not told.
    reason: str | None
    leaked: bool = False


def _row(stuck: Stuck, goroutines: int, minutes: int, judge: Judge) -> tuple[Group, str]:
    """The row, and how they wait in the words of fingerprints; empty: not told."""
    user = user_frame(stuck.frames, judge.modules) or stuck.creator
    functions = [frame.function for frame in stuck.frames]
    wait = wait_kind(stuck.reason, functions) if stuck.reason else ""
    creator = stuck.creator.function if stuck.creator else ""
    function = user.function if user else ""
    state = state_of(stuck.reason) if stuck.reason else None
    return Group(
        target="",
        fingerprint=group_fingerprint(creator, function, wait),
        verdict="PROVED" if stuck.leaked else None,
        state=state,
        reason=text(stuck.reason) if state == "blocked" else None,
        function=text(function) or None,
        file=text(user.file) if user else None,
        line=user.line if user else None,
        created_by=text(creator) or None,
        count=goroutines,
        oldest_seconds=minutes * 60.0 or None,
        package=text(package_of(function)) or None,
    ), wait


def _finding(rule: str, group: Group, wait: str, goroutines: int, sentence: str) -> Finding:
    titles = {
        LEAKPROF: ("many goroutines blocked at one place", "SUSPECT"),
        GOROUTINELEAK: ("leaked, by Go's own detection", "PROVED"),
    }
    title, verdict = titles[rule]
    return Finding(
        target="",
        fingerprint=fingerprint(
            rule,
            stable_function(group.created_by or ""),
            stable_function(group.function or ""),
            wait,
        ),
        rule=rule,
        verdict=verdict,
        title=title,
        sentence=sentence,
        function=group.function,
        file=group.file,
        line=group.line,
        count=goroutines,
        group_fingerprint=group.fingerprint,
    )


def groups_of(stuck: Iterable[tuple[Stuck, int, int]], judge: Judge, source: str) -> Reading:
    """Of what is stuck, how many and for how many minutes at least. ``source`` says whose word a
    leak is: "the goroutineleak profile"."""
    reading = Reading(kind="")
    at_place: Counter[tuple[str, str | None, int | None]] = Counter()
    rows = []
    for each, goroutines, minutes in stuck:
        group, wait = _row(each, goroutines, minutes, judge)
        rows.append((group, wait))
        if wait in CHANNEL_WAITS:
            at_place[wait, group.file, group.line] += goroutines
    for group, wait in rows:
        here = at_place[wait, group.file, group.line] if wait in CHANNEL_WAITS else 0
        if group.verdict == "PROVED":
            them = "1 goroutine" if group.count == 1 else f"{group.count:,} goroutines"
            sentence = f"{source} says of {them} that nothing can wake them any more"
            reading.findings.append(_finding(GOROUTINELEAK, group, wait, group.count, sentence))
        elif here >= judge.threshold:
            group = replace(group, verdict="SUSPECT")
            sentence = (
                f"{here:,} goroutines are blocked at this place"
                f" ({group.reason}), {judge.threshold:,} or more are suspect"
            )
            reading.findings.append(_finding(LEAKPROF, group, wait, group.count, sentence))
        reading.groups.append(group)
    reading.groups.sort(key=lambda group: -group.count)
    _count(reading)
    return reading


def _count(reading: Reading) -> None:
    """How many goroutines have which verdict."""
    verdicts: Counter[str | None] = Counter()
    for group in reading.groups:
        verdicts[group.verdict] += group.count
    reading.target["goroutines"] = verdicts.total()
    reading.target["proved"] = verdicts["PROVED"] or None
    reading.target["suspect"] = verdicts["SUSPECT"]


def _is_system(goroutine: Goroutine) -> bool:
    """The runtime's own, which are printed with GOTRACEBACK=system."""
    if not goroutine.frames or goroutine.id == 1:
        return False
    start = goroutine.frames[-1].function
    return start.startswith("runtime.") and start not in _USERS_STARTS


def groups_of_dump(dump: Dump, judge: Judge, leaks_are_gos: bool) -> Reading:
    """``leaks_are_gos``: it is a dump of Go's, and not found in a log that anybody writes to."""
    counts: Counter[Stuck] = Counter()
    minutes: dict[Stuck, int] = {}
    for goroutine in dump.goroutines.values():
        if _is_system(goroutine):
            continue
        stuck = Stuck(
            tuple(goroutine.frames),
            goroutine.creator,
            goroutine.reason,
            goroutine.leaked and leaks_are_gos,
        )
        counts[stuck] += 1
        minutes[stuck] = max(minutes.get(stuck, 0), goroutine.minutes)
    reading = groups_of(
        ((stuck, number, minutes[stuck]) for stuck, number in counts.items()),
        judge,
        "the dump of the goroutineleak profile (debug=2)",
    )
    reading.missing += dump.missing
    return reading
