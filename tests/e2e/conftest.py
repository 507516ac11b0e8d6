"""Builds Go targets, runs them until they say READY, and takes cores of them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from matrix import BUILD_FLAGS, RELEASES, Build, builds, samples, twins

ROOT = Path(__file__).resolve().parents[2]
BUILD_DIR = Path(os.environ.get("PARKED_BUILD", ROOT / "build"))
PARKED = Path(os.environ.get("PARKED", BUILD_DIR / "cli/parked"))
SCHEMA = json.loads((ROOT / "docs/schema/parked-1.schema.json").read_text())
# Of the documents that --json writes, and of the lines of --jsonl.
VALIDATOR = Draft202012Validator(SCHEMA)
LINE_VALIDATOR = Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
CACHE = Path(os.environ.get("PARKED_TEST_CACHE", Path.home() / ".cache/parked-tests"))
GDB_SCRIPT = BUILD_DIR / "gdb/parked-gdb.py"
LLDB_PLUGIN = BUILD_DIR / "lldb_plugin/libparked_lldb.so"
# How many targets this process has built; tests/e2e/targets.py builds them before the tests start.
BUILT = 0
# Targets that are never at rest: it is of no use to wait for that.
RESTLESS = {"abandon", "busy", "churn", "healthy", "load"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The parameters that any test may have, and those that a file has for itself:
    ROWS = {"go": {"quick": ["1.27"], "ci": …, "full": …}}."""
    matrix = metafunc.config.getoption("--matrix")
    for name, by_matrix in getattr(metafunc.module, "ROWS", {}).items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, by_matrix[matrix], ids=str)
    for name, rows_of in (("build", builds), ("sample", samples), ("twin", twins)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, rows_of(matrix), ids=str, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several processes share the work (pytest -n --dist loadgroup): what is of one build, or else
    of one file and one of its rows, is done by one of them, so that no core is made twice."""
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue
        params = item.callspec.params if hasattr(item, "callspec") else {}
        group = next((str(v) for v in params.values() if isinstance(v, Build)), "")
        if not group:
            names = ("go", "scene", "evil", "kind")
            group = "-".join([item.path.stem, *(str(params[n]) for n in names if n in params)])
        item.add_marker(pytest.mark.xdist_group(group))


@dataclass
class Core:
    binary: Path
    core: Path
    output: str  # what the target printed, for a kernel core with the runtime's own traceback


def tree_hash(*folders: Path) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def modules_of(target: Path) -> list[Path]:
    """The folder of a target, and those that its go.mod takes other modules from."""
    replaced = re.findall(r"=> (\.\./\S+)$", (target / "go.mod").read_text(), re.MULTILINE)
    return [target, *((target / name).resolve() for name in replaced)]


@contextlib.contextmanager
def only_one(name: str) -> Iterator[None]:
    """Of the processes that share the cache, one at a time makes what has this name."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def go_environment(go: str) -> dict[str, str]:
    return {**os.environ, "GOTOOLCHAIN": RELEASES[go], "GOFLAGS": "-buildvcs=false"}


def build_target(name: str, build: Build, experiment: str = "") -> Path:
    """The binary of tests/targets/<name>, built once per content, release and mode."""
    source = ROOT / "tests/targets" / name
    toolchain = RELEASES[build.go] + (f"-{experiment}" if experiment else "")
    folder = CACHE / f"{name}-{build}-{toolchain}-{tree_hash(*modules_of(source))}"
    binary = folder / name
    with only_one(folder.name):
        if not binary.exists():
            folder.mkdir(parents=True, exist_ok=True)
            compile_target(source, build, experiment, folder / f"{name}.partial").rename(binary)
    return binary


def compile_target(source: Path, build: Build, experiment: str, to: Path) -> Path:
    global BUILT
    BUILT += 1
    subprocess.run(
        ["go", "build", *BUILD_FLAGS[build.mode], "-o", to, "."],
        cwd=source,
        env={
            **go_environment(build.go),
            "CGO_ENABLED": "1" if build.cgo else "0",
            "GOEXPERIMENT": experiment,
        },
        check=True,
    )
    if build.mode == "strip":
        subprocess.run(["strip", to], check=True)
    return to


class Running:
    """A target that has said READY. Ends with the `with` block."""

    def __init__(self, binary: Path, folder: Path, *arguments: str) -> None:
        self.binary = binary
        self.folder = folder
        self.log = folder / "output"
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [binary, *arguments],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "GOTRACEBACK": "crash"},
            )

    def __enter__(self) -> Running:
        deadline = time.monotonic() + 60
        while "READY" not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(
                    f"{self.binary} did not get ready:\n{self.log.read_text()[-2000:]}"
                )
            time.sleep(0.05)
        self.settle()
        return self

    def settle(self) -> None:
        """Lets the last goroutines park and the sweeper end, also on a loaded machine.

        A thread that runs may hold anything, so what it happens to have on its stack is not proved.
        """
        asleep = 0
        deadline = time.monotonic() + (0.3 if self.binary.name in RESTLESS else 3)
        while asleep < 10 and time.monotonic() < deadline:
            time.sleep(0.03)
            try:
                threads = Path(f"/proc/{self.pid}/task").glob("*/stat")
                states = {stat.read_text().rpartition(")")[2].split()[0] for stat in threads}
            except OSError:  # a thread, or all of them, ended just now
                states = set()
            asleep = asleep + 1 if states == {"S"} else 0

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def pid(self) -> int:
        return self.process.pid

    def abort(self) -> Core:
        """A kernel core, with the traceback Go prints for the same instant."""
        self.process.send_signal(signal.SIGABRT)
        self.process.wait(timeout=60)
        cores = list(self.folder.glob("core*"))
        assert cores, "the kernel wrote no core here"
        return Core(self.binary, cores[0], self.log.read_text())

    def gcore(self) -> Core:
        subprocess.run(
            ["gcore", "-o", self.folder / "gcore", str(self.pid)], check=True, capture_output=True
        )
        return Core(self.binary, self.folder / f"gcore.{self.pid}", self.log.read_text())


def kernel_writes_cores_here() -> bool:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    return not pattern.startswith("|") and "/" not in pattern


def need_kernel_cores() -> None:
    """Skips what needs them where there are none; on a CI machine nearly all would be skipped."""
    if kernel_writes_cores_here():
        return
    why = "core_pattern sends cores elsewhere; `sysctl kernel.core_pattern=core`"
    if os.environ.get("CI", "") not in ("", "0", "false"):
        pytest.fail(f"{why} (on CI this is no reason to skip a test)", pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def kernel_core(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Core]]:
    """kernel_core("zoo", build): a core by SIGABRT, made once a session."""
    made: dict[tuple[str, ...], Core] = {}

    def make(name: str, build: Build, *arguments: str) -> Core:
        need_kernel_cores()
        key = (name, str(build), *arguments)
        if key not in made:
            folder = tmp_path_factory.mktemp(f"{name}-{build}")
            with Running(build_target(name, build), folder, *arguments) as running:
                made[key] = running.abort()
        return made[key]

    yield make
    for core in made.values():
        core.core.unlink(missing_ok=True)


@pytest.fixture
def running(tmp_path: Path) -> Callable[..., Running]:
    """with running("zoo", build) as target: …"""
    return lambda name, build, *arguments: Running(build_target(name, build), tmp_path, *arguments)


def run(
    *command: object, timeout: float = 120, **options: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        **options,  # type: ignore[call-overload]
    )


def parked(*words: object) -> subprocess.CompletedProcess[str]:
    return run(PARKED, *words)


def run_script(script: str, *words: object) -> str:
    """What a Python script prints that uses the parked package."""
    done = subprocess.run(
        [sys.executable, "-c", script, *(str(word) for word in words)],
        env={"PYTHONPATH": str(BUILD_DIR / "python")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(*words: object) -> subprocess.Popen[str]:
    """parked, while it works."""
    return subprocess.Popen(
        [str(word) for word in (PARKED, *words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def strip(binary: Path, folder: Path) -> Path:
    """A copy without symbols and DWARF; code, data and Go's build id stay."""
    folder.mkdir(exist_ok=True)
    copy = folder / binary.name
    subprocess.run(["strip", "-o", copy, binary], check=True)
    return copy


def truth_of(output: str) -> dict[str, Any]:
    """What a target printed of itself: the line that is JSON."""
    return json.loads(next(line for line in output.splitlines() if line.startswith("{")))


def document_in(text: str) -> dict[str, Any]:
    """The JSON document in what a debugger printed, whatever it says around it."""
    document, _ = json.JSONDecoder().raw_decode(text[text.index('{"schema"') :])
    return document


def gdb(*commands: str, arguments: tuple[object, ...] = ()) -> subprocess.CompletedProcess[str]:
    words: list[object] = ["gdb", "-batch", "-nx", "-ex", f"source {GDB_SCRIPT}"]
    for command in commands:
        words += ["-ex", command]
    return run(*words, *arguments)


def lldb(*commands: str, arguments: tuple[object, ...] = ()) -> subprocess.CompletedProcess[str]:
    words: list[object] = [shutil.which("lldb-19") or "lldb", "-b", "-x"]
    for command in (f"plugin load {LLDB_PLUGIN}", *commands):
        words += ["-o", command]
    return run(*words, *arguments)
