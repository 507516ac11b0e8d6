"""--ignore-file quiets what it names, says so, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked
from support.matrix import Build
from support.running import Running

GO = "1.24"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Running:
    folder = tmp_path_factory.mktemp("allow-list")
    with Running(build_target("twins", Build(GO, "default")), folder) as target:
        yield target


def report(service: Running, *options: object) -> dict:
    result = parked(service.pid, "report", "--json", *options)
    assert result.stdout, result.stderr
    return json.loads(result.stdout)


def leaks(document: dict) -> list[dict]:
    return [group for group in document["groups"] if group["verdict"] == "PROVED"]


@pytest.mark.parametrize("word", ["IgnoreTopFunction", "IgnoreAnyFunction", "IgnoreCreatedBy"])
def test_words(service: Running, word: str, tmp_path: Path) -> None:
    before = report(service)
    assert before["selection"]["quieted"] == 0
    group = next(g for g in leaks(before) if g["user_frame"] and g["created_by"])
    place = group["created_by"] if word == "IgnoreCreatedBy" else group["user_frame"]
    allowed = tmp_path / "list"
    allowed.write_text(f"# known\n\n{word}   {place['func']} # and meant\n")
    after = report(service, "--ignore-file", allowed)
    quieted = after["selection"]["quieted"]
    assert quieted >= group["count"]
    assert after["selection"]["goroutines"] == before["selection"]["goroutines"] - quieted
    assert len(leaks(after)) < len(leaks(before))
    assert (
        f"quieted     {quieted} goroutine"
        in parked(service.pid, "report", "--ignore-file", allowed).stdout
    )
    assert len(after["findings"]) < len(before["findings"])


def test_everything_known_is_no_failure(service: Running, tmp_path: Path) -> None:
    before = report(service)
    assert parked(service.pid, "report", "--fail-on", "proved").returncode == 1
    names = {frame["func"] for g in before["goroutines"] for frame in g["frames"]}
    allowed = tmp_path / "list"
    allowed.write_text("".join(f"IgnoreAnyFunction {name}\n" for name in names if " " not in name))
    result = parked(service.pid, "report", "--fail-on", "proved", "--ignore-file", allowed)
    assert result.returncode == 0


def test_a_rule(service: Running, tmp_path: Path) -> None:
    before = report(service)
    rule = before["findings"][0]["rule"]
    allowed = tmp_path / "list"
    allowed.write_text(f"IgnoreRule {rule}\n")
    after = report(service, "--ignore-file", allowed)
    assert {f["rule"] for f in after["findings"]} == {f["rule"] for f in before["findings"]} - {
        rule
    }
    assert after["selection"]["quieted"] == 0


@pytest.mark.parametrize("text", ["IgnoreTop main.f\n", "IgnoreTopFunction\n", "IgnoreRule a b\n"])
def test_a_malformed_file_names_its_line(service: Running, text: str, tmp_path: Path) -> None:
    allowed = tmp_path / "list"
    allowed.write_text("# one\n" + text)
    result = parked(service.pid, "report", "--ignore-file", allowed)
    assert result.returncode == 2
    assert f"{allowed}:2: expected" in result.stderr
    assert result.stdout == ""


def test_no_such_file(service: Running, tmp_path: Path) -> None:
    result = parked(service.pid, "report", "--ignore-file", tmp_path / "none")
    assert result.returncode == 2
    assert "cannot be read" in result.stderr
