"""What the classes of document.py have besides the members of the JSON document.

scripts/make-python-classes derives each class from the one of the same name here, if there is one.
These are names that came before the classes were made from the schema, and short ways to what is
asked for often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import document
    from ._reading import Json


class Origin:
    func: str
    file: str
    line: int
    instance: str

    @property
    def place(self) -> document.Place:
        """Its line of source."""
        from .document import Place

        return Place(func=self.func, file=self.file, line=self.line, instance=self.instance)


class SqlPool:
    waiting: tuple[document.SqlWaiter, ...]

    @property
    def waiters(self) -> tuple[int, ...]:
        """Ids of the goroutines that wait for a connection."""
        return tuple(waiter.goroutine for waiter in self.waiting)


class OpenFile:
    waits_to_read: document.FileWaiter | None
    waits_to_write: document.FileWaiter | None

    @property
    def reader(self) -> int | None:
        """Id of the goroutine that waits to read or accept."""
        return self.waits_to_read.goroutine if self.waits_to_read else None

    @property
    def writer(self) -> int | None:
        """Id of the goroutine that waits to write or connect."""
        return self.waits_to_write.goroutine if self.waits_to_write else None


class Timer:
    repeats_ns: int | None

    @property
    def period_ns(self) -> int:
        """Nanoseconds between two ticks; 0 for a timer that fires once."""
        return self.repeats_ns or 0


class Target:
    path: str
    process: int | None

    @property
    def executable(self) -> str:
        """Path of the executable; empty if it is not known."""
        return self.path

    @property
    def pid(self) -> int:
        """Process id; 0 if it is not known."""
        return self.process or 0


class WayStep:
    field: str

    @property
    def field_name(self) -> str:
        """The word that leads on, as in the source; empty if its name is not known."""
        return self.field


class Document:
    schema: str
    raw: Json

    @property
    def version(self) -> str:
        """Name and version of the format: "parked/1"."""
        return self.schema

    @property
    def other_runtimes(self) -> tuple[document.Document, ...]:
        """Where the process has several Go runtimes: the documents of the others."""
        from .document import Document

        others = self.raw.get("other_runtimes")
        if not isinstance(others, list):
            return ()
        return tuple(Document.from_json(each) for each in others if isinstance(each, dict))
