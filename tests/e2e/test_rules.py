"""The programs of docs/rules.md: each rule fires on the bad one and is silent on the good one."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
from functools import cache
from pathlib import Path

import pytest
from conftest import CACHE, ROOT, go_environment, parked
from matrix import RELEASES

DOCUMENT = (ROOT / "docs/rules.md").read_text()
RULE_TABLE = (ROOT / "core/rules/rule.cpp").read_text()
SECTIONS = {
    section.split("\n", 1)[0]: re.findall(r"^```go\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for section in DOCUMENT.split("\n## ")[1:]
}
# By then a good program has nobody left who is blocked.
LONG_ENOUGH = 0.4
AT_MOST = 15.0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "go" in metafunc.fixturenames:
        matrix = metafunc.config.getoption("--matrix")
        rows = {"quick": ["1.22"], "ci": ["1.18", "1.22", "1.27"], "full": list(RELEASES)}
        metafunc.parametrize("go", rows[matrix])


def test_every_rule_has_its_section() -> None:
    assert list(SECTIONS) == re.findall(r'"(PK\d+)"', RULE_TABLE)
    assert all(len(programs) == 2 for programs in SECTIONS.values())


@cache
def programs(go: str) -> Path:
    """Folder with all the programs, built in one go: PK001-bad, PK001-good, …"""
    name = hashlib.sha256(DOCUMENT.encode()).hexdigest()[:16]
    folder = CACHE / f"rules-{RELEASES[go]}-{name}"
    binaries = folder / "bin"
    if binaries.exists():
        return binaries
    for rule, sources in SECTIONS.items():
        for kind, source in zip(("bad", "good"), sources, strict=True):
            package = folder / f"{rule}-{kind}"
            package.mkdir(parents=True, exist_ok=True)
            (package / "main.go").write_text(source)
    (folder / "go.mod").write_text(f"module parked.test/rules\n\ngo {go}\n")
    partial = folder / "partial"
    partial.mkdir(exist_ok=True)
    subprocess.run(
        ["go", "build", "-o", f"{partial}/", "./..."],
        cwd=folder,
        env=go_environment(go),
        check=True,
    )
    partial.rename(binaries)
    return binaries


def findings(pid: int) -> list[dict]:
    result = parked(pid, "report", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["findings"]


@pytest.mark.parametrize("rule", SECTIONS)
def test_rule(rule: str, go: str) -> None:
    folder = programs(go)
    with subprocess.Popen([folder / f"{rule}-bad"]) as bad:
        try:
            deadline = time.monotonic() + AT_MOST
            found = findings(bad.pid)
            while {f["rule"] for f in found} != {rule} and time.monotonic() < deadline:
                time.sleep(0.1)
                found = findings(bad.pid)
            assert {f["rule"] for f in found} == {rule}
            assert found[0]["place"]["func"].startswith("main.")
            assert found[0]["documentation"] == f"docs/rules.md#{rule.lower()}"
            text = parked(bad.pid, "report").stdout
            assert f" {rule} " in text
        finally:
            bad.kill()
    with subprocess.Popen([folder / f"{rule}-good"]) as good:
        try:
            time.sleep(LONG_ENOUGH)
            assert findings(good.pid) == []
            assert good.poll() is None
        finally:
            good.kill()
