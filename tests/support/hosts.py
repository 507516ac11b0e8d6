"""Hosts with addresses of their own on this machine: network namespaces on a bridge."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

NETWORK = "10.213.71"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def hosts(number: int) -> Iterator[list[str]]:
    """Names of namespaces, which reach each other and this one at 10.213.71.1.

    Raises OSError or subprocess.CalledProcessError where nobody may make any.
    """
    tag = f"pk{os.getpid() % 100_000}"
    made: list[list[str]] = []
    try:
        _ip("link", "add", tag, "type", "bridge")
        made.append(["link", "del", tag])
        _ip("addr", "add", f"{NETWORK}.1/24", "dev", tag)
        _ip("link", "set", tag, "up")
        names = []
        for index in range(number):
            name, outside = f"{tag}-{index}", f"{tag}v{index}"
            _ip("netns", "add", name)
            made.append(["netns", "del", name])
            _ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", outside, "master", tag, "up")
            inside = ("netns", "exec", name, "ip")
            _ip(*inside, "addr", "add", f"{NETWORK}.{index + 2}/24", "dev", "eth0")
            _ip(*inside, "link", "set", "eth0", "up")
            _ip(*inside, "link", "set", "lo", "up")
            names.append(name)
        yield names
    finally:
        for words in reversed(made):
            subprocess.run(["ip", *words], capture_output=True)
