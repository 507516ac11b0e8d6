"""A cluster of hosts that have addresses of their own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.dask_cluster import DaskCluster
from support.fleet import Fleet
from support.gated import until
from support.hosts import NETWORK, hosts
from support.paths import PARKED

pytestmark = pytest.mark.usefixtures("full")


@pytest.fixture
def cores(dumps: list[Path], tmp_path: Path) -> Path:
    """Twelve of which each is another."""
    from backports import zstd

    made = tmp_path / "in"
    made.mkdir()
    core = zstd.decompress(dumps[0].read_bytes())
    for number in range(12):
        (made / f"{number}.core").write_bytes(core + bytes([number + 1]))
    return made


def told_where(folder: Path) -> Path:
    """parked, that tells with which address it runs."""
    program = folder / "parked"
    told = f"ip -o -4 addr show eth0 >> {folder}/where"
    program.write_text(f'#!/bin/sh\ncase "$*" in *report*) {told} ;; esac\nexec {PARKED} "$@"\n')
    program.chmod(0o755)
    return program


def test_two_hosts(fleet: Fleet, cores: Path, tmp_path: Path) -> None:
    """Each of two workers behind its own address has done a part."""
    try:
        namespaces = hosts(2)
        names = namespaces.__enter__()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no network namespaces can be made here (root may)")
    try:
        with DaskCluster(tmp_path / "dask", f"{NETWORK}.1") as cluster:
            for name in names:
                cluster.worker(prefix=("ip", "netns", "exec", name))
            assert cluster.address.startswith(f"tcp://{NETWORK}.1:")
            until(lambda: cluster.logs().count("Registered to") == 2, "a worker does not come")
            words = (cores, "--scheduler", cluster.address)
            done = fleet.analyze(*words, parked=told_where(tmp_path))
    finally:
        namespaces.__exit__(None, None, None)
    assert done.stdout.startswith("12 inputs: 12 ok; "), done.stdout + done.stderr
    where = re.findall(rf"{NETWORK}\.[0-9]+", (tmp_path / "where").read_text())
    assert set(where) == {f"{NETWORK}.2", f"{NETWORK}.3"}
