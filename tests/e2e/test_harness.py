"""What the other tests rely on: they must not pass, or wait for ever, where nothing was tested."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support import running
from support.damage_places import PLACES, spread
from support.terminal import port_in


def test_without_kernel_cores_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "kernel_writes_cores_here", lambda: False)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="core_pattern"):
        running.need_kernel_cores()
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception, match="core_pattern"):
        running.need_kernel_cores()
    monkeypatch.setattr(running, "kernel_writes_cores_here", lambda: True)
    running.need_kernel_cores()


@pytest.mark.parametrize("command", [["sleep", "60"], ["false"]], ids=["silent", "ended"])
def test_a_server_that_tells_no_port(command: list[str], tmp_path: Path) -> None:
    told = tmp_path / "port"
    told.touch()
    server = subprocess.Popen(command, text=True)
    with pytest.raises(AssertionError, match="does not listen"):
        port_in(told, server, seconds=0.2)
    assert server.poll() is not None


def test_places_are_taken_from_all_over() -> None:
    for count in (0, 1, PLACES, PLACES + 1, 1000):
        taken = spread(list(range(count)))
        assert len(taken) <= PLACES and len(set(taken)) == len(taken)
        assert not taken or (taken[0] == 0 and taken[-1] >= count - 1 - count / 2)
