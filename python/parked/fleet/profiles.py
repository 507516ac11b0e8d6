"""Goroutine and goroutineleak profiles of runtime/pprof: the protocol buffer, and ``debug=1``.

A profile has the stacks of goroutines and how many have each, but neither who created them nor
since when; ``debug=1`` leaves out the runtime's functions, and so how most of them wait. The
message is the one of github.com/google/pprof/proto/profile.proto; only members that are read are
declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from .places import Frame
from .rows import Reading, text
from .text_groups import Judge, Stuck, groups_of
from .traceback import MOST_FRAMES
from .waits import reason_of_stack

#: Fields of each message: name, number, type; a type with a capital letter is another message.
_MESSAGES = {
    "Profile": (
        ("sample_type", 1, "ValueType", True),
        ("sample", 2, "Sample", True),
        ("mapping", 3, "Mapping", True),
        ("location", 4, "Location", True),
        ("function", 5, "Function", True),
        ("string_table", 6, "bytes", True),
        ("time_nanos", 9, "int64", False),
    ),
    "ValueType": (("type", 1, "int64", False), ("unit", 2, "int64", False)),
    "Sample": (("location_id", 1, "uint64", True), ("value", 2, "int64", True)),
    "Mapping": (("filename", 5, "int64", False), ("build_id", 6, "int64", False)),
    "Location": (("id", 1, "uint64", False), ("line", 4, "Line", True)),
    "Line": (("function_id", 1, "uint64", False), ("line", 2, "int64", False)),
    "Function": (
        ("id", 1, "uint64", False),
        ("name", 2, "int64", False),
        ("filename", 4, "int64", False),
    ),
}
_KINDS = ("goroutine", "goroutineleak")
_TOTAL = re.compile(r"(goroutine|goroutineleak) profile: total ([0-9]{1,18})")
_COUNT = re.compile(r"([0-9]{1,18}) @(?: 0x[0-9a-f]+)*")
_LINE = re.compile(r"#\t0x[0-9a-f]+\t(\S.*?)\+0x[0-9a-f]+\t+(\S.*):([0-9]{1,9})")


@cache
def _profile_class() -> Any:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    types = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="parked_profile.proto", package="parked.profiles", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = types.LABEL_REPEATED if repeated else types.LABEL_OPTIONAL
            of_message = kind[:1].isupper()
            message.field.add(
                name=field,
                number=number,
                label=label,
                type=types.TYPE_MESSAGE if of_message else getattr(types, f"TYPE_{kind.upper()}"),
                type_name=f".parked.profiles.{kind}" if of_message else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("parked.profiles.Profile")
    return message_factory.GetMessageClass(found)


class NotAProfileError(ValueError):
    """The bytes are no profile of goroutines; says why."""


class _Profile:
    def __init__(self, content: bytes) -> None:
        from google.protobuf.message import DecodeError

        self._read = _profile_class()()
        try:
            self._read.ParseFromString(content)
        except DecodeError as error:
            raise NotAProfileError(f"not a profile: {error}")
        types = [self.string(each.type) for each in self._read.sample_type]
        column = next((at for at, each in enumerate(types) if each in _KINDS), None)
        if column is None:
            told = f"it counts {', '.join(types)}" if any(types) else "it does not say of what"
            raise NotAProfileError(f"not a profile of goroutines: {told}")
        self.kind = types[column]
        self._column = column
        self._functions = {each.id: each for each in self._read.function}
        self._locations = {each.id: tuple(self._lines(each)) for each in self._read.location}

    def string(self, index: int) -> str:
        table = self._read.string_table
        return table[index].decode("utf-8", "replace") if 0 < index < len(table) else ""

    def _lines(self, location: Any) -> Iterator[Frame]:
        for line in location.line[:MOST_FRAMES]:
            function = self._functions.get(line.function_id)
            if function is not None:
                number = line.line if 0 <= line.line < 2**31 else 0
                yield Frame(self.string(function.name), self.string(function.filename), number)

    def stuck(self) -> Iterator[tuple[Stuck, int, int]]:
        for sample in self._read.sample:
            number = sample.value[self._column] if len(sample.value) > self._column else 0
            if number <= 0:
                continue
            frames: list[Frame] = []
            for location in sample.location_id[:MOST_FRAMES]:
                frames += self._locations.get(location, ())
            reason = reason_of_stack([frame.function for frame in frames])
            yield Stuck(tuple(frames), None, reason, self.kind == "goroutineleak"), number, 0

    def about(self) -> dict[str, Any]:
        """Columns of targets."""
        found: dict[str, Any] = {}
        nanoseconds = self._read.time_nanos
        if 0 < nanoseconds < 2**62:
            moment = datetime.fromtimestamp(nanoseconds / 1e9, timezone.utc)
            found["observed_at"] = moment.isoformat()
        for mapping in self._read.mapping[:1]:
            found["program"] = text(Path(self.string(mapping.filename)).name) or None
            found["build"] = text(self.string(mapping.build_id)) or None
        return found


def _said_by(kind: str) -> str:
    return f"Go's {kind} profile"


def read_profile(content: bytes, judge: Judge) -> Reading:
    """Of a profile that is unpacked already.

    Raises NotAProfileError.
    """
    profile = _Profile(content)
    reading = groups_of(_merged(profile.stuck()), judge, _said_by(profile.kind))
    reading.kind = "pprof"
    reading.target.update(profile.about())
    if profile.kind == "goroutineleak":
        reading.target["goroutines"] = None  # it has only those that are leaked
    return reading


def _merged(found: Iterable[tuple[Stuck, int, int]]) -> Iterator[tuple[Stuck, int, int]]:
    """Samples that differ in labels alone are one group."""
    counts: dict[Stuck, int] = {}
    for stuck, number, _ in found:
        counts[stuck] = counts.get(stuck, 0) + number
    return ((stuck, number, 0) for stuck, number in counts.items())


def is_debug1(first_line: str) -> bool:
    return _TOTAL.fullmatch(first_line) is not None


def read_debug1(lines: Iterable[str], judge: Judge) -> Reading:
    """Of the text that ``debug=1`` gives.

    Raises NotAProfileError.
    """
    iterator = iter(lines)
    first = _TOTAL.fullmatch(next(iterator, ""))
    if not first:
        raise NotAProfileError("not a goroutine profile with debug=1")
    leaked = first[1] == "goroutineleak"
    found: list[tuple[Stuck, int, int]] = []
    number, frames = 0, list[Frame]()

    def end() -> None:
        if number:
            reason = reason_of_stack([frame.function for frame in frames])
            found.append((Stuck(tuple(frames), None, reason, leaked), number, 0))

    for line in iterator:
        count = _COUNT.fullmatch(line)
        place = _LINE.fullmatch(line)
        if count:
            end()
            number, frames = int(count[1]), []
        elif place and len(frames) < MOST_FRAMES:
            frames.append(Frame(place[1], place[2], int(place[3])))
    end()
    reading = groups_of(_merged(found), judge, _said_by(first[1]))
    reading.kind = "pprof"
    there = sum(each[1] for each in found)
    if there < int(first[2]):
        reading.missing.append(f"the text ends early: {there:,} of {int(first[2]):,} goroutines")
    if leaked:
        reading.target["goroutines"] = None
    return reading
