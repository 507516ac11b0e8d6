"""What tests/targets/secrets has planted, and whether a file has any of it."""

from __future__ import annotations

import mmap
import re
from collections import Counter
from pathlib import Path

from support.paths import ROOT

LETTERS = b"abcdefghijklmnopqrstuvwxyz234567"
EACH = 30
LENGTH = 24
WINDOW = 6
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


class Secrets:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.kinds = kinds()
        self.windows: dict[bytes, tuple[str, int]] = {}
        for kind, is_number in self.kinds.items():
            for i in range(EACH):
                whole = number(seed, kind, i) if is_number else text(seed, kind, i).encode()
                self.add(whole, (kind, i))
        self.add(str(seed).encode(), ("seed", 0))
        self.add(seed.to_bytes(8, "little"), ("seed", 1))

    def add(self, secret: bytes, name: tuple[str, int]) -> None:
        for at in range(len(secret) - WINDOW + 1):
            self.windows[secret[at : at + WINDOW]] = name

    def inside(self, data: bytes | mmap.mmap) -> Counter[tuple[str, int]]:
        """Which of them, and how often a part of six bytes in a row."""
        found: Counter[tuple[str, int]] = Counter()
        for run in re.finditer(rb"[^\0]{%d,}" % WINDOW, data):
            part = run.group()
            for at in range(len(part) - WINDOW + 1):
                name = self.windows.get(part[at : at + WINDOW])
                if name is not None:
                    found[name] += 1
        return found

    def told_in(self, text: str) -> list[str]:
        """Those of which a half is in a text, whose words and addresses look like six letters of
        one of thousands now and then."""
        texts = (text_of for kind in self.kinds for text_of in self.texts(kind))
        return [secret for secret in texts if secret[: LENGTH // 2] in text]

    def texts(self, kind: str) -> list[str]:
        return [] if self.kinds[kind] else [text(self.seed, kind, i) for i in range(EACH)]

    def in_file(self, file: Path) -> Counter[tuple[str, int]]:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as data:
            return self.inside(data)

    def places(self, file: Path) -> list[tuple[int, tuple[str, int]]]:
        """Offsets in the file, for whoever wants to know where one is."""
        data = file.read_bytes()
        return [
            (run.start() + at, self.windows[run.group()[at : at + WINDOW]])
            for run in re.finditer(rb"[^\0]{%d,}" % WINDOW, data)
            for at in range(len(run.group()) - WINDOW + 1)
            if run.group()[at : at + WINDOW] in self.windows
        ]
