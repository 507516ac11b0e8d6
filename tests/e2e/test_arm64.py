"""Programs of linux/arm64, read here: cores of qemu's user mode, and of a real arm64 kernel."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import arm64_guest, arm64_user, go_traceback
from support.building import build_target
from support.commands import parked
from support.matrix import Build
from support.running import Core

RELEASES = ("1.18", "1.21", "1.24", "1.26", "1.27")
EVERY = [Build(go, mode) for go in RELEASES for mode in ("default", "stripped")]
ROWS = {
    "row": {
        "quick": [Build("1.27", "stripped")],
        "ci": [Build("1.18", "default"), Build("1.18", "stripped"), Build("1.27", "stripped")],
        "full": EVERY,
    },
    # A guest costs minutes where there is no hardware to help.
    "guest": {"quick": [], "ci": [], "full": EVERY},
}


def program(build: Build) -> Path:
    return build_target("zoo", build, architecture="arm64")


def prepares(matrix: str) -> Iterator[tuple[str, Callable[[], object]]]:
    for row in {*ROWS["row"][matrix], *ROWS["guest"][matrix]}:
        yield f"{row}-arm64", lambda row=row: program(row)
        yield str(row), lambda row=row: build_target("zoo", row)


@pytest.fixture(scope="session")
def user_core(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Core]:
    if not arm64_user.available():
        pytest.skip(f"{arm64_user.QEMU} is not installed")

    def make(build: Build, *arguments: str) -> Core:
        folder = tmp_path_factory.mktemp(f"arm64-{build}")
        return arm64_user.crash(program(build), folder, *arguments)

    return make


@pytest.fixture(scope="session")
def guest_core(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Build], Core]:
    """All rows in one guest."""
    if not arm64_guest.available():
        pytest.skip(f"{arm64_guest.QEMU} is not installed")
    made: dict[Build, Core] = {}

    def make(build: Build) -> Core:
        if not made:
            programs = [arm64_guest.Program(program(row)) for row in EVERY]
            crashed = arm64_guest.crash_all(programs, tmp_path_factory.mktemp("arm64-guest"))
            for row, one in zip(EVERY, crashed, strict=True):
                made[row] = Core(one.binary, one.core, one.output)
        return made[build]

    return make


def opened(core: Core, *words: str) -> dict:
    shown = parked("core", core.binary, core.core, *words, "--json")
    assert shown.returncode in (0, 1, 3), shown.stderr
    return json.loads(shown.stdout)


def frames_are_those_of_go(core: Core) -> None:
    truth = go_traceback.parse(core.output)
    shown = parked("core", core.binary, core.core, "report", "--format=traceback", "--system")
    ours = go_traceback.parse(shown.stdout)
    assert go_traceback.same_frames(truth, ours) > 50, shown.stderr


def test_every_frame(row: Build, user_core: Callable[..., Core]) -> None:
    frames_are_those_of_go(user_core(row))


def verdicts(document: dict) -> Counter[tuple[str, ...]]:
    """How many goroutines at the same place have the same verdict and reason."""
    found: Counter[tuple[str, ...]] = Counter()
    for g in document["goroutines"]:
        functions = [frame["func"] for frame in g["frames"]]
        own = [name for name in functions if name.startswith("main.")]
        # How deep in the runtime somebody is who runs differs from moment to moment.
        place = own if g["verdict"] == "RUNNING" else functions
        if own:
            found[(g["verdict"], g["reason"], *place)] += 1
    return found


def says_the_same(ours: dict, theirs: dict) -> None:
    assert ours["target"]["arch"] == "arm64"
    assert ours["proof"]["state"] == theirs["proof"]["state"] == "given"
    assert verdicts(ours) == verdicts(theirs)
    assert any(verdict == "PROVED" for verdict, *_ in verdicts(ours))


def test_the_report_is_that_of_the_same_program_elsewhere(
    row: Build, user_core: Callable[..., Core], kernel_core: Callable[..., Core]
) -> None:
    # Whoever runs might have a pointer in the vector registers, which qemu does not tell of.
    theirs = opened(kernel_core("zoo", row, "still"), "report", "--all")
    says_the_same(opened(user_core(row, "still"), "report", "--all"), theirs)


def test_every_frame_in_the_core_of_a_kernel(
    guest: Build, guest_core: Callable[[Build], Core]
) -> None:
    frames_are_those_of_go(guest_core(guest))


def test_the_report_of_the_core_of_a_kernel(
    guest: Build, guest_core: Callable[[Build], Core], kernel_core: Callable[..., Core]
) -> None:
    theirs = opened(kernel_core("zoo", guest), "report", "--all")
    says_the_same(opened(guest_core(guest), "report", "--all"), theirs)
