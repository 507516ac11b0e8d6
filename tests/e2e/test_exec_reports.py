"""`parked exec --report-dir` keeps a report of each program, `parked exec-summary` sums them up."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from support.building import build_target, go_environment
from support.commands import parked, run, run_script
from support.matrix import RELEASES, Build
from support.paths import PARKED, ROOT

SUITE = ROOT / "tests/targets/suite"
PACKAGES = ("clean", "kept", "leaky", "parallel", "orphaned", "again")
LEAKING = ("leaky", "parallel", "orphaned")
GOS = ["1.18", "1.22", "1.26", "1.27"]
ROWS = {"go": {"quick": ["1.27"], "ci": [GOS[-1]], "full": GOS}}
REPORT = Draft202012Validator(json.loads((ROOT / "docs/schema/parked-1.schema.json").read_text()))
# Before, test binaries do not say of what package they are.
NAMED = [go for go in RELEASES if int(go.partition(".")[2]) >= 24]
SUMMARY = Draft202012Validator(
    json.loads((ROOT / "docs/schema/parked-exec-summary-1.schema.json").read_text())
)


def kept(go: str, folder: Path, *options: str, packages: tuple[str, ...] = PACKAGES) -> Path:
    """The suite is run, with reports in the folder."""
    words = [PARKED, "exec", "--report-dir", str(folder), *options, "--"]
    done = subprocess.run(
        ["go", "test", "-exec", " ".join(map(str, words)), *(f"./{each}" for each in packages)],
        cwd=SUITE,
        env={**go_environment(go), "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "parked:" not in done.stdout + done.stderr, done.stdout + done.stderr
    return folder


def report(folder: Path, package: str) -> dict:
    (file,) = folder.glob(f"*{package}.test-*.json")
    document: dict = json.loads(file.read_text())
    REPORT.validate(document)
    return document


def summary(folder: Path, *options: str, code: int = 0) -> dict:
    done = parked("exec-summary", folder, "--json", *options)
    assert done.returncode == code, done.stdout + done.stderr
    document: dict = json.loads(done.stdout)
    SUMMARY.validate(document)
    return document


def test_a_report_of_each_package(go: str, tmp_path: Path) -> None:
    folder = kept(go, tmp_path / "not/yet/there", "--ancestors")
    names = {path.name for path in folder.iterdir()}
    stems = {name.rpartition(".")[0] for name in names}
    before = "parked.test_suite_" if go in NAMED else ""
    assert {re.sub(r"-\d+$", "", stem) for stem in stems} == {
        f"{before}{package}.test" for package in PACKAGES
    }
    assert names == {f"{stem}.{end}" for stem in stems for end in ("json", "sarif", "html")}
    assert report(folder, "clean")["fail_on"]["groups"] == []
    leaky = report(folder, "leaky")
    (number,) = leaky["fail_on"]["groups"]
    assert leaky["groups"][number]["left_by"] == ["TestFirst"]
    assert leaky["groups"][number]["verdict"] == "PROVED"
    (sarif,) = folder.glob("*leaky.test-*.sarif")
    (run,) = json.loads(sarif.read_text())["runs"]
    assert [each["properties"]["leftBy"] for each in run["results"]] == [["TestFirst"]]
    assert "left by TestFirst" in run["results"][0]["message"]["text"]
    (page,) = folder.glob("*leaky.test-*.html")
    assert "<!doctype html>" in page.read_text()[:100].lower()


def test_the_summary(go: str, tmp_path: Path) -> None:
    """What two packages leave of the same library is one finding."""
    document = summary(kept(go, tmp_path, "--ancestors"))
    assert (document["programs"], document["leaking"]) == (len(PACKAGES), len(LEAKING))
    assert (document["unproved"], document["incomplete"], document["unread"]) == ([], [], [])
    of = {each["func"].rpartition(".")[2]: each for each in document["findings"]}
    suite = "parked.test/suite/" if go in NAMED else ""
    asked = of["ask"]
    assert asked["packages"] == [f"{suite}leaky", f"{suite}parallel"]
    assert (asked["verdict"], asked["count"]) == ("PROVED", 5)
    assert [each.partition("/")[0] for each in asked["left_by"]] == ["TestAll", "TestFirst"]
    assert (of["run"]["verdict"], of["run"]["count"]) == ("ORPHAN", 6)
    verdicts = [each["verdict"] for each in document["findings"]]
    assert verdicts == sorted(verdicts, reverse=True)
    assert summary(tmp_path, "--fail-on", "orphan", code=1) == document
    shown = parked("exec-summary", tmp_path)
    assert shown.returncode == 0
    assert f"{len(PACKAGES)} programs in {tmp_path}: {len(LEAKING)} left something behind" in (
        shown.stdout
    )
    assert re.search(r"^ PROVED   5  PK005 ", shown.stdout, re.MULTILINE)
    assert re.search(r"^ +in +2 packages: \S*leaky, \S*parallel$", shown.stdout, re.MULTILINE)
    assert re.search(r"^ +left by +TestAll, TestFirst$", shown.stdout, re.MULTILINE)


IN_PYTHON = """
import sys, parked
summary = parked.exec_summary(sys.argv[1])
print(summary.programs, [each.func for each in summary.findings if each.verdict == "PROVED"][0])
print(summary.findings[0].left_by, [each.file for each in summary.unread])
try:
    parked.exec_summary("/none/such")
except parked.Error as refused:
    print(refused.exit_code, refused)
"""


def test_files_that_are_none(tmp_path: Path) -> None:
    folder = kept("1.27", tmp_path / "reports", "--ancestors", packages=("leaky",))
    other = folder / "package.json"
    other.write_text('{"name": "npm"}')
    document = summary(folder, code=2)
    assert [each["file"] for each in document["unread"]] == [str(other)]
    assert document["programs"] == 1
    shown = parked("exec-summary", folder)
    assert shown.returncode == 2
    assert f"not read    {other} is no report" in shown.stdout
    assert parked("exec-summary", folder, "--fail-on", "proved").returncode == 1
    lines = run_script(IN_PYTHON, folder).splitlines()
    assert lines[0] == "1 parked.test/suite/leaky.ask"
    assert lines[1] == f"('TestFirst',) ['{other}']"
    assert lines[2].startswith("2 /none/such cannot be read")


def test_a_report_in_parts(tmp_path: Path) -> None:
    """Without the proof, and incomplete: no clean bill."""
    folder = kept("1.27", tmp_path, packages=("clean",))
    assert parked("exec-summary", folder, "--fail-on", "proved").returncode == 0
    (file,) = folder.glob("*.json")
    whole = json.loads(file.read_text())
    # As parked writes it: the schema stands in front.
    file.write_text(
        json.dumps(
            {**whole, "proof": {"state": "withheld", "withheld": "a hole", "candidates": 0}},
            separators=(",", ":"),
        )
    )
    assert parked("exec-summary", folder).returncode == 0
    done = parked("exec-summary", folder, "--fail-on", "proved")
    assert done.returncode == 3
    assert "of 1 program: parked.test/suite/clean (a hole)" in done.stdout
    whole["incomplete"] = [{"what": "stack", "detail": "", "count": 1, "first_address": None}]
    file.write_text(json.dumps(whole, separators=(",", ":")))
    done = parked("exec-summary", folder)
    assert done.returncode == 3
    assert "incomplete  1 program" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "needs a folder"),
        (("/none/such",), "/none/such cannot be read: No such file"),
        (("/etc/passwd",), "/etc/passwd cannot be read: Not a directory"),
        (("/proc/self/task",), "has no reports of parked exec"),
        (("/tmp", "--baseline", "x"), "does not know '--baseline'"),
        (("/tmp", "--fail-on", "all"), "--fail-on 'all'"),
    ],
)
def test_words_that_make_no_sense(words: tuple[str, ...], says: str) -> None:
    done = parked("exec-summary", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_verdict_that_the_reports_do_not_have(tmp_path: Path) -> None:
    folder = kept("1.27", tmp_path, "--fail-on", "proved", packages=("orphaned",))
    assert summary(folder, "--fail-on", "proved")["findings"] == []
    done = parked("exec-summary", folder, "--fail-on", "orphan")
    assert done.returncode == 2
    assert "were made with --fail-on PROVED" in done.stderr


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Said before the program runs."""
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "below", "/proc/none"):
        done = run(PARKED, "exec", "--report-dir", folder, "--", "touch", tmp_path / "ran")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"--report-dir: {folder} cannot be written to: " in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "ran").exists()


def test_programs_of_one_name_and_id(tmp_path: Path) -> None:
    """Each in a process namespace of its own: their ids are the same."""
    binary = build_target("leaver", Build("1.27", "default"))
    words = ["unshare", "--pid", "--fork", "--mount-proc", PARKED]
    for _ in range(3):
        done = run(*words, "exec", "--report-dir", tmp_path, "--", binary, "leak", "exit:3")
        assert done.returncode == 3, done.stderr
    stems = {path.stem for path in tmp_path.iterdir()}
    (first,) = (stem for stem in stems if re.fullmatch(r"\S+-\d+", stem) and f"{stem}-2" in stems)
    assert stems == {first, f"{first}-2", f"{first}-3"}
    assert len(os.listdir(tmp_path)) == 9
    assert summary(tmp_path)["findings"][0]["count"] == 9


def test_other_programs_leave_no_report(tmp_path: Path) -> None:
    done = run(PARKED, "exec", "--report-dir", tmp_path, "--", "true")
    assert (done.returncode, done.stderr) == (0, "")
    assert os.listdir(tmp_path) == []
