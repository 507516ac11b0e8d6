"""Brings one input to this machine: streamed, unpacked, bounded, and named by its content."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from .unpack import CHUNK, CutOffError, packing_of, unpacked

#: Bytes of a disk that are left free.
_LEFT_FREE = 256 * 1024 * 1024
#: Bytes by which is told what an input is.
_HEAD = 65536
_ZEROS = bytes(65536)


class FetchError(Exception):
    """The input could not be had now; it may be another time."""


class TooLargeError(ValueError):
    """The input is larger than it may be."""


@dataclass(frozen=True)
class Fetched:
    """An input on this machine."""

    path: Path
    #: SHA-256 of the unpacked content, in hexadecimal.
    sha256: str
    #: Bytes, unpacked.
    size: int
    #: The first bytes.
    head: bytes
    #: Why it is not whole; None: it is.
    cut: str | None


def local_path(url: str) -> Path | None:
    """The file that ``url`` names, if it is one of this machine."""
    if url.startswith("file://"):
        return Path(url.removeprefix("file://"))
    return None if "://" in url or "::" in url else Path(url)


@lru_cache(maxsize=2)
def _archive(url: str) -> Any:
    """The file system of an archive. Its list of members is read once, and not for each of them."""
    import fsspec

    return fsspec.core.url_to_fs(url)[0]


@contextmanager
def open_input(url: str) -> Iterator[Any]:
    """What is at ``url``, as it is stored. Stores raise errors of their own."""
    import fsspec

    member, chained, archive = url.partition("::")
    if (path := local_path(url)) is not None:
        opener = path.open("rb")
    elif chained and member.startswith("zip://"):
        try:
            opener = _archive(f"zip://::{archive}").open(member.removeprefix("zip://"), "rb")
        except Exception:
            _archive.cache_clear()  # the connection to its store may be what has ended
            raise
    else:
        opener = fsspec.open(url, "rb", compression=None)
    with opener as file:
        yield file


def _write_sparse(file: IO[bytes], chunk: bytes) -> None:
    """Blocks of zeros become holes: most of a core is zeros."""
    for at in range(0, len(chunk), len(_ZEROS)):
        block = chunk[at : at + len(_ZEROS)]
        if block == _ZEROS:
            file.seek(len(block), 1)
        else:
            file.write(block)


def _store(chunks: Iterator[bytes], folder: Path, most: int) -> Fetched:
    digest, size, head, cut = hashlib.sha256(), 0, b"", None
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="input-", delete=False) as file:
        try:
            for chunk in chunks:
                head += chunk[: _HEAD - len(head)]
                size += len(chunk)
                if size > most:
                    raise TooLargeError(f"unpacked it is larger than {most:,} bytes")
                digest.update(chunk)
                _write_sparse(file, chunk)
                if size // CHUNK % 64 == 0 and shutil.disk_usage(folder).free < _LEFT_FREE:
                    raise FetchError(f"no space left on the disk of {folder}")
            file.truncate(size)
        except CutOffError as error:
            cut = str(error)
            file.truncate(size)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise
    return Fetched(Path(file.name), digest.hexdigest(), size, head, cut)


def _in_place(path: Path, most: int) -> Fetched:
    digest, size, head = hashlib.sha256(), 0, b""
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            head += chunk[: _HEAD - len(head)]
            size += len(chunk)
            if size > most:
                raise TooLargeError(f"it is larger than {most:,} bytes")
            digest.update(chunk)
    return Fetched(path, digest.hexdigest(), size, head, None)


def fetch(url: str, folder: Path, most: int) -> Fetched:
    """The input at ``url``; its file is in ``folder``, or where it is if nothing has to be done.

    The folder is made when there is something to put into it.

    ``most`` bounds its bytes, unpacked. Raises FetchError, TooLargeError and UnpackError.
    """
    path = local_path(url)
    try:
        if path is not None and not path.is_file():
            raise FetchError(f"{path} is no file" if path.exists() else f"{path} is not there")
        with open_input(url) as file:
            first = file.read(8)
            packing = packing_of(first)
            if packing is None and path is not None:
                return _in_place(path, most)
        with open_input(url) as file:
            fetched = _store(unpacked(file, packing), folder, most)
        # The program takes a core's time for the moment of its death. A store says when something
        # was put there, which may be much later; with none it knows the least that has passed.
        written = path.stat().st_mtime if path is not None else 0
        os.utime(fetched.path, (written, written))
        return fetched
    except (FetchError, ValueError):
        raise
    except Exception as error:  # each store has errors of its own
        raise FetchError(f"{type(error).__name__}: {error}"[:1000])
