"""The line of source under its place."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest
from support.building import build_target, compile_target, strip
from support.commands import gdb, parked, patient, run
from support.matrix import RELEASES, Build
from support.paths import PARKED, ROOT
from support.running import Running
from support.schema import VALIDATOR

SOURCE = ROOT / "tests/targets/decisions"
NOTIFY = "main.(*server).notify"
ROWS = {"go": {"quick": ["1.27"], "ci": ["1.27"], "full": ["1.18", "1.22", "1.26", "1.27"]}}
LINE = re.compile(r"^ +at +(\S+) +(\S+):(\d+)\n +(\d+) \| (.*)$", re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source that a test may change; it is older than what is built of it."""
    folder = tmp_path / "checkout"
    shutil.copytree(SOURCE, folder)
    for file in folder.iterdir():
        os.utime(file, (1_500_000_000, 1_500_000_000))
    return folder


def built(checkout: Path, go: str, mode: str = "default") -> Path:
    return compile_target(checkout, Build(go, mode), "", checkout.parent / f"decisions-{mode}")


def expected(place: dict) -> str:
    return (SOURCE / "main.go").read_text().splitlines()[place["line"] - 1].strip()


def shown(target: object, *options: object) -> dict[str, str]:
    """By function."""
    text = parked(target, "report", "--all", *options).stdout
    found = {}
    for function, _, line, number, source in LINE.findall(text):
        assert line == number
        found[function] = source
    return found


def user_frames(target: object, *options: object) -> list[dict]:
    done = parked(target, "report", "--json", *options)
    document = json.loads(done.stdout)
    VALIDATOR.validate(document)
    return [g["user_frame"] for g in document["groups"] if g["user_frame"]]


@pytest.mark.parametrize("mode", ["default", "stripped"])
def test_line_under_its_place(go: str, mode: str, checkout: Path, tmp_path: Path) -> None:
    with Running(built(checkout, go, mode), tmp_path, "3") as target:
        lines = shown(target.pid)
        frames = [f for f in user_frames(target.pid) if f["func"].startswith("main.")]
        (leaked,) = (f for f in frames if f["func"] == NOTIFY)
        document = json.loads(parked(target.pid, "report", "--json").stdout)
        (group,) = (g for g in document["groups"] if g["user_frame"] == leaked)
        one = parked(target.pid, "goroutine", group["example"]).stdout
        silent = parked(target.pid, "goroutine", group["example"], "--no-source").stdout
        assert shown(target.pid, "--no-source") == {}
    assert len(frames) == 5
    for frame in frames:
        assert lines[frame["instance"] or frame["func"]] == expected(frame)
    assert f"\n      {leaked['line']} | {expected(leaked)}\n" in one
    assert " | " not in silent


# A program, its argument, and a command that names places of it.
PLACES = [
    ("decisions", "3", "why"),
    ("dying", "stuck", "crash"),
    ("dying", "stuck", "report"),
    ("locks", "", "locks"),
    ("orphans", "", "islands"),
    ("pool", "", "sql"),
    ("timers", "", "timers"),
    ("web", "", "http"),
]


@pytest.mark.parametrize(("name", "argument", "command"), PLACES)
def test_other_commands_show_it_too(name: str, argument: str, command: str, tmp_path: Path) -> None:
    source = ROOT / "tests/targets" / name
    binary = build_target(name, Build("1.27", "default"))
    with Running(binary, tmp_path, *filter(None, [argument])) as target:
        words = [command]
        if command == "why":
            words.append(
                json.loads(parked(target.pid, "report", "--json").stdout)["groups"][0]["example"]
            )
        silent = parked(target.pid, *words, "--no-source").stdout
        # Whoever built it may have had the source in another folder.
        listed = parked(target.pid, "goroutines", "--all").stdout
        (built_in,) = {Path(path).parent for path in re.findall(r" (/\S+/main\.go):\d", listed)}
        text = parked(
            target.pid, *words, "--source-path", f"{built_in.parent}={source.parent}"
        ).stdout
    assert " | " not in silent
    lines = text.splitlines()
    told = [i for i, line in enumerate(lines) if re.match(r" +\d+ \| ", line)]
    assert told
    for i in told:
        number, _, shown_line = lines[i].strip().partition(" | ")
        (file,) = re.findall(rf"(\w+/\w+\.go|\w+\.go):{number}\b", lines[i - 1])
        # A target may have packages, and take another target's.
        expected_lines = {
            path.read_text().splitlines()[int(number) - 1].strip()
            for path in [*source.rglob(file), *source.parent.glob(file)]
        }
        assert shown_line.removeprefix("(the file is newer than the program) ") in expected_lines


def test_json_has_it_for_whoever_asks(checkout: Path, tmp_path: Path) -> None:
    with Running(built(checkout, "1.27"), tmp_path, "3") as target:
        assert all("source" not in frame for frame in user_frames(target.pid))
        for name in ("json", "jsonl", "sarif", "junit", "github", "openmetrics", "dot"):
            plain = parked(target.pid, "report", "--format", name).stdout
            assert "c <- s.answer" not in plain, name
        frames = user_frames(target.pid, "--source")
        sarif = json.loads(parked(target.pid, "report", "--format=sarif", "--source").stdout)
        finding = json.loads(parked(target.pid, "report", "--json", "--source").stdout)["findings"]
    for frame in frames:
        if frame["func"].startswith("main."):
            assert frame["source"] == {"text": expected(frame), "newer": False}
    assert any(
        f["place"]["source"]["text"] == "func (s *server) notify(c chan int) { c <- s.answer }"
        for f in finding
    )
    snippets = [
        r["locations"][0]["physicalLocation"]["region"]["snippet"]["text"]
        for r in sarif["runs"][0]["results"]
    ]
    assert "func (s *server) notify(c chan int) { c <- s.answer }" in snippets


def test_standard_library_and_trimpath(go: str, checkout: Path, tmp_path: Path) -> None:
    """Of -trimpath there are import paths alone: GOROOT is found by release, the program's own
    where somebody says it is."""
    with Running(built(checkout, go, "trimpath"), tmp_path, "3") as target:
        lines = shown(target.pid, "--system")
        mapped = shown(target.pid, "--source-path", f"parked.test/decisions={checkout}")
        wrong = shown(target.pid, "--source-path", f"parked.test/decision={checkout}")
        (frame,) = (f for f in user_frames(target.pid) if f["func"] == NOTIFY)
    assert not any(function.startswith("main.") for function in [*lines, *wrong])
    assert mapped[NOTIFY] == expected(frame)
    # As the go command has it: in the module cache, or where this release is installed.
    assert "runtime.forcegchelper" in lines, sorted(lines)
    installed = run("go", "env", "GOROOT", env={**os.environ, "GOTOOLCHAIN": RELEASES[go]})
    assert (
        lines["runtime.forcegchelper"]
        in Path(installed.stdout.strip(), "src/runtime/proc.go").read_text()
    )


def test_another_checkout(checkout: Path, tmp_path: Path) -> None:
    binary = built(checkout, "1.27")
    moved = tmp_path / "moved"
    checkout.rename(moved)
    with Running(binary, tmp_path, "3") as target:
        assert not any(f.startswith("main.") for f in shown(target.pid))
        lines = shown(target.pid, f"--source-path={checkout}={moved}", "--source-path=/x=/y")
        # A part of a folder's name is no folder.
        assert shown(target.pid, f"--source-path={str(checkout)[:-2]}={moved}").get(NOTIFY) is None
    assert "c <- s.answer" in lines[NOTIFY]


def test_what_is_stale(checkout: Path, tmp_path: Path) -> None:
    binary = built(checkout, "1.27")
    main = checkout / "main.go"
    with Running(binary, tmp_path, "3") as target:
        os.utime(main, (time.time() + 100, time.time() + 100))
        newer = shown(target.pid)[NOTIFY]
        (frame,) = (f for f in user_frames(target.pid, "--source") if f["func"] == NOTIFY)
        main.write_text("package main\n")
        short = shown(target.pid)
        main.unlink()
        gone = shown(target.pid)
    assert newer.startswith("(the file is newer than the program) func (s *server) notify")
    assert frame["source"]["newer"] is True
    assert NOTIFY not in short
    assert NOTIFY not in gone


POISON = "\x1b]0;owned\x07\x1b[31m\u202e\x00 c <- s.answer // "


def hostile(main: Path, kind: str, folder: Path) -> None:
    """Puts something else where the source was."""
    lines = main.read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if "notify(c chan int) {" in line)
    main.unlink()
    secret = folder / "secret"
    secret.write_text("hunter2\n" * 100)
    if kind == "escapes":
        lines[number] = POISON + "x" * 100_000
        main.write_text("\n".join(lines))
        os.utime(main, (1_500_000_000, 1_500_000_000))
    elif kind == "fifo":
        os.mkfifo(main)
    elif kind == "folder":
        main.mkdir()
    elif kind == "device":
        main.symlink_to("/dev/zero")
    elif kind == "secret":
        main.symlink_to(secret)
    elif kind == "process":
        main.symlink_to("/proc/self/environ")
    elif kind == "huge":
        with main.open("wb") as file:
            file.truncate(1 << 40)
    elif kind == "loop":
        main.symlink_to(main)


KINDS = ["escapes", "fifo", "folder", "device", "secret", "process", "huge", "loop"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_there_may_be_anything(kind: str, checkout: Path, tmp_path: Path) -> None:
    binary = built(checkout, "1.27")
    with Running(binary, tmp_path, "3") as target:
        hostile(checkout / "main.go", kind, tmp_path)
        limits = ("prlimit", f"--as={2 << 30}", "--cpu=20")
        done = run(*limits, PARKED, *patient(target.pid, "report", "--all"))
        document = run(*limits, PARKED, *patient(target.pid, "report", "--json", "--source"))
    assert done.returncode == 0, done.stderr
    json.loads(document.stdout)
    assert "hunter2" not in done.stdout + document.stdout
    if kind != "escapes":
        assert NOTIFY not in dict((m[0], m[4]) for m in LINE.findall(done.stdout))
        return
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "\\x1b]0;owned\\x07" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 2000


def test_a_path_that_climbs(checkout: Path, tmp_path: Path) -> None:
    """The compiler's paths are the target's: //line may say anything."""
    main = checkout / "main.go"
    (tmp_path / "elsewhere.go").write_text("hunter2\n" * 100)
    text = main.read_text().replace(
        "//go:noinline\nfunc (s *server) notify",
        f"//go:noinline\n//line {checkout}/../elsewhere.go:3\nfunc (s *server) notify",
    )
    plain = text.replace("/../elsewhere.go", "/secret.txt")
    for source in (text, plain):
        main.write_text(source)
        (checkout / "secret.txt").write_text("hunter2\n" * 100)
        binary = built(checkout, "1.27")
        with Running(binary, tmp_path, "3") as target:
            report = parked(target.pid, "report", "--all").stdout
            assert NOTIFY in report
            # The compiler may have cleaned the path: then it is an ordinary one.
            (frame,) = (f for f in user_frames(target.pid) if f["func"] == NOTIFY)
        if "/../" in frame["file"] or frame["file"].endswith(".txt"):
            assert "hunter2" not in report


def test_the_same_of_a_core_and_without_symbols(checkout: Path, tmp_path: Path) -> None:
    binary = built(checkout, "1.27")
    with Running(binary, tmp_path, "3") as target:
        core = target.gcore().core
    copy = strip(binary, tmp_path / "stripped")
    texts = [
        parked("core", each, core, "goroutines", "--group", "userloc").stdout
        for each in (binary, copy)
    ]
    # Of which types a generic function is, only names of symbols tell.
    named = texts[1].replace(str(copy), str(binary))  # what to call next
    assert texts[0].replace("drain[string]", "drain[...]") == named
    assert "c <- s.answer" in texts[0]
    shown_in_gdb = gdb("parked report", arguments=(binary, core)).stdout
    assert "c <- s.answer" in shown_in_gdb


def test_options_that_make_no_sense() -> None:
    for words, said in (
        (("--source-path", "/x"), "--source-path '/x': expected FROM=TO"),
        (("--source", "--no-source"), "exclude each other"),
    ):
        done = parked("core.1", "report", *words)
        assert done.returncode == 2
        assert said in done.stderr
