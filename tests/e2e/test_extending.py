"""The recipes of docs/extending, followed in a copy of the tree: what they say is enough.

In the full matrix only, as it compiles the program once more."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, Core, run
from matrix import Build

NEEDED = ("CMakeLists.txt", "cli", "cmake", "core", "python/cmake")


@dataclass(frozen=True)
class Edit:
    """A text put behind another one, or a new file."""

    path: str
    behind: str
    text: str


RULE = (
    Edit("core/rules/rule.h", "  finalizerStuck,\n", "  toy,\n"),
    Edit(
        "core/rules/rule.cpp",
        '         "belongs into a goroutine that they start"},\n',
        '    Rule{RuleId::toy, "PK099", "toy that nobody plays with", "play with it"},\n',
    ),
    Edit(
        "core/rules/group_rules.cpp",
        "  const Evidence evidence = gather(analysis, group);\n",
        "  if (group.verdict == leak::Verdict::proved && snapshot.reasons[example.reason].kind ==\n"
        "      golang::ReasonClass::chanSend) {\n"
        '    return set(finding, RuleId::toy, "these are toys");\n'
        "  }\n",
    ),
)
TOYS = {"rule": (RULE, 3)}


def follow(edits: tuple[Edit, ...], tree: Path) -> None:
    for edit in edits:
        path = tree / edit.path
        before = path.read_text() if edit.behind else ""
        assert before.count(edit.behind) == 1 or not edit.behind, edit
        path.write_text(before.replace(edit.behind, edit.behind + edit.text) or edit.text)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """parked, with all toys."""
    if pytestconfig.getoption("--matrix") != "full":
        pytest.skip("compiles the program once more")
    tree = tmp_path_factory.mktemp("extended")
    for name in NEEDED:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name)
        else:
            shutil.copy(ROOT / name, tree / name)
    for edits, _ in TOYS.values():
        follow(edits, tree)
    off = [f"-DPARKED_{part}=OFF" for part in ("TESTS", "PYTHON", "LLDB")]
    flags = "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O0"
    for command in (
        ["cmake", "-S", tree, "-B", tree / "build", "-G", "Ninja", *off, flags],
        ["ninja", "-C", tree / "build", "--quiet"],
    ):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return tree / "build/cli/parked"


@pytest.mark.parametrize("toy", TOYS)
def test_no_more_files_than_promised(toy: str) -> None:
    edits, most = TOYS[toy]
    assert len({edit.path for edit in edits}) <= most
    page = (ROOT / f"docs/extending/{toy}.md").read_text()
    assert all(f"`{edit.path}`" in page or not edit.behind for edit in edits), "not in the recipe"
    for edit in edits:
        if edit.behind:
            assert (ROOT / edit.path).read_text().count(edit.behind) == 1, edit


def test_a_toy_rule_is_told_everywhere(
    extended: Path, kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    core = kernel_core("leakyweb", Build("1.22", "default"))
    text = run(extended, "core", core.binary, core.core, "report").stdout
    assert "PK099       toy that nobody plays with: play with it" in text
    document = json.loads(run(extended, "core", core.binary, core.core, "report", "--json").stdout)
    (found, *_) = [f for f in document["findings"] if f["rule"] == "PK099"]
    assert found["sentence"] == "these are toys" and found["verdict"] == "PROVED"
    assert found["documentation"] == "docs/rules.md#pk099"
    ignored = tmp_path / "known"
    ignored.write_text("IgnoreRule PK099\n")
    quiet = run(extended, "core", core.binary, core.core, "report", "--ignore-file", ignored)
    assert quiet.returncode == 0 and "PK099" not in quiet.stdout
