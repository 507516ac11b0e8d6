#!/usr/bin/env python3
"""Shows where two builds of parked say something different of the same cores.

    tests/tools/compare_outputs.py make FOLDER             takes the cores: some of every kind
    tests/tools/compare_outputs.py compare FOLDER BEFORE AFTER [NAME…]

NAME… are cores by the beginning of their names (default: all).

For whoever changes how parked is built and not what it says: every command in every format is run
on every core by both programs, and output, errors and exit code have to be the same byte by byte.
Exits with 1 if something differs, and prints the first lines that do.
"""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# What is asked of every core. The formats follow of commands that have them.
LISTS = ("channels", "locks", "timers", "http", "sql", "files", "contexts", "crash", "info")
ASKED = (
    ("report",),
    ("report", "--all", "--system"),
    ("report", "--limit", "2", "--fail-on", "waiting", "--suspect-count", "2"),
    ("report", "--group", "userloc", "--without", "reason", "select"),
    ("goroutines",),
    ("goroutines", "--all", "--system"),
    ("goroutines", "--group", "label:kind", "--require-proof"),
    ("pstree",),
    ("pstree", "--waits", "--all"),
    *((name,) for name in LISTS),
    *((name, "--limit", "1") for name in LISTS if name != "info"),
)
FORMATS = ((), ("--json",), ("--jsonl",))
TRACEBACK = ("--format", "traceback")
DUMPS = (("report",), ("report", "--all", "--system"), ("goroutines",))
# Of each core so many goroutines and channels, one by one.
GOROUTINES, CHANNELS = 4, 2
# What needs no core: help, and words that are wrong.
ALONE = (
    ("help",),
    ("help", "nothing"),
    ("report", "--format", "jsn"),
    ("locks", "--format", "traceback"),
    ("sqll",),
)
SHOWN_LINES = 12


@dataclass(frozen=True)
class Sample:
    """A core to be taken: of which program, in which build, how."""

    program: str
    go: str
    mode: str = "default"
    how: str = "kernel"  # "gcore", "delve", "zstd"
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "-".join([self.program, self.go, self.mode, self.how, *self.arguments])


SAMPLES = (
    Sample("zoo", "1.18"),
    Sample("zoo", "1.27", "stripped"),
    Sample("leakyweb", "1.26", "default", "gcore", ("-n", "50")),
    Sample("leakyweb", "1.26", "default", "delve", ("-n", "50")),
    Sample("web", "1.27"),
    Sample("pool", "1.22"),
    Sample("contexts", "1.26", "stripped", "zstd"),
    Sample("timers", "1.22"),
    Sample("timers", "1.27"),
    Sample("locks", "1.27"),
    Sample("files", "1.26", "default", "gcore"),
    Sample("circles", "1.27"),
    Sample("hostile", "1.27"),
    Sample("dying", "1.27", "default", "kernel", ("stuck",)),
)


def take(sample: Sample, folder: Path) -> None:
    """Makes FOLDER/NAME/program and FOLDER/NAME/core."""
    from support.building import build_target
    from support.delve import build_delve
    from support.matrix import Build
    from support.running import Running

    here = folder / sample.name
    if (here / "core").exists():
        return
    here.mkdir(parents=True, exist_ok=True)
    binary = build_target(sample.program, Build(sample.go, sample.mode))
    program = here / sample.program
    program.write_bytes(binary.read_bytes())
    program.chmod(0o755)
    with Running(program, here, *sample.arguments) as target:
        if sample.how == "gcore":
            core = target.gcore().core
        elif sample.how == "delve":
            core = here / "delve.core"
            words = [build_delve(), "attach", str(target.pid)]
            subprocess.run(
                [*words, "--allow-non-terminal-interactive=true"],
                input=f"dump {core}\nquit\nn\n",
                text=True,
                capture_output=True,
                check=False,
            )
        else:
            core = target.abort().core
    if sample.how == "zstd":
        plain = core.rename(here / "plain")
        subprocess.run(["zstd", "-q", "--rm", plain, "-o", here / "core"], check=True)
    else:
        core.rename(here / "core")


def make(folder: Path) -> None:
    for sample in SAMPLES:
        try:
            take(sample, folder)
            print(sample.name)
        except (OSError, RuntimeError, subprocess.SubprocessError) as problem:
            print(f"{sample.name}: {problem}")


@dataclass(frozen=True)
class Answer:
    code: int
    output: str
    errors: str


def ask(parked: Path, words: tuple[str, ...]) -> Answer:
    done = subprocess.run(
        [str(parked), *words], capture_output=True, errors="surrogateescape", timeout=600
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def cores_in(folder: Path, names: list[str]) -> list[tuple[str, ...]]:
    """The words that open each core below the folder, or those with a name that begins so."""
    found = []
    for core in sorted(folder.glob("*/core")):
        if names and not core.parent.name.startswith(tuple(names)):
            continue
        programs = [p for p in core.parent.iterdir() if p != core and p.stat().st_mode & 0o100]
        found.append(("core", str(programs[0]), str(core)))
    return found


def questions(parked: Path, opened: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Every command line for one core: the lists, and some goroutines and channels one by one."""
    document = json.loads(ask(parked, (*opened, "report", "--json")).output)
    lines = [
        (*words, *more) for words in ASKED for more in FORMATS if "--limit" not in words or not more
    ]
    lines += [(*words, *TRACEBACK) for words in DUMPS]
    for group in document["groups"][:GOROUTINES]:
        one = str(group["example"])
        lines += [
            ("goroutine", one),
            ("goroutine", one, "--json"),
            ("why", one),
            ("why", one, "--json"),
        ]
        lines.append(("goroutine", one, *TRACEBACK))
    channels = json.loads(ask(parked, (*opened, "channels", "--json")).output)["channels"]
    for channel in channels[:CHANNELS]:
        lines += [("channel", channel["address"]), ("channel", channel["address"], "--json")]
    lines += [("goroutine", "999999999"), ("channel", "0x10")]
    return [(*opened, *words) for words in lines]


def told(words: tuple[str, ...], before: Answer, after: Answer) -> str:
    """How two answers differ, "" if they do not."""
    if before == after:
        return ""
    text = [" ".join(words)]
    if before.code != after.code:
        text.append(f"  exit code {before.code}, now {after.code}")
    for old, new in ((before.output, after.output), (before.errors, after.errors)):
        lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
        text += [f"  {line[:300]}" for line in list(lines)[2 : 2 + SHOWN_LINES]]
    return "\n".join(text)


def compare(folder: Path, before: Path, after: Path, names: list[str]) -> int:
    lines = list(ALONE)
    commands = [
        line.split()[0] for line in ask(before, ("help",)).output.splitlines() if line[:2] == "  "
    ]
    lines += [("help", name) for name in commands]
    cores = cores_in(folder, names)
    with ThreadPoolExecutor(2) as pool:
        for some in pool.map(lambda opened: questions(before, opened), cores):
            lines += some
        both = pool.map(lambda words: told(words, ask(before, words), ask(after, words)), lines)
        different = 0
        for text in filter(None, both):
            different += 1
            print(text, flush=True)
    print(f"{len(cores)} cores, {len(lines)} command lines, {different} differ")
    return 1 if different or not cores else 0


def main(words: list[str]) -> int:
    if len(words) == 2 and words[0] == "make":
        make(Path(words[1]))
        return 0
    if len(words) >= 4 and words[0] == "compare":
        return compare(Path(words[1]), Path(words[2]), Path(words[3]), words[4:])
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
