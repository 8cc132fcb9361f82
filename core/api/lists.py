"""Lists as JSON on their way out: from ready bytes, and in bounded memory.

A list that is asked for again and again is joined once and kept until something in it changes; one that is too long for
that is sent piece by piece, so that what a client has not read yet is never there as a whole. The entries are frozen, so
the list stays the one that it was when it began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sampan.core.api.catalog import Served
from sampan.core.api.compression import ENCODED, THRESHOLD, Compressor, around, deflate
from sampan.core.api.request import Request
from sampan.core.api.responses import JSON_TYPE, NO_CACHE, PIECE, send_parts, send_pieces, warning_headers
from sampan.core.store.entry import Entry

KEPT: Final = 16 * 1024 * 1024
"""Bytes of items that are joined and kept; a list of more is sent in pieces."""
END: Final = b"]}\n"


async def send_kept_list(request: Request, served: Served, scope: str) -> None:
    """Everything below ``scope`` as it is now."""
    cache = served.entries
    head = b'%b{"resourceVersion":"%d"},"items":[' % (served.list_head, cache.revision)
    joined = cache.joined(scope, KEPT)
    if joined is None:
        await send_list(request, served, cache.list(scope), head)
        return
    headers = warning_headers(request.warnings)
    if not request.headers.takes_gzip or len(joined.raw) < THRESHOLD:
        await send_parts(request.send, (head, joined.raw, END), headers=headers)
        return
    if joined.deflated is None:
        joined.deflated = await request.workers.run(deflate, joined.raw)
    parts = await request.workers.run_if_much(len(joined.raw), "", around, head, joined.raw, joined.deflated, END)
    await send_parts(request.send, parts, headers=(*ENCODED, *headers))


async def send_list(request: Request, served: Served, entries: Sequence[Entry], head: bytes) -> None:
    """``head`` and the entries as items. Small ones go in one piece."""
    size = sum(len(entry.raw) for entry in entries)
    if size < THRESHOLD:
        await send_parts(request.send, (head, served.join(entries), END), headers=warning_headers(request.warnings))
        return
    compressor = Compressor() if request.headers.takes_gzip else None
    start = [JSON_TYPE, NO_CACHE, *(ENCODED if compressor else ()), *warning_headers(request.warnings)]
    await request.send({"type": "http.response.start", "status": 200, "headers": start})
    for piece in pieces(served, entries, head):
        body = piece if compressor is None else await request.workers.run_if_much(len(piece), "", compressor.add, piece)
        if body:
            await send_pieces(request.send, body, more=True)
    await request.send({"type": "http.response.body", "body": b"" if compressor is None else compressor.end()})


def pieces(served: Served, entries: Sequence[Entry], head: bytes) -> Iterator[bytes]:
    """A list in pieces of about `PIECE` bytes, or one item where that is larger."""
    begin, size = 0, 0
    before = head
    for place, entry in enumerate(entries):
        size += len(entry.raw)
        if size >= PIECE:
            yield before + served.join(entries[begin : place + 1])
            begin, size, before = place + 1, 0, b","
    rest = served.join(entries[begin:])
    yield before + rest + END if rest else (before if before is head else b"") + END
