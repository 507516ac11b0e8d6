"""What a leak's history says: new, known, fixed or come back.

Builds are walked in their order. That a leak is gone is said only when so many hosts of later
builds were looked at without it that they would not all be clean by chance, were it still there as
often as before; a target that failed, or of which not everything was read, is no host without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from .fisher import least_share

#: One-sided, of the normal distribution: 99 % are above.
SURE = 2.326


class State(str, Enum):
    """What a leak is, in the window of a report."""

    NEW = "new"
    CAME_BACK = "came back"
    KNOWN = "known"
    FIXED = "fixed"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Rule:
    """When enough was looked at to call a leak fixed."""

    #: How likely so many hosts may be clean by chance at most.
    chance: float = 0.001
    #: As many hosts at least, however frequent the leak was.
    least: int = 3
    #: So many, whatever the chance is; none: as many as `chance` asks for.
    hosts: int | None = None

    def needed(self, leaking: int, of: int) -> int | None:
        """How many hosts without the leak it takes, when ``leaking`` ``of`` so many had it.

        How frequent it is is taken for no more than what 99 % are above. The host that brought it
        to notice does not count, as without it nobody would ask. None: no number is enough, as it
        was seen once, or never where everything could be read.
        """
        if self.hosts is not None:
            return self.hosts
        if leaking < 2:
            return None
        share = least_share(leaking - 1, of - 1, SURE)
        if share >= 1:
            return self.least
        return max(self.least, math.ceil(math.log(self.chance) / math.log(1 - share)))


@dataclass(frozen=True)
class Look:
    """A build of the leak's program, and who had the leak there."""

    build: str
    #: When the build began to be looked at.
    begins: datetime
    #: Hosts that could have told of the leak: nothing of them failed or was not read, it was proved
    #: on them if it is a proved leak, they had run for long enough, and are in one of its zones
    #: and of one of its architectures.
    hosts: int
    #: Those of them that had it.
    leaking: int
    #: Targets that had it, whatever else of them could not be read.
    seen: int
    #: When it was first seen in this build.
    first: datetime | None = None


@dataclass(frozen=True)
class Past:
    """How a leak came and went."""

    state: State
    first_build: str
    last_build: str
    first_seen: datetime
    #: Build in which it was there again, after it was gone; None: it never was gone.
    back_in: str | None = None
    #: First build without it, when it is fixed.
    fixed_in: str | None = None
    #: Hosts of the builds behind the last one with it that could have told of it.
    clean_hosts: int = 0
    #: How many of them it takes to call it fixed; None: no number is enough.
    needed_hosts: int | None = None
    #: Why it is called what it is, where that is not plain.
    note: str = ""


class _Walk:
    """Goes through the builds of one leak."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.run: list[Look] = []  # builds with the leak since it was last gone
        self.gap: list[Look] = []  # builds without it behind those
        self.back: Look | None = None

    @property
    def clean(self) -> int:
        return sum(look.hosts for look in self.gap)

    @property
    def needed(self) -> int | None:
        """By how frequent it was in the run, with clean builds in between that do not suffice."""
        return self.rule.needed(
            sum(look.leaking for look in self.run), sum(look.hosts for look in self.run)
        )

    @property
    def gone(self) -> bool:
        return bool(self.gap) and self.needed is not None and self.clean >= self.needed

    def step(self, look: Look) -> None:
        if not look.seen:
            if self.run:
                self.gap.append(look)
            return
        if self.gone:
            self.back = look
            self.run = []
        else:
            self.run += self.gap
        self.gap = []
        self.run.append(look)


def _note(walk: _Walk, state: State) -> str:
    if state is State.FIXED:
        return (
            f"{walk.clean} hosts of later builds looked at, none has it ({walk.needed} are enough)"
        )
    if not walk.gap:
        return ""
    if walk.needed is None:
        once = any(look.leaking for look in walk.run)
        why = "it was seen once" if once else "seen only where not everything could be read"
        return f"not seen lately: {why}"
    return f"not seen lately: too few targets ({walk.clean} hosts, {walk.needed} are enough)"


def past_of(
    looks: Sequence[Look],
    since: datetime,
    rule: Rule,
    listed: bool = False,
    unplaced: datetime | None = None,
) -> Past:
    """What became of a leak, of which ``looks`` has every build of its program in their order.

    ``since`` begins the window of the report. ``listed``: an allow-list has it, so that it is never
    new. ``unplaced``: when it was last seen in a target whose build is not known. ``ValueError`` if
    it was seen in no build.
    """
    walk = _Walk(rule)
    for look in looks:
        walk.step(look)
    seen = [look for look in looks if look.seen]
    if not seen:
        raise ValueError("a leak that was never seen has no past")
    # A clock that is late does not make a leak older than the build it is in.
    first_seen = min(max(look.first or look.begins, look.begins) for look in seen)
    back = walk.back
    still = walk.gone and unplaced is not None and unplaced >= walk.gap[0].begins
    if walk.gone and not still:
        state = State.FIXED
    elif back is not None and max(back.first or back.begins, back.begins) >= since:
        state = State.KNOWN if listed else State.CAME_BACK
    elif first_seen >= since and not listed:
        state = State.NEW
    else:
        state = State.KNOWN
    return Past(
        state=state,
        first_build=seen[0].build,
        last_build=seen[-1].build,
        first_seen=first_seen,
        back_in=back.build if back else None,
        fixed_in=walk.gap[0].build if state is State.FIXED else None,
        clean_hosts=walk.clean,
        needed_hosts=walk.needed if walk.gap else None,
        note="seen since in a target whose build is not known" if still else _note(walk, state),
    )
