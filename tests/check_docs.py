"""Checks that what the documentation names is there: files, functions, and the targets of links."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))

from support import matrix  # noqa: E402

ROOMS = "core|cli|python|gdb_scripts|lldb_plugin|tests|scripts|docs|bench|cmake|web"
# `core/rules/rule.cpp`, `scripts/test`; {a,b} are several, * and the words below are any.
PATH = re.compile(rf"`((?:{ROOMS})/[\w./{{}},*-]+)")
ANY = re.compile(r"(?<![A-Za-z])(NAME|X|MATRIX)(?![A-Za-z])")
# `takeSnapshot`, `Walker::collect`: names of the code in what explains it.
NAME = re.compile(r"`([a-z]+[A-Z]\w*|[A-Z][a-z]+(?:[A-Z]\w*)+)`")
MEMBER = re.compile(r"`(?:\w+::)*([A-Z]\w*)::(\w+)`")
EXPLAINS = ("CONTRIBUTING.md", "docs/architecture.md", "docs/extending/")
LINK = re.compile(r"\]\(([^)#\s]+)?(?:#([\w-]+))?\)")


def listed(*words: str) -> list[Path]:
    """What `git ls-files` lists and is there: what is deleted and not yet staged it lists, too."""
    done = subprocess.run(
        ["git", "ls-files", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for name in done.stdout.split() if (path := ROOT / name).exists()]


def documents() -> list[Path]:
    # The changelog tells what was, too.
    found = listed("-co", "--exclude-standard", "*.md")
    return [path for path in found if path != ROOT / "CHANGELOG.md"]


def alternatives(path: str) -> list[str]:
    found = re.search(r"\{([^}]*)\}", path)
    if not found:
        return [path]
    return [
        one
        for word in found[1].split(",")
        for one in alternatives(path[: found.start()] + word + path[found.end() :])
    ]


def anchors(document: Path) -> set[str]:
    """As they are made of headlines."""
    lines = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL).splitlines()
    titles = [line.lstrip("# ") for line in lines if re.match(r"#+ ", line)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def wrong_paths(document: Path) -> list[str]:
    wrong = []
    for path in PATH.findall(document.read_text()):
        for one in alternatives(path.rstrip(".,/")):
            if one.endswith("/all"):  # a target of ninja
                continue
            if not list(ROOT.glob(ANY.sub("*", one))):
                wrong.append(one)
    return wrong


def wrong_links(document: Path) -> list[str]:
    wrong = []
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    for file, anchor in LINK.findall(text):
        if "://" in file:
            continue
        target = (document.parent / file).resolve() if file else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(f"{file}#{anchor}" if anchor else file)
    return wrong


@cache
def sources() -> list[str]:
    """The texts of all sources, and of what Go's runtime is asked for."""
    paths = listed("*.cpp", "*.h", "*.py", "*.txt", "*.json", "scripts/*")
    return [path.read_text(errors="replace") for path in paths]


@cache
def words() -> set[str]:
    return {word for text in sources() for word in re.findall(r"\w+", text)}


@cache
def is_member(kind: str, name: str) -> bool:
    definition = re.compile(rf"\b(?:class|struct) {kind}\b")
    word = re.compile(rf"\b{name}\b")
    return any(
        f"{kind}::{name}" in text or (definition.search(text) and word.search(text))
        for text in sources()
    )


def wrong_names(document: Path) -> list[str]:
    text = document.read_text()
    return [name for name in NAME.findall(text) if name not in words()] + [
        f"{kind}::{name}" for kind, name in MEMBER.findall(text) if not is_member(kind, name)
    ]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_it_names_is_there(document: Path) -> None:
    assert wrong_paths(document) == []
    assert wrong_links(document) == []
    if str(document.relative_to(ROOT)).startswith(EXPLAINS):
        assert wrong_names(document) == []


def test_what_is_not_there_is_seen(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "# One\n`core/rooms.txt` `core/nothing.cpp` `tests/{conftest,none}.py` `core/*/heap.h`\n"
        "[a](a.md#one) [b](a.md#two) [c](b.md) [d](#one)\n"
    )
    assert wrong_paths(document) == ["core/nothing.cpp", "tests/none.py"]
    assert wrong_links(document) == ["a.md#two", "b.md"]
    missing = "take" + "Nothing"
    document.write_text(f"`Walker::collect` `takeSnapshot` `{missing}` `Walker::{missing}`\n")
    assert wrong_names(document) == [missing, f"Walker::{missing}"]


def rows(text: str, headline: str) -> list[list[str]]:
    """The cells of the table whose first line begins with `headline`."""
    lines = text[text.index(headline) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_what_is_supported_is_what_the_matrix_runs() -> None:
    text = (ROOT / "docs/support.md").read_text()
    releases = {cells[0]: re.findall("`(.+?)`", cells[1]) for cells in rows(text, "| release |")}
    in_ci: dict[str, list[str]] = {go: [] for go in matrix.RELEASES}
    for build in matrix.builds("ci"):
        in_ci[build.go].append(build.mode)
    assert releases == in_ci
    modes = {cells[0].strip("`"): cells[1] for cells in rows(text, "| mode |")}
    assert list(modes) == list(matrix.BUILD_FLAGS)
    for mode, flags in matrix.BUILD_FLAGS.items():
        assert re.findall("`(-.+?)`", modes[mode]) == flags, mode


def test_every_skip_is_told() -> None:
    text = (ROOT / "docs/support.md").read_text().split("## What is skipped")[1]
    skips = re.compile(r"pytest\.skip\(|importorskip\(|GTEST_SKIP\(")
    tests = [*ROOT.glob("tests/*/test_*.py"), *ROOT.glob("tests/unit/*/*_test.cpp")]
    skipping = [path.name for path in tests if skips.search(path.read_text())]
    assert len(skipping) > 5
    assert [name for name in skipping if name not in text] == []
