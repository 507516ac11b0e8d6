"""The cases of a select: which can still become ready, and by whom."""

from __future__ import annotations

import json
from collections.abc import Callable

from support.commands import parked
from support.matrix import Build
from support.running import Core

# By the functions of tests/targets/cases: what is expected of each case, in source order.
EXPECTED = {
    "main.lost": ["timer", "nobody", "reached", "nobody"],
    "main.held": ["timer", "reached", "reached", "reached"],
    "main.local": ["reached", "reached"],
    "main.ending": ["reached", "nobody"],
    "main.shared": ["reached", "reached"],
}


def test_cases(wherever: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("cases", wherever)
    report = json.loads(parked("core", core.binary, core.core, "report", "--json").stdout)
    assert report["proof"]["withheld"] is None
    seen = []
    for goroutine in report["goroutines"]:
        function = next((f["func"] for f in goroutine["frames"] if f["func"] in EXPECTED), "")
        if not function:
            continue
        seen.append(function)
        command = ("goroutine", goroutine["id"])
        answer = parked("core", core.binary, core.core, *command, "--json")
        assert answer.returncode == 0, answer.stderr
        cases = json.loads(answer.stdout)["cases"]
        assert [case["channel"] for case in cases] == [
            wait["address"] for wait in goroutine["waiting_on"]
        ]
        by_case = {case["select_case"]: case["outlook"] for case in cases}
        if None not in by_case:
            assert [by_case[i] for i in sorted(by_case)] == EXPECTED[function], function
        assert sorted(case["outlook"] for case in cases) == sorted(EXPECTED[function]), function
        text = parked("core", core.binary, core.core, *command).stdout
        assert text.count("nobody but this goroutine has") == EXPECTED[function].count("nobody")
        if function == "main.lost" and wherever.symbols:
            assert "others have it: main.jobs (global chan int)" in text
    assert sorted(seen) == sorted([*EXPECTED, "main.shared"])
