"""Answers in gzip, for clients that ask for it and answers that are worth it: as Kubernetes, from 128 KiB on.

The items of a whole list are deflated once and kept with the list: its head and tail, which differ from answer to answer,
are put around them as blocks of one stream, since not every client reads a file of several gzip members.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

THRESHOLD: Final = 128 * 1024
LEVEL: Final = 1
"""The fastest, as in Kubernetes: what is saved on a network is not to be spent on waiting."""
ENCODED: Final = ((b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"))
_RAW: Final = -zlib.MAX_WBITS
_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"


@lru_cache(maxsize=64)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` header names gzip, and not to refuse it."""
    for clause in accept_encoding.lower().split(","):
        name, _, parameters = clause.partition(";")
        if name.strip() == "gzip":
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def compress(body: bytes) -> bytes:
    """A body of its own. Slow: 10 ms for a megabyte."""
    return gzip.compress(body, LEVEL, mtime=0)


def deflate(body: bytes) -> bytes:
    """Whole blocks, to stand in a stream with others."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW)
    return compressor.compress(body) + compressor.flush(zlib.Z_FULL_FLUSH)


def around(head: bytes, body: bytes, deflated: bytes, tail: bytes) -> Sequence[bytes]:
    """A gzip stream of ``head``, ``body`` and ``tail``, of which ``body`` is there as `deflate` has made it."""
    crc = zlib.crc32(tail, zlib.crc32(body, zlib.crc32(head)))
    size = len(head) + len(body) + len(tail)
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW)
    end = compressor.compress(tail) + compressor.flush(zlib.Z_FINISH)
    return (_HEADER, deflate(head), deflated, end, struct.pack("<LL", crc, size & 0xFFFFFFFF))


class Compressor:
    """A stream of unknown length, piece by piece."""

    def __init__(self) -> None:
        self._made = zlib.compressobj(LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)

    def add(self, piece: bytes) -> bytes:
        return self._made.compress(piece)

    def end(self) -> bytes:
        return self._made.flush()
