"""Header blocks: names and values with their lengths, compressed.

One stream of zlib goes through all blocks of a direction: each is packed and unpacked once, in the order of its frames.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Final

from sampan.core.api.spdy.dictionary import DICTIONARY
from sampan.core.api.spdy.errors import SpdyError

Headers = Mapping[str, str]
"""Lower-case name → value; several values of a name have NUL between them. One character for a byte."""
LARGEST_BLOCK: Final = 64 * 1024
"""Bytes that a block may have when it is unpacked: a few of them could stand for megabytes."""
_NUMBER: Final = struct.Struct(">L")


class HeaderPacker:
    def __init__(self) -> None:
        self._zlib = zlib.compressobj(zdict=DICTIONARY)

    def pack(self, headers: Headers) -> bytes:
        texts = [text for pair in headers.items() for text in pair]
        plain = [_NUMBER.pack(len(headers))]
        for raw in (text.encode("latin-1") for text in texts):
            plain += (_NUMBER.pack(len(raw)), raw)
        return self._zlib.compress(b"".join(plain)) + self._zlib.flush(zlib.Z_SYNC_FLUSH)


class HeaderUnpacker:
    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zdict=DICTIONARY)

    def unpack(self, block: bytes) -> dict[str, str]:
        """Raises `SpdyError`."""
        try:
            plain = self._zlib.decompress(block, LARGEST_BLOCK)
        except zlib.error as exc:
            raise SpdyError(f"a header block is not compressed as SPDY/3 has it: {exc}") from exc
        if self._zlib.unconsumed_tail or self._zlib.eof:
            raise SpdyError(f"a header block is longer than {LARGEST_BLOCK} bytes or ends the compression")
        return _read(plain)


def _read(plain: bytes) -> dict[str, str]:
    """Raises `SpdyError`."""
    place = 0

    def take(size: int) -> bytes:
        nonlocal place
        taken = plain[place : place + size]
        if len(taken) < size:
            raise SpdyError("a header block is cut off")
        place += size
        return taken

    def number() -> int:
        return int.from_bytes(take(4), "big")

    def text() -> str:
        return take(number()).decode("latin-1")

    headers = {}
    for _ in range(number()):
        name = text()
        if name in headers:
            raise SpdyError(f"the header {name!r} is there twice")
        headers[name] = text()
    if place < len(plain):
        raise SpdyError("there is something behind a header block")
    return headers
