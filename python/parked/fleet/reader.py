"""Fetches, unpacks and reads inputs: a process that a worker starts, so that none takes it down.

One request a line on standard input, one answer a line on standard output, both JSON. Each request
names its bounds; what goes beyond them is answered as a problem, or ends this process, and the
worker starts another. Run as ``python -m parked.fleet.reader PARENT``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import limits
from .build_ids import BuildIds, CoreOf, executable_of_core, reader_of
from .fetch import FetchError, fetch, open_input
from .kinds import NotWantedError, kind_of
from .program import Bounds, Usage, read_core
from .rows import Json
from .text_groups import Judge

_MOST_LABELS = 64 * 1024
_MOST_KEPT = 512 * 1024 * 1024


def _read_labels(url: str | None) -> Json:
    if url is None:
        return {}
    try:
        with open_input(url) as file:
            found = json.loads(file.read(_MOST_LABELS))
    except (OSError, ValueError, RecursionError):
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {str(name): str(value) for name, value in items if isinstance(value, (str, int, float))}


def _fetch(request: Json) -> Json:
    fetched = fetch(request["url"], Path(request["scratch"]), request["most"])
    kind = kind_of(fetched.head)
    core = CoreOf(BuildIds("", ""), "")
    if kind is None:
        with fetched.path.open("rb") as file:
            core = executable_of_core(reader_of(file))
    elif fetched.size > kind.most:
        raise ValueError(f"unpacked it is larger than {kind.most:,} bytes, the most of its kind")
    return {
        "path": str(fetched.path),
        "sha256": fetched.sha256,
        "size": fetched.size,
        "cut": fetched.cut,
        "kind": kind.name if kind else "core",
        "ids": core.ids._asdict(),
        "program": Path(core.path).name,
        "labels": _read_labels(request.get("labels")),
    }


def _executable(request: Json) -> Json:
    """Keeps an executable in the worker's folder, for all cores of that build."""
    kept = Path(request["keep"])
    if not kept.exists():
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if kept.parent.stat().st_uid != os.getuid():  # what is in it could be anything
            raise ValueError(f"{kept.parent} belongs to somebody else")
        fetched = fetch(request["url"], kept.parent, request["most"])
        if fetched.path.parent == kept.parent:
            fetched.path.rename(kept)
        else:
            return {"path": str(fetched.path)}
    return {"path": str(kept)}


def _read(request: Json) -> Json:
    path = Path(request["path"])
    if request["kind"] == "core":
        usage = Usage()
        executable = Path(request["executable"]) if request.get("executable") else None
        bounds = Bounds(request["core_memory"], request["seconds"])
        reading = read_core(request["parked"], path, executable, bounds, usage)
        return {"reading": reading.to_json(), "peak": usage.peak, "processor": usage.processor}
    with path.open("rb") as file:
        kind = kind_of(file.read(65536))
    if kind is None:
        raise ValueError("the input has changed while it was read")
    judge = Judge(request["threshold"], tuple(request["modules"]))
    limits.begin_peak()
    reading = kind.read(path, judge)
    return {"reading": reading.to_json(), "peak": limits.peak_memory()}


_ANSWERS: dict[str, Callable[[Json], Json]] = {
    "fetch": _fetch,
    "executable": _executable,
    "read": _read,
}


def _answer(request: Json) -> Json:
    limits.bound_memory(request["memory"])
    limits.bound_processor(request["seconds"])
    try:
        return _ANSWERS[request["do"]](request)
    except NotWantedError as error:
        return {"skip": str(error)}
    except FetchError as error:
        return {"again": str(error)}
    except OSError as error:
        return {"again": f"{type(error).__name__}: {error}"}
    except MemoryError:
        return {"problem": f"reading it takes more than {request['memory']:,} bytes of memory"}
    except ValueError as error:
        return {"problem": str(error) or type(error).__name__}
    except Exception as error:  # a damaged input found a mistake: it costs itself alone
        return {"problem": f"{type(error).__name__}: {error}"}


def main() -> int:
    limits.die_with_parent(int(sys.argv[1]))
    # What libraries print must not come between answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request: Any = json.loads(line)
        answer = _answer(request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        if (limits.memory_now() or 0) > _MOST_KEPT:
            break  # what a large input needed is given back; the next has a new process
    return 0


if __name__ == "__main__":
    sys.exit(main())
