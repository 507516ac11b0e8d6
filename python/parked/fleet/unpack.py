"""Takes zstd, xz and gzip off a stream, with bounds on memory.

A chunk of what comes out is never larger than asked for, whatever the input claims; how much comes
out in all is the caller's to bound.
"""

from __future__ import annotations

import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

#: Bytes read and given at a time.
CHUNK = 1024 * 1024
#: The largest window of zstd (``zstd --long`` makes it), as a power of two, and what xz may use.
_MOST_WINDOW_LOG = 27
_MOST_XZ = 512 * 1024 * 1024

_MAGICS = {
    b"\x28\xb5\x2f\xfd": "zst",
    b"\xfd7zXZ\x00": "xz",
    b"\x1f\x8b": "gz",
}


class UnpackError(ValueError):
    """What is packed is damaged, or wants too much memory."""


class CutOffError(UnpackError):
    """The input ends before what is packed does."""


def packing_of(head: bytes) -> str | None:
    """``zst``, ``xz`` or ``gz`` by the first bytes; None: it is none of these."""
    return next((name for magic, name in _MAGICS.items() if head.startswith(magic)), None)


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


class _Unpacker(Protocol):
    """What decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def _zst_unpacker() -> tuple[Callable[[], _Unpacker], type[Exception]]:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    options = {zstd.DecompressionParameter.window_log_max: _MOST_WINDOW_LOG}
    return (lambda: zstd.ZstdDecompressor(options=options)), zstd.ZstdError


def _xz_unpacker() -> tuple[Callable[[], _Unpacker], type[Exception]]:
    return (lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MOST_XZ)), lzma.LZMAError


def _streams(
    file: BinaryIO, make: Callable[[], _Unpacker], damage: type[Exception]
) -> Iterator[bytes]:
    """One stream or several behind each other, with zero bytes between them."""
    rest = b""
    while True:
        unpacker = make()
        while not unpacker.eof:
            try:
                if unpacker.needs_input:
                    rest = rest or file.read(CHUNK)
                    if not rest:
                        raise CutOffError("the packed data ends early")
                    chunk, rest = unpacker.decompress(rest, CHUNK), b""
                else:
                    chunk = unpacker.decompress(b"", CHUNK)
            except damage as error:
                raise UnpackError(f"the packed data is damaged, or wants much memory: {error}")
            if chunk:
                yield chunk
        rest = unpacker.unused_data.lstrip(b"\0")
        while not rest:
            read = file.read(CHUNK)
            if not read:
                return
            rest = read.lstrip(b"\0")


def _gz(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as stream:
        try:
            while chunk := stream.read(CHUNK):
                yield chunk
        except EOFError:
            raise CutOffError("the gzip data ends early")
        except (OSError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise UnpackError(f"the gzip data is damaged: {error}")


def unpacked(file: BinaryIO, packing: str | None) -> Iterator[bytes]:
    """What is in ``file``, from its beginning, in chunks.

    Raises UnpackError; CutOffError where all that there is was given.
    """
    if packing is None:
        return _plain(file)
    if packing == "gz":
        return _gz(file)
    return _streams(file, *(_zst_unpacker() if packing == "zst" else _xz_unpacker()))
