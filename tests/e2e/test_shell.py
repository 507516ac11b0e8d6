"""What a shell needs: completion in bash, zsh and fish themselves, manual pages, the ways to name a
core."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import parked, run
from support.matrix import Build
from support.paths import PARKED
from support.running import Core

ENVIRONMENT = {**os.environ, "PATH": f"{PARKED.parent}:{os.environ['PATH']}", "TERM": "xterm"}
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z=>]|\][^\x07]*\x07|[=>()][0B]?)|\x07")

# What is typed, what it may become, and what it may not.
TYPED = [
    ("parked expl", {"explain"}, {"report"}),
    ("parked co", {"core", "completion"}, {"channel"}),
    ("parked core.1 re", {"report"}, {"explain"}),
    ("parked core.1 report --fail", {"--fail-on"}, {"--format"}),
    ("parked core.1 report --format js", {"json", "jsonl"}, {"sarif"}),
    ("parked core.1 report --format=sa", {"sarif"}, {"json"}),
    ("parked core.1 report --sort re", {"retained", "reason"}, {"count"}),
    ("parked core.1 goroutines --with sta", {"startloc", "status"}, {"reason"}),
    ("parked core.1 goroutines --with reason x --wi", {"--with", "--without"}, {"reason"}),
    ("parked 1 watch --fail-on gr", {"growing"}, set()),
    ("parked explain PK06", {"PK060", "PK061"}, {"PK001"}),
    ("parked help pst", {"pstree"}, set()),
    ("parked --color al", {"always"}, {"never"}),
    ("parked completion f", {"fish"}, {"bash"}),
    ("parked man isl", {"islands"}, set()),
]


def plain(screen: str) -> str:
    """Without colours, and without what was written over."""
    return re.sub(r".\x08", "", ESCAPES.sub("", screen))


def need(tool: str) -> str:
    found = shutil.which(tool)
    assert found is not None, f"scripts/setup test installs {tool}"
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With two files, one of which has a blank in its name."""
    (tmp_path / "core.1").touch()
    (tmp_path / "zeta file").touch()
    return tmp_path


def script(shell: str, folder: Path) -> Path:
    path = folder / f"script.{shell}"
    path.write_text(parked("completion", shell).stdout)
    return path


def bash_words(line: str) -> list[str]:
    """As readline breaks them: at = as well."""
    words = re.findall(r"=|[^\s=]+", line)
    return [*words, ""] if line.endswith((" ", "=")) else words


@pytest.mark.parametrize(("line", "some", "none"), TYPED, ids=[row[0] for row in TYPED])
def test_bash(line: str, some: set[str], none: set[str], folder: Path) -> None:
    words = bash_words(line)
    quoted = " ".join(f"'{word}'" for word in words)
    code = f"""
source {script("bash", folder)}
COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
_parked
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = run(need("bash"), "--norc", "-c", code, cwd=folder, env=ENVIRONMENT)
    offered = set(done.stdout.splitlines())
    assert done.stderr == ""
    assert some <= offered
    assert not none & offered


@pytest.mark.parametrize(("line", "some", "none"), TYPED, ids=[row[0] for row in TYPED])
def test_fish(line: str, some: set[str], none: set[str], folder: Path) -> None:
    code = f"source {script('fish', folder)}; complete -C '{line}'"
    environment = {**ENVIRONMENT, "HOME": str(folder)}
    done = run(need("fish"), "--no-config", "-c", code, cwd=folder, env=environment)
    assert done.stderr == ""
    offered = {each.split("\t")[0].rpartition("=")[2] for each in done.stdout.splitlines()}
    assert some <= offered
    assert not none & offered


class Shell:
    """An interactive shell at a terminal."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._pid, self._screen = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], list(command), {**ENVIRONMENT, "HOME": str(folder)})
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self._read = ""

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def wait_for(self, pattern: str) -> str:
        """What was shown until something like that was."""
        deadline = time.monotonic() + 60
        while not re.search(pattern, plain(self._read)):
            assert time.monotonic() < deadline, self._read
            if select.select([self._screen], [], [], 0.1)[0]:
                self._read += os.read(self._screen, 65536).decode(errors="replace")
        shown, self._read = plain(self._read), ""
        return shown

    def end(self) -> None:
        os.close(self._screen)
        os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)


def shells(folder: Path) -> dict[str, tuple[tuple[str, ...], str]]:
    """How each is started, and what loads the completion."""
    return {
        "bash": (("bash", "--norc", "--noprofile", "-i"), f"source {script('bash', folder)}"),
        "zsh": (
            ("zsh", "-f", "-i"),
            f"autoload -U compinit; compinit -u -D; source {script('zsh', folder)}",
        ),
    }


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_typed(name: str, folder: Path) -> None:
    """The key itself, in a shell at a terminal: a command, an option, a value, a file."""
    command, load = shells(folder)[name]
    need(name)
    shell = Shell(folder, *command)
    try:
        shell.type(f"PS1='ready> '\n{load}; echo lo''aded\n")
        shell.wait_for(r"loaded[\s%#]*ready> ")  # what is typed before is not for the completer
        shell.type("echo; parked expl\tPK06\t")
        assert "explain PK06" in re.sub(r"\s+", " ", shell.wait_for("PK06"))
        shell.type("\x15parked core.1 report --fail\tprov\t")
        shell.wait_for("--fail-on proved")
        shell.type("\x15parked core.1 report --format=sa\t")
        shell.wait_for("--format=sarif")
        shell.type("\x15parked diff zet\t")
        assert "zeta" in shell.wait_for("file")
    finally:
        shell.end()


@pytest.mark.parametrize(("line", "some", "none"), TYPED[:9], ids=[row[0] for row in TYPED[:9]])
def test_zsh(line: str, some: set[str], none: set[str], folder: Path) -> None:
    """What the function adds for the completer."""
    words = " ".join(f"'{word}'" for word in line.split(" "))
    code = f"""
compdef() {{ }}
_files() {{ print -r -- ':files' }}
_describe() {{ print -rl -- "${{(@)described%%:*}}" }}
source {script("zsh", folder)}
words=({words}); CURRENT=${{#words}}
_parked
"""
    done = run(need("zsh"), "-f", "-c", code, cwd=folder, env=ENVIRONMENT)
    assert done.stderr == ""
    offered = {each.rpartition("=")[2] for each in done.stdout.splitlines()}
    assert some <= offered
    assert not none & offered


def test_completion_of_an_unknown_shell() -> None:
    for words in (("completion",), ("completion", "tcsh")):
        done = parked(*words)
        assert done.returncode == 2
        assert "bash, zsh or fish" in done.stderr


def pages() -> list[str]:
    return parked("man", "--list").stdout.split()


def test_manual_pages_are_clean(tmp_path: Path) -> None:
    names = pages()
    assert {"parked", "parked-report", "parked-watch", "parked-sql"} <= set(names)
    for name in names:
        page = tmp_path / f"{name}.1"
        page.write_text(parked("man", *name.split("-", 1)[1:]).stdout)
        lint = run(need("mandoc"), "-Tlint", "-Wwarning", page)
        assert (lint.returncode, lint.stdout) == (0, ""), lint.stdout
        groff = run(need("groff"), "-man", "-ww", "-z", "-Tutf8", page)
        assert (groff.returncode, groff.stderr) == (0, ""), groff.stderr


def rendered(tmp_path: Path, *command: str) -> str:
    page = tmp_path / "page.1"
    page.write_text(parked("man", *command).stdout)
    shown = run(need("man"), "-l", page, env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"})
    assert shown.returncode == 0, shown.stderr
    return re.sub(r"\s+", " ", re.sub(r".\x08|\x1b\[[0-9;]*m", "", shown.stdout))


def test_manual_pages_say_what_help_says(tmp_path: Path) -> None:
    """Every word of it, in another layout."""
    for command in ("report", "watch", "goroutine", "diff"):
        page = rendered(tmp_path, command)
        for line in parked("help", command).stdout.splitlines()[2:]:
            if line and line != "Options:":
                for part in re.split(r"\s{2,}", line.strip()):
                    assert part in page, (command, part)
    program = rendered(tmp_path)
    for line in parked("help").stdout.splitlines():
        option = re.match(r"  (-\S+(?:, --\S+)?)", line)
        if option:
            assert option[1] in program
    assert "0 clean" in program


def test_the_manual_of_what_is_none() -> None:
    done = parked("man", "reprot")
    assert done.returncode == 2
    assert "Did you mean 'report'?" in done.stderr


def test_ways_to_name_a_core(kernel_core: Callable[..., Core]) -> None:
    """The last one is what `coredumpctl debug --debugger=parked` runs: BIN -c CORE."""
    core = kernel_core("twins", Build("1.27", "default"))
    ways = [
        ("core", core.binary, core.core),
        (core.binary, core.core),
        ("--exe", core.binary, core.core),
        (core.binary, "-c", core.core),
        ("-c", core.core),
    ]
    # As with coredumpctl's --debugger-arguments.
    first = parked("goroutines", "--all", core.binary, "-c", core.core)
    shown = [first, *(parked(*way, "goroutines", "--all") for way in ways)]
    assert all(each.returncode == 0 for each in shown), [each.stderr for each in shown]
    assert len({each.stdout for each in shown}) == 1
    alone = parked(core.binary, "-c", core.core)
    assert alone.returncode == 0
    assert "goroutines  " in alone.stdout
    wrong = subprocess.run(
        [PARKED, core.binary, "-c", core.core, "reprot"], capture_output=True, text=True
    )
    assert wrong.returncode == 2
    assert "Did you mean 'report'?" in wrong.stderr
