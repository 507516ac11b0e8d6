"""Without DWARF and symbols the report is the same: one core, two copies of its binary."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import build_target, strip
from support.commands import parked, run, truth_of
from support.compare import differences
from support.matrix import RELEASES, Build, guests, used_lists
from support.running import Core, Running

LAYOUTS = "layouts"  # where they came from: that is allowed to differ
COMMANDS = [
    ("report", "--all"),
    ("goroutines", "--all"),
    ("channels",),
    ("timers",),
    ("locks",),
    ("http",),
    ("sql",),
    ("files",),
    ("contexts",),
]
TARGETS = ["zoo", "twins", "locks", "pool"]
ROWS = {
    "guest_twin": {
        "quick": [],
        "ci": [Build("1.27", "default", "arm64")],
        "full": [build for build in guests("full") if build.symbols],
    },
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "used" in metafunc.fixturenames:
        rows = used_lists(metafunc.config.getoption("--matrix"))
        metafunc.parametrize("used", rows, ids=str)


def document(binary: Path, core: Path, *command: str) -> dict:
    shown = parked("core", binary, core, *command, "--json")
    assert shown.returncode == 0, (command, shown.stderr or shown.stdout[-2000:])
    return json.loads(shown.stdout)


def without_instances(shown: object) -> None:
    """Of which types a generic function is, only the names of its dictionaries tell."""
    if isinstance(shown, dict):
        shown.pop("instance", None)
        shown = list(shown.values())
    if isinstance(shown, list):
        for each in shown:
            without_instances(each)


def without_names(shown: dict) -> dict:
    """Up to 1.20 only the names of two variables tell the one root of contexts from the other."""
    for context in shown.get("contexts", []):
        if context["context_type"] in ("context.Background", "context.TODO"):
            context["context_type"] = "context.Background or TODO"
    without_instances(shown)
    # Ways start at variables, whose names and types only symbols and DWARF tell.
    for pool in shown.get("sql", []):
        for connection in pool["connections"]:
            connection["held_by"] = connection["held_by"] is not None
    for timer in shown.get("timers", []):
        if re.fullmatch(r"\S+ \(global\)|a global at 0x[0-9a-f]+", timer["held_by"] or ""):
            timer["held_by"] = "a global"
    for group in shown.get("groups", []):
        if group["kept_by"]:
            group["kept_by"] = {name: group["kept_by"][name] for name in ("goroutines", "of")}
    return shown


def same(binary: Path, stripped: Path, core: Path) -> None:
    for command in COMMANDS:
        whole = without_names(document(binary, core, *command))
        reduced = without_names(document(stripped, core, *command))
        assert whole["target"].pop(LAYOUTS) == "DWARF"
        assert reduced["target"].pop(LAYOUTS) != "DWARF"
        whole["target"].pop("path")
        reduced["target"].pop("path")
        assert [*differences(reduced, whole)] == [], command


@pytest.mark.parametrize("target", TARGETS)
def test_twin(target: str, twin: Build, kernel_core: Callable[..., Core], tmp_path: Path) -> None:
    core = kernel_core(target, twin)
    same(core.binary, strip(core.binary, tmp_path), core.core)


@pytest.mark.parametrize("target", ["zoo", "twins", "locks"])
def test_twin_of_a_guest(
    target: str, guest_twin: Build, kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    core = kernel_core(target, guest_twin)
    same(core.binary, strip(core.binary, tmp_path), core.core)


def descriptors_at_once(binary: Path) -> int:
    """How many the runtime makes whenever it has none left (pollCache.alloc)."""
    size = "print sizeof('runtime.pollDesc')"
    shown = run("gdb", "-batch", "-nx", "-ex", "set language c", "-ex", size, binary)
    return 4096 // int(shown.stdout.rpartition("=")[2])


def without_symbols(binary: Path, folder: Path) -> Path:
    """A copy that has DWARF, but no symbol table."""
    folder.mkdir(exist_ok=True)
    copy = folder / binary.name
    keep = ("--keep-section=.debug*", "--keep-section=.zdebug*")
    assert run("objcopy", "--strip-all", *keep, binary, copy).returncode == 0
    return copy


@pytest.mark.parametrize("kind", ["drained", "blocked"])
def test_lists_in_use(kind: str, used: Build, tmp_path: Path) -> None:
    """The runtime's variables are told by what they lead to: also when that is a lot. Live, then of
    its core."""
    binary = build_target("fulllists", used)
    stripped = strip(binary, tmp_path / "stripped")
    with Running(stripped, tmp_path, kind, str(descriptors_at_once(binary))) as target:
        alone, helped = (
            json.loads(parked(*way, target.pid, "report", "--all", "--json").stdout)
            for way in ((), ("--exe", binary))
        )
        core = target.abort()
    truth = truth_of(core.output)
    assert alone["proof"]["state"] == helped["proof"]["state"] == "given"
    assert verdicts(alone) == verdicts(helped)
    same(binary, stripped, core.core)
    symbols = without_symbols(binary, tmp_path / "symbols")
    assert document(symbols, core.core, "report")["proof"]["state"] == "given"
    core.core.unlink()
    assert verdicts_in(alone, "main.leaked") == ["PROVED"] * truth["leaked"]
    found = finalizer_findings(alone)
    assert found == finalizer_findings(helped)
    blocked = [("finalizer", truth["finalizers"]), ("cleanup", truth["cleanups"])]
    assert [f["verdict"] for f in found] == ["PROVED" for _, queued in blocked if queued]
    for finding, (noun, queued) in zip(found, blocked, strict=False):
        assert f"a {noun} can never return: no other {noun} runs any more" in finding["sentence"]
        assert finding["sentence"].endswith(f", {queued} are queued")


def test_finalizers_behind_one_that_may_return(used: Build, tmp_path: Path) -> None:
    """What they lead to is not unreachable."""
    binary = build_target("fulllists", used)
    words = ("waiting", str(descriptors_at_once(binary)))
    with Running(strip(binary, tmp_path / "stripped"), tmp_path, *words) as target:
        report = json.loads(parked(target.pid, "report", "--all", "--json").stdout)
        soon = json.loads(
            parked(target.pid, "report", "--suspect-age", "1ns", "--all", "--json").stdout
        )
    assert report["proof"]["state"] == "given"
    assert verdicts_in(report, "main.behind") == ["WAITING"]
    assert verdicts_in(report, "main.waitingFinalizer") == ["WAITING"]
    # Of the two, those of cleanups are blocked for ever.
    assert all("cleanup" in f["sentence"] for f in finalizer_findings(report))
    finding = finalizer_findings(soon)[0]
    assert finding["verdict"] == "SUSPECT"
    assert re.match(r"a finalizer has not returned for at least .*: no other", finding["sentence"])


def verdicts_in(report: dict, function: str) -> list[str]:
    """Of goroutines with a frame whose function begins so."""
    return [
        goroutine["verdict"]
        for goroutine in report["goroutines"]
        if any(frame["func"].startswith(function) for frame in goroutine["frames"])
    ]


def finalizer_findings(report: dict) -> list[dict]:
    return [finding for finding in report["findings"] if finding["rule"] == "PK093"]


def verdicts(report: dict) -> dict:
    return {g["id"]: (g["verdict"], g["status"]) for g in report["goroutines"]}


def test_a_stripped_process_with_its_unstripped_binary(tmp_path: Path) -> None:
    """The other way round, alive: the process runs the copy, --exe names the original."""
    original = build_target("twins", Build("1.27", "default"))
    copy = strip(original, tmp_path / "copy")
    with Running(copy, tmp_path) as target:
        alone = json.loads(parked(target.pid, "report", "--json").stdout)
        helped = json.loads(parked(target.pid, "--exe", original, "report", "--json").stdout)
    assert alone["target"]["layouts"] != "DWARF"
    assert helped["target"]["layouts"] == "DWARF"
    assert verdicts(alone) == verdicts(helped)
    assert "PROVED" in {verdict for verdict, _ in verdicts(alone).values()}


@pytest.mark.parametrize("go", ["1.22", "1.27"])
def test_the_header_says_where_layouts_came_from(
    go: str, kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    core = kernel_core("twins", Build(go, "default"))
    stripped = strip(core.binary, tmp_path)
    info = parked("core", stripped, core.core, "info").stdout
    layouts = next(line for line in info.splitlines() if line.startswith("layouts"))
    assert RELEASES[go] in layouts
    report = parked("core", stripped, core.core, "report").stdout
    assert "PROVED" in report


def patched(binary: Path, folder: Path, changes: list[tuple[bytes, bytes]]) -> Path:
    folder.mkdir(exist_ok=True)
    content = binary.read_bytes()
    for old, new in changes:
        assert len(old) == len(new)
        assert old in content, old
        content = content.replace(old, new)
    copy = folder / binary.name
    copy.write_bytes(content)
    copy.chmod(0o755)
    return copy


def test_renamed_functions(tmp_path: Path) -> None:
    """An obfuscated program: the names of the runtime's functions are nonsense, DWARF is gone."""
    binary = strip(build_target("twins", Build("1.27", "default")), tmp_path / "stripped")
    renamed = patched(
        binary,
        tmp_path / "renamed",
        [
            (f"\0runtime.{name}\0".encode(), b"\0" + b"x" * len(f"runtime.{name}") + b"\0")
            for name in ("semrelease1", "queuefinalizer", "allgadd", "mallocinit", "mcommoninit")
        ],
    )
    with Running(renamed, tmp_path) as target:
        core = target.abort()
    report = parked("core", renamed, core.core, "report", "--json")
    shown = parked("--color", "always", "core", renamed, core.core, "report", "--fail-on", "proved")
    core.core.unlink()
    # It does not look like health.
    assert shown.returncode == 3
    assert "\x1b[1;31mnothing could be PROVED: WAITING is no clean bill here" in shown.stdout
    # The goroutines are told; that something was not found is, too; and so nothing is proved.
    document = json.loads(report.stdout)
    assert len(document["goroutines"]) > 20
    assert not [g for g in document["goroutines"] if g["verdict"] == "PROVED"]
    assert document["proof"]["state"] != "given"
    assert "finalizers was not found" in json.dumps(document["proof"])


def test_no_build_info(tmp_path: Path) -> None:
    binary = strip(build_target("twins", Build("1.27", "default")), tmp_path / "stripped")
    wiped = patched(binary, tmp_path / "wiped", [(b"\xff Go buildinf:", b"\0" * 14)])
    with Running(wiped, tmp_path) as target:
        refused = parked(target.pid, "report")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert len(refused.stderr.strip().splitlines()) == 1
    assert re.search("Go", refused.stderr)


def test_unknown_pclntab(tmp_path: Path) -> None:
    """garble writes another magic number in front of the function table."""
    binary = strip(build_target("twins", Build("1.27", "default")), tmp_path / "stripped")
    header = b"\xf1\xff\xff\xff\0\0\x01\x08"
    with Running(binary, tmp_path) as target:
        core = target.abort()
    copy = patched(binary, tmp_path / "other", [(header, b"\xe3\xd2\xc1\xb0" + header[4:])])
    refused = parked("core", copy, core.core, "report")
    core.core.unlink()
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "function table" in refused.stderr or "pclntab" in refused.stderr
