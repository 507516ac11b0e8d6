"""Programs of linux/arm64, read here: cores of qemu's user mode, and of a real arm64 kernel. What
other tests say of cores anywhere is not here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest
from support import arm64_user, go_traceback
from support.building import build_target
from support.commands import parked
from support.elsewhere import counted
from support.matrix import GUEST_RELEASES, Build
from support.running import Core

EVERY = [Build(go, mode, "arm64") for go in GUEST_RELEASES for mode in ("default", "stripped")]
ROWS = {
    "row": {
        "quick": [Build("1.27", "stripped", "arm64")],
        "ci": [
            Build("1.18", "stripped", "arm64"),
            Build("1.27", "stripped", "arm64"),
        ],
        "full": EVERY,
    },
    # Of the releases that can say themselves what is leaked.
    "telling": {
        "quick": [],
        "ci": [Build("1.27", "stripped", "arm64")],
        "full": [Build("1.27", mode, "arm64") for mode in ("default", "stripped")],
    },
    # By a kernel, with a twin of this machine.
    "pair": {
        "quick": [],
        "ci": [Build("1.27", "default", "arm64")],
        "full": EVERY,
    },
}


def here(build: Build) -> Build:
    """The same for this machine."""
    return Build(build.go, build.mode)


def prepares(matrix: str) -> Iterator[tuple[str, Callable[[], object]]]:
    for row in ROWS["row"][matrix]:
        yield str(row), lambda row=row: build_target("zoo", row)
        yield str(here(row)), lambda row=row: build_target("zoo", here(row))


@pytest.fixture(scope="session")
def user_core(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Core]:
    if not arm64_user.available():
        pytest.skip(f"{arm64_user.QEMU} is not installed")

    def make(build: Build, *arguments: str) -> Core:
        folder = tmp_path_factory.mktemp(f"user-{build}")
        return arm64_user.crash(build_target("zoo", build), folder, *arguments)

    return make


def opened(core: Core, *words: str) -> dict:
    shown = parked("core", core.binary, core.core, *words, "--json")
    assert shown.returncode in (0, 1, 3), shown.stderr
    return json.loads(shown.stdout)


def test_every_frame(row: Build, user_core: Callable[..., Core]) -> None:
    core = user_core(row)
    truth = go_traceback.parse(core.output)
    shown = parked("core", core.binary, core.core, "report", "--format=traceback", "--system")
    ours = go_traceback.parse(shown.stdout)
    assert go_traceback.same_frames(truth, ours) > 50, shown.stderr


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
    theirs = opened(kernel_core("zoo", here(row), "still"), "report", "--all")
    says_the_same(opened(user_core(row, "still"), "report", "--all"), theirs)


@pytest.mark.parametrize("target", ["twins", "locks", "contexts"])
def test_it_is_the_same_but_for_addresses(
    target: str, pair: Build, kernel_core: Callable[..., Core]
) -> None:
    ours, theirs = kernel_core(target, pair), kernel_core(target, here(pair))
    one, other = opened(ours, "report", "--all"), opened(theirs, "report", "--all")
    assert one["target"]["arch"] == "arm64"
    assert one["proof"]["state"] == other["proof"]["state"] == "given"
    assert one["incomplete"] == other["incomplete"] == []
    for name in ("goroutines", "groups", "findings"):
        assert counted(one[name]) == counted(other[name]), name
    timers = [[t for t in each["timers"] if t["kind"] != "runtime"] for each in (one, other)]
    assert counted(timers[0]) == counted(timers[1])
    locks = [opened(core, "locks", "--all")["locks"] for core in (ours, theirs)]
    assert counted(locks[0]) == counted(locks[1])


def places(stacks: Iterable[Iterable[str]]) -> Counter[str]:
    """Of each stack the function of the program that the goroutine was started with, without the
    wrapper of its go statement, which Go does not print."""
    return Counter(
        [name for name in stack if name.startswith("main.") and ".gowrap" not in name][-1]
        for stack in stacks
    )


def test_the_proof_is_what_go_itself_finds(
    telling: Build, kernel_core: Callable[..., Core]
) -> None:
    """Its goroutineleak profile, in the guest: of one process, as looking changes what is seen."""
    output = kernel_core("gen", telling, "-n", "400", "-leaked").output
    told = go_traceback.parse(output[: output.index("READY")])
    truth = places(
        [line.split("(")[0] for line in goroutine.lines if not line.startswith("created by")]
        for goroutine in told.values()
        if "(leaked)" in goroutine.state
    )
    document = opened(kernel_core("gen", telling, "-n", "400"), "report", "--all")
    ours = places(
        [frame["func"] for frame in goroutine["frames"]]
        for goroutine in document["goroutines"]
        if goroutine["verdict"] == "PROVED"
    )
    # A lock lies in one block of 16 bytes with another value, which somebody may still have.
    assert min(found.pop("main.locker") for found in (ours, truth)) >= 40
    assert ours == truth
    assert sum(ours.values()) == 300
