"""What is new, gone or grown between two reports, and lists of known leaks."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path as _Path
from typing import TYPE_CHECKING, Union

from . import _parked
from .difference import Difference
from .errors import Error
from .session import Session

if TYPE_CHECKING:
    from .session import Progress

    Path = Union[str, "os.PathLike[str]"]
    #: A core, a JSON report that was kept, the id of a live process, or what was opened already.
    Side = Union[int, Session, Path]


def diff(
    a: Side,
    b: Side,
    *,
    baseline: Path | None = None,
    ignore_file: Path | None = None,
    stop: bool = True,
    max_pause: float = 1.0,
    progress: Progress | None = None,
) -> Difference:
    """Compares two reports by fingerprint, as ``parked diff A B`` (docs/diff.md).

    ``a`` and ``b`` are each the path of a core or of a JSON report (``--json``, ``--jsonl``), the
    id of a live process as a number, or a :class:`parked.Session`; of one process at two times, or
    of two builds.

    ``baseline`` is a list of known leaks: :attr:`Changed.known` says which it has. ``ignore_file``
    is an allow-list. Live processes are read as :func:`parked.attach` does, with ``stop`` and
    ``max_pause`` in seconds. Raises :class:`parked.Error`.

    >>> for change in parked.diff("before.json", 4711).findings:
    ...     if change.change in ("new", "grown"):
    ...         print(change.rule, change.func, change.before, "->", change.after)
    """
    options: list[str] = ["--json"]
    if baseline is not None:
        options += ["--baseline", os.fsdecode(baseline)]
    if ignore_file is not None:
        options += ["--ignore-file", os.fsdecode(ignore_file)]
    with tempfile.TemporaryDirectory(prefix="parked-diff-") as folder:
        sides = [_word(side, _Path(folder) / name) for side, name in ((a, "a"), (b, "b"))]
        output, error, code = _parked.diff(
            ["diff", *sides, *options], stop=stop, max_pause=max_pause, progress=progress
        )
    if error:
        raise Error(error, code)
    difference = Difference.from_json(json.loads(output))
    return _named(difference, a, b)


def write_baseline(session: Session, path: Path, *, fail_on: str = "suspect") -> None:
    """Writes a list of what leaks with the verdict ``fail_on`` or a graver one, for ``baseline`` of
    :func:`diff`, :func:`parked.leaks` and :func:`parked.assert_no_leaks` (docs/triage.md).

    The file is replaced as a whole. Raises :class:`parked.Error`.
    """
    # The report that goes with it is of no use here.
    words = ["report", "--limit", "1", "--write-baseline", os.fsdecode(path)]
    result = session.execute([*words, "--fail-on", fail_on])
    if result.error:
        raise Error(result.error, result.exit_code)


def _word(side: Side, kept: _Path) -> str:
    """How the command line has it: a file is never taken for a process or an option."""
    if isinstance(side, bool):
        raise TypeError("a side is a path, a process id or a session")
    if isinstance(side, int):
        if side <= 0:
            raise Error(f"not a process id: {side}")
        return str(side)
    if isinstance(side, Session):
        with kept.open("w") as file:
            result = side.execute(["report", "--jsonl"], sink=file.write)
        if result.error:
            raise Error(result.error, result.exit_code)
        return str(kept)
    return os.path.abspath(os.fsdecode(side))


def _named(difference: Difference, a: Side, b: Side) -> Difference:
    """A session's temporary file is nobody's source."""
    raw = dict(difference.raw)
    for name, side in (("a", a), ("b", b)):
        if isinstance(side, Session):
            raw[name] = {**raw[name], "source": side.target.source}
    return Difference.from_json(raw)
