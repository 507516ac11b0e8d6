"""The reports that ``parked exec --report-dir`` keeps, summed up."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Union

from . import _parked
from .errors import Error
from .left_behind import ExecSummary

if TYPE_CHECKING:
    Path = Union[str, "os.PathLike[str]"]


def exec_summary(folder: Path) -> ExecSummary:
    """What all programs left behind of which ``parked exec --report-dir`` kept reports in
    ``folder``, as ``parked exec-summary`` (docs/testing-your-program.md).

    Raises :class:`parked.Error` if the folder has no reports. Files that are none are in
    :attr:`ExecSummary.unread`.

    >>> for each in parked.exec_summary("/tmp/leaks").findings:
    ...     print(each.verdict, each.count, each.func, each.packages, each.left_by)
    """
    # A path is never taken for an option.
    words = ["exec-summary", os.path.abspath(os.fsdecode(folder)), "--json"]
    output, error, code = _parked.exec_summary(words)
    if error:
        raise Error(error, code)
    return ExecSummary.from_json(json.loads(output))
