"""The user's line: of goroutines that block inside of libraries, and who sent them there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.building import build_target
from support.commands import parked, truth_of
from support.matrix import Build
from support.running import Core, Running, need_kernel_cores

Json = dict[str, Any]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" not in metafunc.fixturenames:
        return
    quick = [Build("1.18", "default"), Build("1.27", "stripped")]
    ci = [*quick, Build("1.20", "cgo"), Build("1.26", "trimpath")]
    full = [
        Build(f"1.{minor}", mode)
        for minor in range(18, 28)
        for mode in ("default", "stripped", "trimpath", "cgo", "noopt")
    ]
    rows = {"quick": quick, "ci": ci, "full": full}
    metafunc.parametrize("row", rows[metafunc.config.getoption("--matrix")], ids=str)


def report_of(core: Core, *words: str) -> Json:
    done = parked("core", core.binary, core.core, "report", "--json", "--all", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def short(frame: Json | None) -> str:
    return frame["func"].rpartition("/")[2] if frame else ""


def test_places_are_the_users(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("callers", row)
    truth = truth_of(core.output)["places"]
    assert len(truth) == (10 if row.cgo else 8)
    groups = [g for g in report_of(core)["groups"] if not g["system"]]
    found = {}
    for group in groups:
        frame = group["user_frame"]
        assert "cgo_gotypes" not in frame["file"]
        found[frame["func"], Path(frame["file"]).name, frame["line"]] = group
    for place in truth:
        group = found[place["func"], place["file"], place["line"]]
        assert group["user_frame_of"] == place["of"]
        assert short(group["library_frame"]) == place["library"]


def test_of_libraries_alone_it_is_told_who_called(
    row: Build, kernel_core: Callable[..., Core]
) -> None:
    groups = report_of(kernel_core("callers", row))["groups"]
    by_user = {short(group["user_frame"]): group for group in groups if not group["system"]}
    near = by_user["near.serve"]
    assert near["user_frame_of"] == "local_module"
    assert short(near["library_frame"]) == "queue.(*Queue).next"
    work = by_user["queue.work"]
    assert (work["user_frame_of"], work["library_frame"]) == ("library", None)
    assert short(work["created_by"]) == "queue.supervise"
    if row.go >= "1.21":  # since then a goroutine knows who created it
        assert short(near["origin"]) == "main.main"
        # Its creator is of the library, too, and lives: main.main started that.
        assert short(work["origin"]) == "main.main"
        assert work["origin"]["how"] in ("created", "stands")
    left = by_user["queue.left"]
    assert short(left["created_by"]) == "queue.Leave"
    assert left["origin"] is None, "its creator has ended"


def test_what_the_runtime_noted(
    row: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_kernel_cores()
    monkeypatch.setenv("GODEBUG", "tracebackancestors=5")
    with Running(build_target("callers", row), tmp_path) as target:
        core = target.abort()
    groups = report_of(core)["groups"]
    left = next(g for g in groups if short(g["user_frame"]) == "queue.left")
    assert short(left["origin"]) == "main.opener"
    assert left["origin"]["how"] == "called"
    text = parked("core", core.binary, core.core, "report", "--all").stdout
    assert re.search(r"called from +main\.opener ", text)


def test_text_tells_groups_apart(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("callers", row)
    text = parked("core", core.binary, core.core, "report", "--all").stdout
    blocks = [block for block in text.split("\n\n") if "main.take" in block]
    assert len(blocks) == 2
    assert {"main.first" in block for block in blocks} == {True, False}
    assert {"main.second" in block for block in blocks} == {True, False}
    assert all("called from" in block for block in blocks)
    if row.cgo:
        block = next(b for b in text.split("\n\n") if "main.(*job).run" in b)
        assert "in C code" in block.splitlines()[0]
        assert "_cgo_gotypes.go" not in text
