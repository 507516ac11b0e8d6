"""Text of the target that tries to steer the terminal, to forge lines, or to fill the screen:
every command shows it defused, in every format, in the shell and in the debuggers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support.building import build_target, go_environment
from support.damage_scene import EVERY
from support.matrix import Build
from support.paths import GDB_SCRIPT, LLDB_PLUGIN, PARKED
from support.running import Running
from support.schema import VALIDATOR

pytestmark = pytest.mark.slow

# As in tests/targets/hostile.
POISON = (
    "\x1b]0;owned\x07\x1b[31m\r\u009b31m\u202e\u200b\u2028\nPROVED\t\x00\x7f".encode() + b"\xff\xc3"
)
# What replaces a name in the program: an escape sequence, C1, DEL, CR.
EVIL_NAME = b"\x1b[2J\xc2\x9b\x7f\r"
LONGEST = 64 << 10  # bytes of a line: a text of a megabyte is cut long before
# What each command's text must show, so that the checks do not pass on nothing.
EXPECTED = {
    "report": {"main.\\x1b[2J\\u009b\\x7f\\x0d"},
    "goroutines": {"main.\\x1b[2J\\u009b\\x7f\\x0d"},
    "http": {"evil-host!", "evil-server!", "evil-proxy!", "evil-path!"},
    "sql": set(),
    "files": {"evil-file!", "evil-deep!", "evil-socket!"},
    "contexts": {"WithValue"},
    "timers": {"main.timers"},
    "info": {"evil-folder!"},
}
# Of memory (AddressSanitizer reserves terabytes of addresses) and seconds.
LIMITS = ("prlimit", *([] if "asan" in str(PARKED) else [f"--as={2 << 30}"]), "--cpu=20")
# Of every command: its words, behind the target's.
FORMATS: list[tuple[str, ...]] = [(), ("--json",), ("--width", "60")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "evil" not in metafunc.fixturenames:
        return
    rows = {
        "quick": ["1.27-whole"],
        "ci": ["1.27-whole"],
    }.get(
        metafunc.config.getoption("--matrix"),
        [f"{go}-{symbols}" for go in ("1.18", "1.22", "1.27") for symbols in ("whole", "stripped")],
    )
    metafunc.parametrize("evil", rows, indirect=True, scope="module")


@dataclass
class Evil:
    """A process, and a core of it."""

    target: Running
    binary: Path
    core: Path

    def core_command(self, *words: str) -> bytes:
        return output("core", self.binary, self.core, *words)


def output(*words: object, codes: tuple[int, ...] = (0,)) -> bytes:
    result = subprocess.run(
        [
            os.fsencode(str(word)) if not isinstance(word, Path) else os.fsencode(word)
            for word in (*LIMITS, PARKED, *words)
        ],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert result.returncode in codes, (
        words,
        result.returncode,
        result.stderr,
        result.stdout[:500],
    )
    tame(result.stderr)
    return result.stdout


def steers(character: str) -> bool:
    """Whether it is not simply there to be seen. Go's traceback has tabs."""
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


def tame(out: bytes) -> str:
    text = out.decode("utf-8")  # strict
    bad = {hex(ord(c)) for c in text if steers(c)}
    assert not bad, (bad, next(line for line in text.splitlines() if any(map(steers, line)))[:500])
    assert not re.search(r"^PROVED\t", text, re.MULTILINE), "a line was forged"
    assert max(map(len, text.split("\n"))) < LONGEST
    return text


def document(out: bytes) -> Any:
    tame(out)
    assert out.isascii(), "JSON is ASCII: it may be shown on a terminal"
    read = json.loads(out)
    json.dumps(read, ensure_ascii=False).encode("utf-8")  # no half of a surrogate pair
    return read


@pytest.fixture(scope="module")
def evil(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Evil]:
    go, symbols = request.param.split("-")
    made = build_target("hostile", Build(go, "default"))
    root = tmp_path_factory.mktemp("strings")
    folder = Path(
        os.fsdecode(
            bytes(root) + b"/evil-folder!" + bytes(b for b in POISON if b not in (0, ord("/")))
        )
    )
    folder.mkdir()
    binary = folder / os.fsdecode(b"evil-binary!\x1b[31m\xff")
    if symbols == "stripped":
        subprocess.run(["strip", "-o", binary, made], check=True)
    else:
        shutil.copy(made, binary)
    content = binary.read_bytes()
    assert content.count(b"Evil0000") > 10 and len(EVIL_NAME) == len(b"Evil0000")
    binary.write_bytes(content.replace(b"Evil0000", EVIL_NAME))
    with Running(binary, folder, os.fsdecode(b"evil-argument!" + POISON.replace(b"\0", b""))) as t:
        subprocess.run(["gcore", "-o", root / "gcore", str(t.pid)], check=True, capture_output=True)
        core = root / f"gcore.{t.pid}"
        odd = folder / os.fsdecode(b"core-evil!\x1b[31m\r\xff\xe2\x80\xae")
        core.rename(odd)
        yield Evil(t, binary, odd)


def commands() -> list[str]:
    listed = subprocess.run([PARKED, "help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  (\w+) \[options\] ", listed, re.MULTILINE)


def test_every_command(evil: Evil) -> None:
    # Of a live process, and of a program that is to be run.
    names = [name for name in commands() if name not in ("watch", "exec")]
    assert set(EXPECTED) <= set(names)
    for name in names:
        everything = [] if name == "info" else ["--all"]
        for words in FORMATS:
            out = evil.core_command(name, *everything, *words)
            if "--json" in words:
                document(out)
                continue
            text = tame(out)
            if words == ():
                missing = [x for x in EXPECTED.get(name, set()) if x not in text]
                assert not missing, (name, missing, text[:3000])


def test_everything_about_each(evil: Evil) -> None:
    """What is told of one goroutine and of one channel."""
    report = document(evil.core_command("report", "--json", "--all", "--system"))
    assert not report["incomplete"]
    VALIDATOR.validate(report)
    seen = ""
    # Many are alike but for their labels.
    for number, goroutine in enumerate(report["goroutines"]):
        if number % (3 * EVERY) and not goroutine["labels"]:
            continue
        for name in ("goroutine", "why"):
            seen += tame(evil.core_command(name, str(goroutine["id"])))
    assert (
        "evil-label-value!\\x1b]0;owned\\x07\\x1b[31m\\x0d\\u009b31m\\u202e\\u200b\\u2028\\nPROVED"
        in (seen)
    )
    assert re.search(r"evil-label-longer!(long )+(long?|lo?)?\u2026 \(cut: 1048593 bytes\)", seen)
    for goroutine in report["goroutines"]:
        for wait in goroutine["waiting_on"]:
            if wait["kind"] == "channel":
                tame(evil.core_command("channel", wait["address"]))


def test_json_has_the_text_itself(evil: Evil) -> None:
    """Escaped on the way, and the same when it was read."""
    report = document(evil.core_command("report", "--json", "--all"))
    labels = next(g["labels"] for g in report["goroutines"] if g["labels"])
    poison = POISON.decode("utf-8", "replace")
    assert labels["evil-label-key!" + poison] == "evil-label-value!" + poison
    assert labels["plain"] == "value"
    assert labels["long"] == "evil-label-long!" + "long " * 600
    cut = labels["longer"]
    assert cut.endswith("\u2026 (cut: 1048593 bytes)") and len(cut) < 5000
    files = document(evil.core_command("files", "--json", "--all"))
    names = [f["name"] for f in files["files"] if f.get("name")]
    file = "evil-file!" + POISON.replace(b"\0", b"").decode("utf-8", "replace")
    assert any(name.endswith(file) for name in names), names


def test_lines_and_traceback(evil: Evil) -> None:
    for name in ("report", "goroutines"):
        for line in evil.core_command(name, "--jsonl", "--all").splitlines():
            document(line)
    traceback = tame(evil.core_command("report", "--format=traceback"))
    assert "main.\\x1b[2J\\u009b\\x7f\\x0dWait(" in traceback
    for block in traceback.split("\n\n"):
        assert block.startswith("goroutine "), block[:300]


def test_formats_for_other_tools(evil: Evil, tmp_path: Path) -> None:
    """Nothing ends where it should not for who reads them, and nothing steers who shows them."""
    made = {
        name: evil.core_command("report", "--all", "--format", name)
        for name in ("sarif", "junit", "github", "openmetrics", "dot", "pprof")
    }
    document(made["sarif"])
    cases = ElementTree.fromstring(tame(made["junit"])).iter("testcase")
    assert any("main.\\x1b[2J" in case.get("name", "") for case in cases)
    assert all(line.startswith("::") for line in tame(made["github"]).splitlines())
    families = text_string_to_metric_families(tame(made["openmetrics"]))
    (program,) = (f.samples[0].labels["program"] for f in families if f.name == "parked_target")
    assert program.startswith("evil-binary!\\x1b[31m")
    drawn = subprocess.run(["dot", "-Tsvg"], input=made["dot"], capture_output=True, check=True)
    assert drawn.stderr == b""
    tame(made["dot"])
    profile = tmp_path / "profile"
    profile.write_bytes(made["pprof"])
    raw = subprocess.run(
        ["go", "tool", "pprof", "-raw", profile],
        capture_output=True,
        check=True,
        env=go_environment("1.27"),
    )
    assert "main.\\x1b[2J" in tame(raw.stdout)


def test_filters_and_groups(evil: Evil) -> None:
    tame(evil.core_command("goroutines", "--group", "label:longer"))
    grouped = tame(
        evil.core_command(
            "goroutines", "--group", os.fsdecode(b"label:evil-label-key!" + POISON.split(b"\0")[0])
        )
    )
    assert grouped
    for words in (
        ("goroutines", "--with", "label", os.fsdecode(b"\x1b[31m\xff")),
        ("goroutines", "--with", "reason", os.fsdecode(b"/\x1b[31m\xff(/")),
        (os.fsdecode(b"\x1b[31m\xff"),),
        ("report", os.fsdecode(b"--\x1b[31m\xff")),
        ("goroutine", os.fsdecode(b"\x1b[31m\xc2\x9b")),
        ("report", "--ignore-file", os.fsdecode(b"/none/\x1b[31m\xff\xe2\x80\xae")),
    ):
        tame(output("core", evil.binary, evil.core, *words, codes=(0, 2)))


def test_live_and_watched(evil: Evil) -> None:
    tame(output(evil.target.pid, "report", "--all"))
    document(output(evil.target.pid, "files", "--json"))
    tame(output("watch", evil.target.pid, "--count", "2", "--every", "100ms"))
    lines = output("watch", evil.target.pid, "--count", "2", "--every", "100ms", "--json")
    for line in lines.splitlines():
        document(line)


def test_files_that_cannot_be_opened(evil: Evil, tmp_path: Path) -> None:
    strange = tmp_path / os.fsdecode(b"no\x1b[31m\r\xff\xe2\x80\xae\xc2\x9b")
    tame(output(strange, codes=(2,)))
    tame(output("core", strange, evil.core, codes=(2,)))
    strange.write_bytes(b"not a core")
    tame(output(strange, codes=(2,)))
    tame(output("core", strange, evil.core, codes=(2,)))
    # Without the name of the program it is looked for where the core says.
    moved = tmp_path / "core"
    shutil.copyfile(evil.core, moved)
    away = evil.binary.rename(evil.binary.with_name("away"))
    try:
        tame(output(moved, codes=(2,)))
    finally:
        away.rename(evil.binary)


def test_in_the_debuggers(evil: Evil, tmp_path: Path) -> None:
    """They print what parked hands them."""
    binary, core = tmp_path / "program", tmp_path / "core"
    shutil.copy(evil.binary, binary)
    shutil.copy(evil.core, core)

    shown = ["parked report --all", "parked files --all", "parked http", "parked contexts"]
    lldb_program = shutil.which("lldb-19") or "lldb"
    for program, option, first, load, arguments in (
        ("gdb -batch -nx", "-ex", "echo MARK\\n", f"source {GDB_SCRIPT}", (binary, core)),
        (
            f"{lldb_program} -b -x",
            "-o",
            "script print('MARK')",
            f"plugin load {LLDB_PLUGIN}",
            ("-c", core, binary),
        ),
    ):
        words: list[object] = program.split()
        for command in (load, first, *shown):
            words += [option, command]
        # They themselves print what the core says as it is.
        ran = subprocess.run(
            [str(word) for word in (*words, *arguments)], capture_output=True, timeout=120
        )
        own = ran.stdout[ran.stdout.index(b"MARK\n") :]
        assert b"evil-file!" in own, (ran.stdout[-1000:], ran.stderr[-1000:])
        tame(own)
