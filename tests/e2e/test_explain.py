"""Rules explained where one is, and words that are nearly right."""

from __future__ import annotations

import re

from support.commands import gdb, parked
from support.paths import ROOT

RULES = (ROOT / "docs/rules.md").read_text()


def test_explain_says_what_the_documentation_says() -> None:
    names = re.findall(r"^## (PK\d+)$", RULES, re.MULTILINE)
    listed = parked("explain").stdout.splitlines()
    assert [line.split()[0] for line in listed] == names
    for name in names:
        section = RULES.split(f"\n## {name}\n")[1].split("\n## ")[0].strip("\n")
        explained = parked("explain", name)
        assert explained.returncode == 0
        assert section in explained.stdout
        assert re.search(rf"^{name}  \S.*\n\nFix: ", explained.stdout)
    assert parked("explain", "pk060").stdout == parked("explain", "PK060").stdout


def test_explain_what_there_is_not() -> None:
    result = parked("explain", "PK061X")
    assert result.returncode == 2
    assert "Did you mean 'PK061'?" in result.stderr


def test_explain_in_a_debugger() -> None:
    assert "Fix: defer response.Body.Close()" in gdb("parked explain PK060").stdout


def test_did_you_mean() -> None:
    result = parked("reprot")
    assert result.returncode == 2
    assert "Did you mean 'report'?" in result.stderr
