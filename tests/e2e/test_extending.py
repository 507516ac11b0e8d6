"""The recipes of docs/extending, followed in a copy of the tree: what they say is enough.

In the full matrix only, as it compiles the program once more."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.commands import run
from support.matrix import Build
from support.paths import ROOT
from support.running import Core

NEEDED = ("CMakeLists.txt", "cli", "cmake", "core", "docs", "python", "scripts")


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
        "  if (group.verdict == leak::Verdict::proved &&\n"
        "      snapshot.reasonOf(snapshot.goroutines[group.example]) ==\n"
        "          golang::ReasonClass::chanSend) {\n"
        '    return set(finding, RuleId::toy, "these are toys");\n'
        "  }\n",
    ),
)
FORMAT = (
    Edit(
        "core/report/format_toy.cpp",
        "",
        """\
#include <fmt/format.h>

#include "report/format.h"

namespace parked::report {

extern const Format kToyFormat = {
    .name = "toy",
    .help = "how many groups",
    .flag = true,
    .render = [](const Answer& answer, const TextStyle&,
                 const Sink& sink) { sink(fmt::format("{} groups\\n",
                                                      answer.report.grouping.groups.size())); },
};

}  // namespace parked::report
""",
    ),
    Edit(
        "core/report/formats.cpp",
        "namespace parked::report {\n\n",
        "extern const Format kToyFormat;\n",
    ),
    Edit("core/report/formats.cpp", "&kTextFormat,", " &kToyFormat,"),
)
RESOURCE = (
    Edit(
        "core/resources/toys/toys.cpp",
        "",
        """\
// Toys: the channels that somebody waits on.
#include "resources/kit.h"
#include "resources/resource.h"

namespace parked::resources {

namespace {

struct Toys {
  std::vector<Addr> all;
};

class Reading final : public Reader {
 public:
  explicit Reading(const Scene& scene) : scene_(scene) {}
  void judge(const Finder&, const Finder&) override {
    auto& toys = scene_.parts.make<Toys>().all;
    for (const golang::Channel& channel : scene_.snapshot.channels) toys.push_back(channel.address);
  }

 private:
  Scene scene_;
};

}  // namespace

extern const Resource kToys = {
    .reader = makeReader<Reading>,
    .section = {
        .name = "toys",
        .summary = "toys, and where they are",
        .text = "Every toy.",
        .render =
            [](const Report& report, std::uint64_t, const TextStyle&, const Sink& sink) {
              sink(fmt::format("{} toys\\n", report.resources->of<Toys>().all.size()));
            },
        .members =
            [](Document& document, std::uint64_t limit) {
              const auto& toys = document.report().resources->of<Toys>().all;
              document.array("toys", "toy", atMost(toys.size(), limit),
                             [&toys](JsonWriter& json, std::size_t i) { json.address(toys[i]); });
            },
    },
};

}  // namespace parked::resources
""",
    ),
    Edit(
        "core/resources/resources.cpp",
        "extern const Resource kTimers, kLocks, kHttp, kSql, kPools, kFiles, kContexts;\n",
        "extern const Resource kToys;\n",
    ),
    Edit("core/resources/resources.cpp", "constexpr std::array kResources = {\n", "    &kToys,\n"),
    Edit(
        "docs/schema/parked-1.schema.json",
        '    "schema": {"const": "parked/1", "description": "name and version of this format"},\n',
        """\
    "toys": {
      "type": "array",
      "items": {"$ref": "#/$defs/address"},
      "x-command": "toys",
      "description": "only with parked toys --json: addresses of toys"
    },
""",
    ),
)
TOYS = {"rule": (RULE, 3), "resource": (RESOURCE, 3), "format": (FORMAT, 2)}


def follow(edits: tuple[Edit, ...], tree: Path) -> None:
    for edit in edits:
        path = tree / edit.path
        before = path.read_text() if edit.behind else ""
        assert before.count(edit.behind) == 1 or not edit.behind, edit
        path.parent.mkdir(exist_ok=True)
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
    off = [f"-DPARKED_{part}=OFF" for part in ("TESTS", "PYTHON", "LLDB", "PAGE")]
    flags = "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O0"
    for command in (
        ["cmake", "-S", tree, "-B", tree / "build", "-G", "Ninja", *off, flags],
        ["ninja", "-C", tree / "build", "--quiet"],
    ):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return tree / "build/cli/parked"


def test_a_build_without_the_page_says_so(extended: Path) -> None:
    done = run(extended, "1", "report", "--format", "html")
    assert done.returncode == 2
    assert "this build of parked has no HTML page" in done.stderr
    assert "node" in done.stderr


def placeholder(path: str) -> str:
    """core/report/format_toy.cpp is core/report/format_X.cpp in a recipe; a folder is whole."""
    return re.sub(r"/toys/.*", "/X/*", re.sub(r"toy(?=\.)", "X", path))


@pytest.mark.parametrize("toy", TOYS)
def test_no_more_files_than_promised(toy: str) -> None:
    edits, most = TOYS[toy]
    assert len({edit.path for edit in edits}) <= most
    page = (ROOT / f"docs/extending/{toy}.md").read_text()
    for edit in edits:
        assert any(f"`{path}`" in page for path in (edit.path, placeholder(edit.path))), edit.path
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


def test_a_toy_resource_is_told_everywhere(
    extended: Path, kernel_core: Callable[..., Core]
) -> None:
    core = kernel_core("leakyweb", Build("1.22", "default"))
    assert "toys, and where they are" in run(extended, "help").stdout
    assert "Every toy." in run(extended, "help", "toys").stdout
    text = run(extended, "core", core.binary, core.core, "toys").stdout
    document = json.loads(run(extended, "core", core.binary, core.core, "toys", "--json").stdout)
    assert len(document["toys"]) > 3
    assert text.startswith(f"{len(document['toys'])} toys\n")
    # Python has what the schema says.
    tree = extended.parents[2]
    done = run(sys.executable, tree / "scripts/make-python-classes")
    assert done.returncode == 0, done.stderr
    made = (tree / "python/parked/document.py").read_text()
    assert "    toys: tuple[int, ...] = " in made
    assert "    def toys(self) -> tuple[int, ...]:" in made


def test_a_toy_format_is_told_everywhere(extended: Path, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("leakyweb", Build("1.22", "default"))
    assert "how many groups" in run(extended, "help", "report").stdout
    report = json.loads(run(extended, "core", core.binary, core.core, "report", "--json").stdout)
    for words in (("--toy",), ("--format", "toy")):
        done = run(extended, "core", core.binary, core.core, "report", *words)
        assert done.stdout == f"{len(report['groups'])} groups\n"
    wrong = run(extended, "core", core.binary, core.core, "report", "--format", "toi")
    assert "toy" in wrong.stderr
