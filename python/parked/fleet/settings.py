"""What is asked of every input: bounds, the program that reads cores, how texts are judged."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from .text_groups import THRESHOLD

GIB = 1024**3


@dataclass(frozen=True)
class Settings:
    """Travels to each worker with the input."""

    #: The program ``parked``; a path, or a name that is looked for in PATH.
    parked: str = "parked"
    #: Address space that reading one input may take, in bytes; None: as its size asks for.
    memory: int | None = None
    #: Seconds that fetching, unpacking and reading one input may take, all together.
    timeout: float = 900.0
    #: Bytes that an input may have once it is unpacked.
    most_bytes: int = 64 * GIB
    #: LeakProf's threshold for texts and profiles.
    threshold: int = THRESHOLD
    #: Import paths of the program's modules, for texts and profiles.
    modules: tuple[str, ...] = ()
    #: Folder for what is fetched; None: the worker's own.
    scratch: str | None = None

    def key(self) -> str:
        """What results depend on, as a text."""
        told = asdict(self)
        relevant = {name: told[name] for name in ("threshold", "modules", "most_bytes")}
        return hashlib.sha256(json.dumps(relevant).encode()).hexdigest()[:16]
