"""Keeps results: a folder with Parquet files, of this machine or of any store that fsspec knows.

Each target has a file of its own in each table that it has rows of. A file has its name when all of
it is written, and ``done/`` says which inputs need not be looked at again; both are written by the
worker that looked, so that what is finished stays, whatever ends.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from .inputs import Input
from .schema import STATUSES, TABLES, VERSION, Row, table_of

#: Of a file with a few rows, most is what tells about them, and zstd takes longer to begin with
#: each of its columns than all else that is done for it.
_FEW = 1000
_SMALL: dict[str, Any] = {
    "store_schema": False,
    "use_dictionary": False,
    "write_statistics": False,
}

Rows = Mapping[str, Iterable[Row]]


class Results:
    """The folder at ``url``."""

    def __init__(self, url: str) -> None:
        import fsspec

        self.url = url
        self._filesystem, path = fsspec.core.url_to_fs(url)
        self._root: str = path.rstrip("/")
        protocol = self._filesystem.protocol
        self._local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def make(self) -> None:
        """Makes the folder, if there is none."""
        for name in (*TABLES, "done"):
            self._filesystem.makedirs(self._path(name), exist_ok=True)

    def _path(self, *names: str) -> str:
        return "/".join((self._root, *names))

    def _put(self, path: str, content: bytes) -> None:
        """Whole or not at all."""
        if not self._local:  # an object of a store is there when all of it has arrived
            self._filesystem.pipe_file(path, content)
            return
        partial = f"{path}.{uuid.uuid4().hex}.partial"
        try:
            with open(partial, "wb") as file:
                file.write(content)
            os.replace(partial, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(partial)
            raise

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            if self._local:
                os.unlink(path)
            else:
                self._filesystem.rm_file(path)

    def write(self, target: str, rows: Rows) -> None:
        """Rows of a target, in place of those that it may have; of targets last."""
        import pyarrow.parquet

        for name in reversed(tuple(TABLES)):
            path = self._path(name, f"{target}.parquet")
            table = table_of(name, rows.get(name, ()))
            if table.num_rows == 0:
                self._remove(path)
                continue
            content = io.BytesIO()
            options = {**_SMALL, "compression": "snappy" if table.num_rows < _FEW else "zstd"}
            with pyarrow.parquet.ParquetWriter(content, table.schema, **options) as writer:
                writer.write_table(table)
                writer.add_key_value_metadata({"schema": VERSION})
            self._put(path, content.getvalue())

    def has(self, target: str, version: str) -> bool:
        """Whether rows of the target are there, made by ``version`` of what looks at inputs."""
        return bool(self._filesystem.exists(self._path("done", f"{target}.{version}")))

    def status(self, each: Input, version: str) -> str | None:
        """``ok`` or ``incomplete`` if rows of the input itself are there, and no other's."""
        name = f"{each.key(version)}."
        marks = (status for status in STATUSES[:2])
        return next(
            (m for m in marks if self._filesystem.exists(self._path("done", name + m))), None
        )

    def mark(self, each: Input, target: str, version: str, status: str) -> None:
        """The input need not be looked at again. ``lacking``: it need when there are executables;
        ``again``: it need."""
        if status in STATUSES[:2]:
            self._put(self._path("done", f"{target}.{version}"), b"")
        self._put(self._path("done", f"{each.key(version)}.{status}"), target.encode())

    def unmark(self, each: Input, version: str, status: str | None) -> None:
        self._remove(self._path("done", f"{each.key(version)}.{status}"))

    def forget(self, target: str) -> None:
        """Takes away rows of a target that could not be had."""
        self._remove(self._path("targets", f"{target}.parquet"))

    def keep_executables(self, index: Mapping[str, str]) -> str | None:
        """For workers: URLs of executables by build id. The name it has; None: there are none."""
        if not index:
            return None
        content = json.dumps(index, sort_keys=True).encode()
        name = f"{hashlib.sha256(content).hexdigest()}.json"
        self._filesystem.makedirs(self._path("executables"), exist_ok=True)
        self._put(self._path("executables", name), content)
        return name

    def executables(self, name: str) -> dict[str, str]:
        """What :meth:`keep_executables` has kept."""
        found: dict[str, str] = json.loads(
            self._filesystem.cat_file(self._path("executables", name))
        )
        return found

    def done(self) -> dict[str, str]:
        """Status by key of each input that was looked at."""
        with suppress(FileNotFoundError):
            names: list[Any] = self._filesystem.ls(self._path("done"), detail=False)
            pairs = (str(name).rsplit("/", 1)[-1].rsplit(".", 1) for name in names)
            return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
        return {}


@lru_cache(maxsize=4)
def executables_of(url: str, name: str) -> dict[str, str]:
    """As :meth:`Results.executables`; a worker asks for it with each core."""
    return Results(url).executables(name)


def read_table(url: str, name: str) -> Any:
    """A table of the results at ``url``, as a :class:`pyarrow.Table`."""
    import fsspec
    import pyarrow.dataset

    from .schema import schema_of

    filesystem, path = fsspec.core.url_to_fs(url)
    dataset = pyarrow.dataset.dataset(
        f"{path.rstrip('/')}/{name}",
        schema=schema_of(name),
        filesystem=filesystem,
        format="parquet",
    )
    return dataset.to_table()
