#!/usr/bin/env python3
"""What the test suites of public Go modules leave behind: parked exec beside goleak.

    bench/leftovers.py [--only NAME,NAME] [--work FOLDER] [--no-goleak] [--findings]

Fetches each module of bench/leftovers.json in its fixed version (`go mod download`), runs the tests
of its packages under `parked exec --report-dir`, and prints a table in Markdown: how many
goroutines were left at the exit of the test binaries, and what parked says of them. Those of
package testing, main's and the runtime's own do not count. Each is one of

    PROVED, ORPHAN  a leak
    holder          blocked, and something that can still run leads to it: a global, another
                    goroutine, a timer (`parked why` names the way)
    background      it runs, sleeps, or waits for the system (a socket, a signal)
    unexplained     all others

--findings prints what is PROVED or ORPHAN below the table. goleak's count is of a run of its own,
with a TestMain of which a file is added to the packages by `-overlay`: where a package has a
TestMain already, or fails to compile with it, there is none. Tests that need the network are left
out by -short and by the patterns in the list. The modules are left in --work; so are the reports.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARKED = Path(os.environ.get("PARKED", ROOT / "build/cli/parked")).resolve()
GOLEAK = "go.uber.org/goleak@v1.3.0"
SECONDS = 900  # a module's tests, with compiling
EXPLAINED = ("PROVED", "ORPHAN", "holder", "background")
# Whose frames say no more than that somebody waits.
WAITING = ("runtime.", "sync.", "internal/", "time.Sleep", "syscall.")
TEST_MAIN = """package {package}

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {{
	code := m.Run()
	left := 0
	if err := goleak.Find(); err != nil {{
		left = strings.Count(err.Error(), " in state ")
	}}
	fmt.Fprintf(os.Stderr, "GOLEAK %d\\n", left)
	os.Exit(code)
}}
"""


@dataclass
class Module:
    path: str
    version: str
    packages: list[str] = field(default_factory=lambda: ["./..."])
    run: str = ""
    skip: str = ""
    flags: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return re.sub(
            r"^(github\.com|go\.uber\.org|google\.golang\.org|golang\.org)/", "", self.path
        )

    def words(self) -> list[str]:
        words = ["-short", "-count=1", "-vet=off", "-timeout=300s", *self.flags]
        if self.run:
            words += ["-run", self.run]
        if self.skip:
            words += ["-skip", self.skip]
        return words


@dataclass
class Seen:
    """What was left by the tests of one module."""

    packages: int = 0
    unproved: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    holders: Counter[str] = field(default_factory=Counter)

    def total(self) -> int:
        return sum(self.counts.values())


def go(folder: Path, *words: str, seconds: int = SECONDS) -> subprocess.CompletedProcess[str]:
    environment = {"CGO_ENABLED": "0", **os.environ, "GOFLAGS": "-mod=mod -buildvcs=false"}
    return subprocess.run(
        ["go", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds,
    )


def fetch(module: Module, work: Path) -> Path:
    """A copy of the module that its tests may write to."""
    folder = work / re.sub(r"\W", "_", f"{module.path}_{module.version}")
    if folder.exists():
        return folder
    done = go(work, "mod", "download", "-json", f"{module.path}@{module.version}")
    if done.returncode != 0:
        raise RuntimeError(done.stdout.strip())
    copy = folder.with_suffix(".part")
    shutil.copytree(json.loads(done.stdout)["Dir"], copy, dirs_exist_ok=True)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    if not (copy / "go.mod").exists():
        go(copy, "mod", "init", module.path)
    copy.rename(folder)
    return folder


def of_testing(group: dict) -> bool:
    """main's own goroutine, and those that wait in package testing."""
    if 1 in group["goroutines"]:
        return True
    for frame in group["frames"]:
        if not frame["func"].startswith(WAITING):
            return bool(frame["func"].startswith(("testing.", "testing/synctest.")))
    return False


def kind_of(group: dict, ways: dict[int, str]) -> str:
    if group["verdict"] in ("PROVED", "ORPHAN"):
        return str(group["verdict"])
    if group["state"] != "blocked" or group["reason"] in ("IO wait", "sleep"):
        return "background"
    if ways.get(group["index"]) or group["kept_by"]:
        return "holder"
    return "unexplained"


def describe(group: dict, package: str) -> str:
    place = group["user_frame"] or {"func": "?", "file": "?", "line": 0}
    creator = (group["created_by"] or {}).get("func", "?")
    tests = ", ".join(group["left_by"] or []) or "not known"
    return (
        f"{group['count']} {group['verdict']} {group['reason'] or group['state']} in {package}\n"
        f"    at {place['func']} {place['file']}:{place['line']}\n"
        f"    created by {creator}, left by {tests}\n"
        f"    {group['why']}"
    )


def page_data(file: Path) -> dict:
    """What the page of a report has: the ways that keep groups alive, too."""
    found = re.search(r'<script id="data"[^>]*>(.*?)</script>', file.read_text(), re.DOTALL)
    return json.loads(found[1]) if found else {}


def read(folder: Path) -> Seen:
    seen = Seen()
    for file in sorted(folder.glob("*.json")):
        document = json.loads(file.read_text())
        package = re.sub(r"\.test$", "", document["target"]["main_package"] or file.stem)
        seen.packages += 1
        seen.unproved += document["proof"]["state"] != "given"
        page = file.with_suffix(".html")
        ways = {
            each["group"]: each["why"]["way"][0]["what"]
            for each in (page_data(page).get("ways", []) if page.exists() else [])
            if each["why"]["way"]
        }
        for group in document["groups"]:
            if group["system"] or of_testing(group):
                continue
            kind = kind_of(group, ways)
            seen.counts[kind] += group["count"]
            if kind in ("PROVED", "ORPHAN"):
                seen.findings.append(describe(group, package))
            elif kind == "unexplained":
                seen.unexplained.append(describe(group, package))
            elif kind == "holder":
                seen.holders[ways.get(group["index"]) or group["kept_by"]["holder"]] += 1
    return seen


def run_exec(module: Module, folder: Path, reports: Path) -> str:
    shutil.rmtree(reports, ignore_errors=True)
    words = f"{PARKED} exec --ancestors --report-dir {reports} --"
    done = go(folder, "test", *module.words(), "-exec", words, *module.packages)
    (folder / "exec.log").write_text(done.stdout)
    failed = len(re.findall(r"^FAIL\t", done.stdout, re.MULTILINE))
    return f"{failed} failed" if failed else ""


def overlay_for(module: Module, folder: Path) -> tuple[dict[str, str], list[str], int]:
    """Files with a TestMain, the packages that get one, and how many have their own."""
    files = folder / "_goleak"
    files.mkdir(exist_ok=True)
    listed = go(
        folder,
        "list",
        "-json=Dir,Name,ImportPath,TestGoFiles,XTestGoFiles",
        *module.flags,
        *module.packages,
    )
    decoder = json.JSONDecoder()
    text = listed.stdout[listed.stdout.find("{") :].strip()
    replace, packages, own = {}, [], 0
    while text.startswith("{"):
        package, end = decoder.raw_decode(text)
        text = text[end:].strip()
        tests = package.get("TestGoFiles", []) + package.get("XTestGoFiles", [])
        if not tests:
            continue
        if any("func TestMain(" in (Path(package["Dir"]) / each).read_text() for each in tests):
            own += 1
            continue
        # In the same package as the tests: the other one may be without any.
        inside = bool(package.get("TestGoFiles"))
        name = package["Name"] + ("" if inside else "_test")
        file = files / f"{len(replace)}_test.go"
        file.write_text(TEST_MAIN.format(package=name))
        replace[str(Path(package["Dir"]) / "zz_goleak_main_test.go")] = str(file)
        packages.append(package["ImportPath"])
    return replace, packages, own


def run_goleak(module: Module, folder: Path) -> str:
    """goleak's count, and of how many packages."""
    # The module's own go.mod stays as it is.
    copy = folder.with_name(folder.name + "_goleak")
    if not copy.exists():
        shutil.copytree(folder, copy, symlinks=True)
    got = go(copy, "get", GOLEAK)
    if got.returncode != 0:
        return f"- ({got.stdout.strip().splitlines()[-1][:60]})"
    replace, packages, own = overlay_for(module, copy)
    if not packages:
        return f"- (TestMain in all {own})"
    overlay = copy / "overlay.json"
    overlay.write_text(json.dumps({"Replace": replace}))
    words = [*module.words(), f"-overlay={overlay}", "-v"]
    done = go(copy, "test", *words, *packages)
    (copy / "goleak.log").write_text(done.stdout)
    counts = [int(found) for found in re.findall(r"GOLEAK (\d+)$", done.stdout, re.MULTILINE)]
    missing = len(packages) + own - len(counts)
    return f"{sum(counts)}" + (f" (without {missing} of {len(packages) + own})" if missing else "")


HEAD = (
    "| module | packages | goroutines | PROVED | ORPHAN | holder | background | unexplained "
    "| goleak |"
)


def row(module: Module, seen: Seen, note: str, goleak: str) -> str:
    cells = [f"{module.name} {module.version}", str(seen.packages), str(seen.total())]
    cells += [str(seen.counts[kind]) for kind in (*EXPLAINED, "unexplained")]
    notes = [note] if note else []
    if seen.unproved:
        notes.append(f"{seen.unproved} without proof")
    if notes:
        cells[1] += f" ({', '.join(notes)})"
    return "| " + " | ".join([*cells, goleak]) + " |"


def measure(module: Module, options: argparse.Namespace) -> tuple[str, Seen]:
    folder = fetch(module, options.work)
    reports = options.work / "reports" / folder.name
    note = ""
    if not options.again or not any(reports.glob("*.json")):
        note = run_exec(module, folder, reports)
    seen = read(reports)
    goleak = "not run" if options.no_goleak else run_goleak(module, folder)
    return row(module, seen, note, goleak), seen


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="names of modules, with commas between")
    parser.add_argument("--work", type=Path, default=ROOT / "build/leftovers")
    parser.add_argument("--no-goleak", action="store_true")
    parser.add_argument("--again", action="store_true", help="only read the reports of before")
    parser.add_argument("--findings", action="store_true")
    options = parser.parse_args()
    options.work = options.work.resolve()
    (options.work / "reports").mkdir(parents=True, exist_ok=True)
    listed = json.loads((ROOT / "bench/leftovers.json").read_text())
    modules = [Module(**each) for each in listed]
    wanted = [each for each in options.only.split(",") if each]
    print(HEAD + "\n|" + "---|" * HEAD.count(" | ") + "---|", flush=True)
    whole = Seen()
    for module in modules:
        if wanted and not any(each in module.path for each in wanted):
            continue
        try:
            text, seen = measure(module, options)
        except (RuntimeError, subprocess.TimeoutExpired) as problem:
            print(f"| {module.name} {module.version} | not run: {str(problem)[:200]} |", flush=True)
            continue
        print(text, flush=True)
        whole.packages += seen.packages
        whole.counts += seen.counts
        whole.findings += seen.findings
        whole.unexplained += seen.unexplained
    print(
        "| "
        + " | ".join(
            [
                "all",
                str(whole.packages),
                str(whole.total()),
                *(str(whole.counts[kind]) for kind in (*EXPLAINED, "unexplained")),
            ]
        )
        + " | |"
    )
    for title, texts in (("Findings", whole.findings), ("Unexplained", whole.unexplained)):
        if options.findings and texts:
            print(f"\n{title}:\n" + "\n".join(texts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
