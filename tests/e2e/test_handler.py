"""`parked handler`: what is kept of a process that dies, as the kernel's core comes in.

core_pattern is the machine's, and stays as it is: fuse takes the place of its pipe."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked, run
from support.fuse_core import FuseCore
from support.matrix import Build
from support.paths import PARKED
from support.running import Core, need_kernel_cores, wait_until_asleep

BUILD = Build("1.27", "default")
TIME = 1_796_075_105
STAMP = "20261130T214505Z"
PID, SIGNAL = 4_111_222, 6  # nobody has that id
ENDINGS = {"core", "report.json", "report.txt"}
OWN = re.compile(r"handler\.log(\.1)?|\.log|\.at-work-\d+")


class Handler:
    """parked handler with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def words(self, *options: object, pid: int = PID, name: str = "twins") -> list[str]:
        words = [PARKED, "handler", "--dir", self.folder, *options, pid, SIGNAL, TIME, name]
        return [str(word) for word in words]

    def start(self, *options: object, **crash: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.words(*options, **crash),  # type: ignore[arg-type]
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(
        self, core: Path | bytes, *options: object, **crash: object
    ) -> subprocess.CompletedProcess[bytes]:
        data = core if isinstance(core, bytes) else core.read_bytes()
        words = self.words(*options, **crash)  # type: ignore[arg-type]
        done = subprocess.run(words, input=data, capture_output=True, timeout=120)
        assert done.stdout == b""
        return done

    def kept(self, pid: int = PID, name: str = "twins") -> dict[str, Path]:
        """Files by their endings; beside them there is only the handler's own."""
        found = {}
        for path in self.folder.glob("*"):
            if OWN.fullmatch(path.name):
                continue
            match = re.fullmatch(rf"{name}\.{pid}\.{STAMP}\.([a-z.]+)", path.name)
            assert match, path.name
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            found[match[1]] = path
        assert set(found) <= ENDINGS
        return found

    def log(self) -> list[str]:
        return (self.folder / "handler.log").read_text().splitlines()


@pytest.fixture
def handler(tmp_path: Path) -> Handler:
    return Handler(tmp_path / "kept")


@pytest.fixture
def core(kernel_core: Callable[..., Core]) -> Core:
    return kernel_core("twins", BUILD)


def verdicts(document: dict) -> list[tuple[int, str]]:
    return [(g["id"], g["verdict"]) for g in document["goroutines"]]


def places(document: dict) -> Counter[tuple[str, ...]]:
    """How many goroutines at each place of the program have each verdict."""
    found: Counter[tuple[str, ...]] = Counter()
    for g in document["goroutines"]:
        found[
            (g["verdict"], *(f["func"] for f in g["frames"] if f["func"].startswith("main.")))
        ] += 1
    return found


def report_of(core: Core, *words: object) -> dict:
    shown = parked("core", core.binary, *words, "report", "--json")
    assert shown.returncode in (0, 3), shown.stderr
    return json.loads(shown.stdout)


def check_kept(core: Core, kept: dict[str, Path], redacted: bool = True) -> None:
    """The files say of the crash what its core says."""
    assert set(kept) == ENDINGS
    whole = report_of(core, core.core)
    report = json.loads(kept["report.json"].read_text())
    small = report_of(core, kept["core"])
    for document in (report, small):
        assert verdicts(document) == verdicts(whole)
        assert document["target"]["signal"] == whole["target"]["signal"]
        assert document["incomplete"] == whole["incomplete"] == []
    assert small["target"]["kind"] == "dump"
    assert small["target"]["redacted"] is redacted
    assert report["target"]["source"] == str(kept["core"])
    assert "PROVED" in kept["report.txt"].read_text()
    assert kept["core"].stat().st_size < core.core.stat().st_size / 20


@pytest.mark.parametrize("whole", [False, True], ids=["redacted", "whole"])
def test_a_core_by_a_pipe(core: Core, handler: Handler, whole: bool) -> None:
    done = handler(core.core, *(["--no-redact"] if whole else []))
    assert done.returncode == 0, done.stderr
    check_kept(core, handler.kept(), redacted=not whole)
    (line,) = handler.log()
    assert f"process {PID} (twins), signal 6: kept " in line
    assert stat.S_IMODE(handler.folder.stat().st_mode) == 0o700
    report = json.loads(handler.kept()["report.json"].read_text())
    assert report["target"]["taken_at"].startswith("2026-11-30T21:45:05")


def test_in_small_pieces(core: Core, handler: Handler) -> None:
    data = core.core.read_bytes()
    with handler.start() as process:
        assert process.stdin is not None
        at, size = 0, 1
        while at < len(data):
            os.write(process.stdin.fileno(), data[at : at + size])
            at += size
            size = size * 2 % 65521 + 1
        process.stdin.close()
        process.stdin = None
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    check_kept(core, handler.kept())


def test_cut_off(core: Core, handler: Handler) -> None:
    """What came in is read, and said to be a part."""
    data = core.core.read_bytes()
    done = handler(data[: len(data) * 3 // 4])
    assert done.returncode == 3, done.stderr
    kept = handler.kept()
    report = json.loads(kept["report.json"].read_text())
    assert any("cut off" in each["detail"] for each in report["incomplete"])
    assert "incomplete" in kept["report.txt"].read_text()


def test_more_than_is_to_be_stored(core: Core, handler: Handler) -> None:
    done = handler(core.core, "--max-spool", "1M")
    assert done.returncode in (2, 3), done.stderr
    assert b"cut off: there was room for" in done.stderr


def damaged(data: bytes) -> Iterator[bytes]:
    header = struct.Struct("<16sHHIQQQIHHHHHH")
    fields = list(header.unpack_from(data))
    for at, value in ((5, 1 << 63), (5, (1 << 28) - 1), (9, 57), (10, 0), (10, 0xFFFF), (10, 9999)):
        changed = [*fields[:at], value, *fields[at + 1 :]]
        yield header.pack(*changed) + data[header.size :]
    # The notes take all there is, or begin behind it.
    for offset, size in ((fields[5], 1 << 62), (1 << 62, 16), (0, (1 << 28) - 1), (64, 0)):
        head = bytearray(data)
        for i in range(fields[10]):
            program = fields[5] + 56 * i
            if struct.unpack_from("<I", data, program)[0] == 4:
                struct.pack_into("<Q", head, program + 8, offset)
                struct.pack_into("<Q", head, program + 32, size)
        yield bytes(head)


def test_damaged(core: Core, handler: Handler) -> None:
    for data in damaged(core.core.read_bytes()[: 4 << 20]):
        done = handler(data, "--max-time", "30s")
        assert done.returncode in (2, 3), done.stderr
        assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF", b"\x7fEL", b"no core\n" * 1000, bytes(3 << 20)], ids=len
)
def test_garbage(handler: Handler, data: bytes) -> None:
    done = handler(data)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert handler.kept() == {}
    assert len(handler.log()) == 1


def test_compressed(core: Core, handler: Handler) -> None:
    """As `coredumpctl dump` and systemd's files may be."""
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    packed = subprocess.run(["zstd", "-qc", core.core], capture_output=True, check=True).stdout
    done = handler(packed)
    assert done.returncode == 0, done.stderr
    check_kept(core, handler.kept())


@pytest.fixture(scope="module")
def other_core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a program that is not Go's."""
    need_kernel_cores()
    folder = tmp_path_factory.mktemp("other")
    unlimited = "ulimit -c unlimited; exec sleep 60"
    with subprocess.Popen(["bash", "-c", unlimited], cwd=folder) as process:
        assert wait_until_asleep(process.pid, 60)
        while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
            time.sleep(0.01)
        process.send_signal(signal.SIGABRT)
    (core,) = folder.glob("core*")
    return core


def test_no_program_of_go(other_core: Path, handler: Handler) -> None:
    done = handler(other_core, name="sleep")
    assert done.returncode == 0, done.stderr
    assert handler.kept() == {}
    (line,) = handler.log()
    assert "nothing kept" in line and "not a Go program" in line


PASS_ON = """#!/bin/sh
printf '%s\\n' "$@" > {folder}/words
cat > {folder}/passed
exit {code}
"""


@pytest.mark.parametrize("code", [0, 5])
def test_it_is_passed_on(other_core: Path, handler: Handler, tmp_path: Path, code: int) -> None:
    program = tmp_path / "next"
    program.write_text(PASS_ON.format(folder=tmp_path, code=code))
    program.chmod(0o700)
    done = handler(other_core, "--pass-on", program, name="a name; $(reboot)")
    assert done.returncode == (0 if code == 0 else 2), done.stderr
    assert (tmp_path / "passed").read_bytes() == other_core.read_bytes()
    words = (tmp_path / "words").read_text().splitlines()
    assert words == [str(PID), str(SIGNAL), str(TIME), "a name; $(reboot)"]
    assert f"which ended with {code}" in handler.log()[0]


def test_passed_on_to_nobody(other_core: Path, handler: Handler, tmp_path: Path) -> None:
    done = handler(other_core, "--pass-on", tmp_path / "none")
    assert done.returncode == 2 and b"cannot be started" in done.stderr
    program = tmp_path / "next"
    program.write_text("#!/bin/sh\nexec 0<&-\n")  # reads nothing
    program.chmod(0o700)
    assert handler(other_core, "--pass-on", program).returncode == 0
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    done = handler(other_core, "--pass-on", program, "--max-time", "2s")
    assert done.returncode == 2 and b"longer than --max-time" in done.stderr


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_locked(path: Path) -> bool:
    """Whether somebody holds it: /proc/locks has inodes."""
    if not path.exists():
        return False
    inode = path.stat().st_ino
    return any(f":{inode} " in line for line in Path("/proc/locks").read_text().splitlines())


def test_several_at_once(core: Core, handler: Handler) -> None:
    data = core.core.read_bytes()
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(handler.start(pid=PID + i)) for i in range(2)]
        for number in (1, 2):
            wait_for(lambda number=number: is_locked(handler.folder / f".at-work-{number}"))
        third = handler(core.core)
        assert third.returncode == 2 and b"given up, as 2 work already" in third.stderr
        assert "given up" in handler.log()[0]
        for process in waiting:
            _, errors = process.communicate(data, timeout=120)
            assert process.returncode == 0, errors
    for number in range(2):
        files = list(handler.folder.glob(f"twins.{PID + number}.*"))
        assert len(files) == 3
    assert handler(core.core).returncode == 0


def test_killed_in_the_middle(core: Core, handler: Handler) -> None:
    """Nothing is left of it, and nothing is in the way of the next."""
    data = core.core.read_bytes()
    for part in (100, len(data) // 2):
        with handler.start("--at-once", 1) as process:
            assert process.stdin is not None
            process.stdin.write(data[:part])
            process.stdin.flush()
            wait_for(lambda: is_locked(handler.folder / ".at-work-1"))
            process.kill()
            process.stdin = None
            process.communicate(timeout=60)
        assert handler.kept() == {}
    assert handler(core.core, "--at-once", 1).returncode == 0
    check_kept(core, handler.kept())


def test_killed_while_it_writes(core: Core, handler: Handler) -> None:
    """Whatever file is there is whole."""
    for delay in range(0, 600, 60):
        with handler.start() as process:
            killing = threading.Timer(delay / 1000, process.kill)
            killing.start()
            with contextlib.suppress(BrokenPipeError):
                process.communicate(core.core.read_bytes(), timeout=60)
            killing.join()
        kept = handler.kept()
        if "core" in kept:
            assert verdicts(report_of(core, kept["core"])) == verdicts(report_of(core, core.core))
        if "report.json" in kept:
            json.loads(kept["report.json"].read_text())
        for path in kept.values():
            path.unlink()


def test_no_room(core: Core, handler: Handler) -> None:
    handler.folder.mkdir(mode=0o700)
    mounted = ("mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", handler.folder)
    if run(*mounted).returncode != 0:
        pytest.skip("no tmpfs may be mounted")
    try:
        done = handler(core.core)
        assert done.returncode in (2, 3), done.stderr
        assert done.stderr.count(b"\n") == 1
        for path in handler.kept().values():
            assert path.stat().st_size > 0
    finally:
        run("umount", handler.folder)


def test_it_takes_too_long(core: Core, handler: Handler) -> None:
    with handler.start("--max-time", "1s") as process:
        assert process.stdin is not None
        process.stdin.write(core.core.read_bytes()[:100_000])
        process.stdin.flush()
        assert process.wait(timeout=60) == 2
        assert process.stderr is not None
        assert b"--max-time" in process.stderr.read()
    assert handler.kept() == {}


def test_the_oldest_go(core: Core, handler: Handler) -> None:
    handler.folder.mkdir(mode=0o700)
    other = handler.folder / "notes.txt"
    other.write_text("mine")
    for number in range(3):
        words = handler.words("--keep", 2, pid=PID + number)
        words[-2] = str(TIME + number)
        with core.core.open("rb") as data:
            assert subprocess.run(words, stdin=data, capture_output=True).returncode == 0
    pids = {int(path.name.split(".")[1]) for path in handler.folder.glob("twins.*")}
    assert pids == {PID + 1, PID + 2}
    words = handler.words("--keep-bytes", 1, pid=PID + 9)
    words[-2] = str(TIME + 9)
    with core.core.open("rb") as data:
        assert subprocess.run(words, stdin=data, capture_output=True).returncode == 0
    assert {path.name.split(".")[1] for path in handler.folder.glob("twins.*")} == {str(PID + 9)}
    assert other.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["--dir=/", "-h", "--help", "../../x", "a b\tc", "\x1b[31m", "", "--exe=/bin/ls", "--"]
)
def test_whatever_the_process_is_called(core: Core, handler: Handler, name: str) -> None:
    """Its name is its own choice."""
    done = handler(core.core, name=name)
    assert done.returncode == 0, done.stderr
    files = [path for path in handler.folder.iterdir() if not OWN.fullmatch(path.name)]
    assert len(files) == 3
    assert b"\x1b" not in done.stderr and "\x1b" not in handler.log()[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--dir DIR"),
        (["--dir", "here"], "from the root on"),
        (
            ["--dir", "/tmp/parked-nowhere", "--pass-on", "here", "1", "6", "1", "x"],
            "--pass-on 'here'",
        ),
        (["--dir", "/tmp/parked-nowhere", "1", "6", "1"], "PID SIGNAL TIME NAME"),
        (["--dir", "/tmp/parked-nowhere", "0", "6", "1", "x"], "PID '0'"),
        (["--dir", "/tmp/parked-nowhere", "x", "6", "1", "x"], "PID 'x'"),
        (["--dir", "/tmp/parked-nowhere", "99999999999", "6", "1", "x"], "PID '99999999999'"),
        (["--dir", "/tmp/parked-nowhere", "1", "-6", "1", "x"], "SIGNAL '-6'"),
        (["--dir", "/tmp/parked-nowhere", "1", "600", "1", "x"], "SIGNAL '600'"),
        (["--dir", "/tmp/parked-nowhere", "1", "6", "99999999999999999", "x"], "TIME"),
        (["--dir", "/tmp/parked-nowhere", "--at-once", "0", "1", "6", "1", "x"], "--at-once '0'"),
        (["--dir", "/tmp/parked-nowhere", "--max-time", "0", "1", "6", "1", "x"], "--max-time '0'"),
        (
            ["--dir", "/tmp/parked-nowhere", "--max-spool", "0", "1", "6", "1", "x"],
            "--max-spool '0'",
        ),
        (["--dir", "/tmp/parked-nowhere", "--keep", "x", "1", "6", "1", "x"], "--keep 'x'"),
        (
            ["--dir", "/tmp/parked-nowhere", "--kepe", "1", "1", "6", "1", "x"],
            "does not know '--kepe'",
        ),
        (["--dir", "/dev/null", "1", "6", "1", "x"], "/dev/null"),
        (["--dir", "/tmp", "1", "6", "1", "x"], "nobody else may write to"),
    ],
    ids=lambda value: "-".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_makes_no_sense(words: list[str], said: str) -> None:
    done = run(PARKED, "handler", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert not Path("/tmp/parked-nowhere").exists()


def test_the_log_stays_small(handler: Handler) -> None:
    handler.folder.mkdir(mode=0o700)
    log = handler.folder / "handler.log"
    log.write_text("x" * (2 << 20))
    assert handler(b"").returncode == 2
    assert len(handler.log()) == 1 and log.stat().st_size < 1000
    assert (handler.folder / "handler.log.1").stat().st_size == 2 << 20


# While the kernel writes a core.


class Crash:
    """A program that dies, whose core the kernel gives to a handler."""

    def __init__(self, handler: Handler, folder: Path, *options: object) -> None:
        need_kernel_cores()
        self.handler, self.options = handler, options
        self.folder = folder / "cwd"
        self.folder.mkdir()
        self.log = folder / "output"
        self.given = 0
        self.died = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.started: subprocess.Popen[bytes] | None = None
        self.before = lambda: None  # is called when the kernel begins

    def take(self, data: bytes) -> bool:
        if self.process is None:
            self.before()
            self.died = self.pid
            self.process = self.handler.start(*self.options, pid=self.died)
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        self.given += len(data)
        return True

    @property
    def pid(self) -> int:
        assert self.started is not None
        pid = self.started.pid
        while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            pid = int(children[0])
        return pid

    def of(self, command: list[object]) -> int:
        """Runs it until it is at rest, kills it, and waits for the handler, whose exit code it
        gives."""
        # It is a program of its own that goes there: Python would wait for itself.
        there = 'cd "$0" && ulimit -c unlimited && exec "$@"'
        with FuseCore(self.folder, self.take) as fuse, self.log.open("w") as log:
            self.started = subprocess.Popen(
                ["bash", "-c", there, self.folder, *(str(word) for word in command)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "GOTRACEBACK": "crash"},
            )
            try:
                wait_for(lambda: "READY" in self.log.read_text())
                wait_until_asleep(self.pid, 3)
                os.kill(self.pid, signal.SIGABRT)
                self.started.wait(timeout=120)
                assert fuse.ended.wait(60)
            finally:
                self.started.kill()
                self.started.communicate()
        assert self.process is not None
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.stdin = None
        _, errors = self.process.communicate(timeout=120)
        self.errors = errors.decode()
        return self.process.returncode


def test_the_process_itself_is_read(core: Core, handler: Handler, tmp_path: Path) -> None:
    """Its memory does not go through the pipe, and it is gone when it was read."""
    crash = Crash(handler, tmp_path)
    assert crash.of([core.binary]) == 0, crash.errors
    (line,) = handler.log()
    assert "kept" in line
    assert crash.given < core.core.stat().st_size / 4
    kept = handler.kept(pid=crash.died)
    report = json.loads(kept["report.json"].read_text())
    whole = report_of(core, core.core)
    # Which goroutine has which id differs from run to run.
    assert places(report) == places(whole)
    assert report["proof"]["state"] == "given" and report["incomplete"] == []
    assert report["target"]["path"] == str(core.binary)
    assert report["target"]["signal"] == "SIGABRT"
    assert "SIGABRT sent by process" in kept["report.txt"].read_text()
    small = report_of(core, kept["core"])
    assert verdicts(small) == verdicts(report)
    assert small["target"]["redacted"] is True


def test_descriptors_are_known(core: Core, handler: Handler, tmp_path: Path) -> None:
    """A core does not tell of them; the process did."""
    crash = Crash(handler, tmp_path, "--no-redact")
    assert crash.of([core.binary]) == 0, crash.errors
    kept = handler.kept(pid=crash.died)
    shown = parked("core", core.binary, kept["core"], "files", "--json")
    assert shown.returncode == 0, shown.stderr
    names = {file["name"] for file in json.loads(shown.stdout)["files"]}
    assert any(name.startswith("anon_inode:") for name in names), names


def test_without_room_in_memory_its_core_is_stored(
    core: Core, handler: Handler, tmp_path: Path
) -> None:
    """As much as reading a stored core takes; the copy of a process would take as much again."""
    limit = 1
    while handler(core.core, "--memory-limit", f"{limit}M").returncode != 0:
        limit += 1
        assert limit < 500
    limit += 1  # what it takes is not the same to the byte each time
    shutil.rmtree(handler.folder)
    crash = Crash(handler, tmp_path, "--memory-limit", f"{limit}M")
    code = crash.of([core.binary])
    assert code == 0, crash.errors
    first, last = handler.log()
    assert "read from its core, not directly" in first and "--memory-limit" in first
    assert "kept" in last and set(handler.kept(pid=crash.died)) == ENDINGS
    assert crash.given == pytest.approx(core.core.stat().st_size, rel=0.2)


def test_the_executable_is_gone(core: Core, handler: Handler, tmp_path: Path) -> None:
    crash = Crash(handler, tmp_path)
    binary = Path(shutil.copy(core.binary, tmp_path / "twins"))
    crash.before = binary.unlink
    assert crash.of([binary]) == 0, crash.errors
    report = json.loads(handler.kept(pid=crash.died)["report.json"].read_text())
    assert report["target"]["path"] == str(binary)
    assert report["proof"]["state"] == "given"


def test_in_a_container(handler: Handler, tmp_path: Path) -> None:
    """Another mount and pid namespace, and a root with nothing but the program."""
    unshared = ["unshare", "--fork", "--kill-child", "--mount", "--pid"]
    if run(*unshared, "true").returncode != 0:
        pytest.skip("namespaces are not permitted")
    crash = Crash(handler, tmp_path)
    root = tmp_path / "root"
    (root / "tmp").mkdir(parents=True)
    shutil.copy(build_target("twins", BUILD), root / "app")
    # Process 1 of a namespace cannot kill itself, so that it is another one.
    inside = f"mount --bind {crash.folder} {root}/tmp; unshare --root {root} --wd /tmp /app; exit"
    code = crash.of([*unshared, "sh", "-c", inside])
    assert code == 0, crash.errors
    kept = handler.kept(pid=crash.died)
    report = json.loads(kept["report.json"].read_text())
    assert report["proof"]["state"] == "given" and report["incomplete"] == []
    assert report["target"]["path"].endswith("/app")
    assert "read from its core" not in "".join(handler.log())
