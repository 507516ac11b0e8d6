"""What tests/targets/secrets has planted, and whether a file has any of it."""

from __future__ import annotations

import mmap
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from support.paths import ROOT

LETTERS = b"abcdefghijklmnopqrstuvwxyz234567"
EACH = 30
LENGTH = 24
WINDOW = 6
CHUNK = 1 << 20  # searched at a time, in bytes
MASK = (1 << 64) - 1
OF_TEST = ("argument", "environment")  # planted by whoever starts the program


def random(seed: int, kind: str, i: int, step: int) -> int:
    x = seed
    for c in kind.encode():
        x = (x * 31 + c) & MASK
    x = (x + 0x9E3779B97F4A7C15 * (i * 64 + step + 1)) & MASK
    x ^= x >> 30
    x = x * 0xBF58476D1CE4E5B9 & MASK
    x ^= x >> 27
    x = x * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def text(seed: int, kind: str, i: int) -> str:
    return "".join(chr(LETTERS[random(seed, kind, i, at) % 32]) for at in range(LENGTH))


def number(seed: int, kind: str, i: int) -> bytes:
    return (random(seed, kind, i, 0) | 0x0101010101010101).to_bytes(8, "little")


def kinds() -> dict[str, bool]:
    """Those that the program's source names; whether they are numbers."""
    source = "\n".join(
        path.read_text() for path in sorted((ROOT / "tests/targets/secrets").glob("*.go"))
    )
    found = {
        name: made == "number"
        for made, name in re.findall(r'\b(text|bytes|array|number)\("([^"]+)"', source)
    }
    parts = re.findall(r'\b(text|array|number)\(kind\+"([^"]+)"', source)
    for account in re.findall(r'newAccount\("([^"]+)"', source):
        found |= {account + part: made == "number" for made, part in parts}
    return found | {name: False for name in OF_TEST}


class Windows:
    """Every six bytes in a row of the secrets, and whose they are."""

    def __init__(self) -> None:
        self.names: dict[bytes, tuple[str, int]] = {}

    def add(self, secret: bytes, name: tuple[str, int]) -> None:
        for at in range(len(secret) - WINDOW + 1):
            self.names[secret[at : at + WINDOW]] = name

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        return np.array([int.from_bytes(each, "little") for each in self.names], np.uint64)

    @cached_property
    def beginnings(self) -> NDArray[np.bool_]:
        """Which three bytes one of them begins with: few others have to be looked at closer."""
        table = np.zeros(1 << 24, np.bool_)
        table[self.keys & np.uint64(0xFFFFFF)] = True
        return table

    def places(self, data: bytes | mmap.mmap) -> Iterator[int]:
        """Where one is in the data."""
        for start in range(0, len(data), CHUNK):
            part = np.frombuffer(data[start : start + CHUNK + WINDOW - 1], np.uint8)
            count = len(part) - WINDOW + 1
            if count <= 0 or not part.any():
                continue
            three = part[:count].astype(np.uint32)
            for i in (1, 2):
                three |= part[i : count + i].astype(np.uint32) << (8 * i)
            at = np.flatnonzero(self.beginnings[three])
            key = three[at].astype(np.uint64)
            for i in range(3, WINDOW):
                key |= part[at + i].astype(np.uint64) << np.uint64(8 * i)
            yield from (start + at[np.isin(key, self.keys)]).tolist()


class Secrets:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.kinds = kinds()
        self.windows = Windows()
        self.halves: dict[bytes, str] = {}
        for kind, is_number in self.kinds.items():
            for i in range(EACH):
                if is_number:
                    self.windows.add(number(seed, kind, i), (kind, i))
                    continue
                whole = text(seed, kind, i)
                self.windows.add(whole.encode(), (kind, i))
                self.halves[whole[: LENGTH // 2].encode()] = whole
        self.windows.add(str(seed).encode(), ("seed", 0))
        self.windows.add(seed.to_bytes(8, "little"), ("seed", 1))

    def inside(self, data: bytes | mmap.mmap) -> Counter[tuple[str, int]]:
        """Which of them, and how often a part of six bytes in a row."""
        return Counter(
            self.windows.names[data[at : at + WINDOW]] for at in self.windows.places(data)
        )

    def told_in(self, text: str) -> set[str]:
        """Those of which a half is in a text, whose words and addresses look like six letters of
        one of thousands now and then."""
        data = text.encode()
        halves = (data[at : at + LENGTH // 2] for at in self.windows.places(data))
        return {self.halves[half] for half in halves if half in self.halves}

    def in_file(self, file: Path) -> Counter[tuple[str, int]]:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as data:
            return self.inside(data)

    def places(self, file: Path) -> list[tuple[int, tuple[str, int]]]:
        """Offsets in the file, for whoever wants to know where one is."""
        data = file.read_bytes()
        return [
            (at, self.windows.names[data[at : at + WINDOW]]) for at in self.windows.places(data)
        ]
