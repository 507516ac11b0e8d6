"""A core that is cut while it is read: no signal ends the program, and the report says so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import parked
import pytest

SHORTER = "became shorter while it was read"


@pytest.fixture
def copy(core: Path, tmp_path: Path) -> Path:
    """The core, to be damaged."""
    return Path(shutil.copyfile(core, tmp_path / "core"))


def cut_while_opened(core: Path, program: Path, size: int) -> parked.Session:
    """Cuts the core when its headers were read, and not much else."""

    def progress(stage: str, _done: int, _total: int) -> None:
        if core.stat().st_size > size:
            os.truncate(core, size)

    return parked.open_core(core, program, progress=progress)


def test_nothing_is_proved_of_a_core_that_changed(copy: Path, program: Path) -> None:
    with cut_while_opened(copy, program, copy.stat().st_size - 1) as session:
        result = session.execute("report")
        document = session.json()
    assert result.exit_code == 3
    assert f"core file: it {SHORTER}" in result.output
    assert document["proof"]["state"] == "withheld"
    assert document["proof"]["withheld"] == f"the core file {SHORTER}"
    assert ("core file", f"it {SHORTER}") in [
        (entry["what"], entry["detail"]) for entry in document["incomplete"]
    ]


def test_half_of_the_core_goes_away(copy: Path, program: Path) -> None:
    # What is left may not be enough for a report.
    try:
        session = cut_while_opened(copy, program, copy.stat().st_size // 2)
    except parked.Error as error:
        assert f"the core file {SHORTER}" in str(error)
        assert error.exit_code == 2
        return
    with session:
        result = session.execute("report")
    assert result.exit_code == 3
    assert SHORTER in result.output


def test_between_two_commands(copy: Path, program: Path) -> None:
    with parked.open_core(copy, program) as session:
        assert session.execute("info").error == ""
        os.truncate(copy, 4096)
        result = session.execute("report")
        assert result.exit_code == 3
        assert result.error == f"the core file {SHORTER}: not all of this need be true"
