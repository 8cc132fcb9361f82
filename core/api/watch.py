"""WATCH over HTTP: a stream of lines, one event each.

One task per watch, in the request's own coroutine. What a client has asked for is made once for all watchers that ask for
the same (`WatchEvent.encoded`); Tables and metadata alone are made per watcher. On the API server's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson

from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.operations.read import matcher, parse_version, withheld_in
from sampan.core.api.options import ListOptions
from sampan.core.api.protobuf.encode import encode_event as encode_frame
from sampan.core.api.selectors import Selection
from sampan.core.errors import ApiError
from sampan.core.store.entry import WatchEvent, bookmark, encode_event
from sampan.core.store.watcher import Watcher

MIN_TIMEOUT: Final = 1800
"""Seconds that a watch lasts at least where the client names no timeout; up to twice that, so that not all end at once."""
BOOKMARK_INTERVAL: Final = 60.0
"""Seconds between bookmarks of a quiet watch."""

Send = Callable[[bytes], Awaitable[None]]
Encode = Callable[[WatchEvent], bytes]


async def open_watch(pipeline: Pipeline, call: Call, options: ListOptions, selection: Selection) -> Watcher:
    """Begin a watch. Raises what a list would."""
    cache = call.served.entries
    scope = call.served.scope(call.namespace)
    name = call.name or selection.name
    if name and (call.namespace or not call.served.info.namespaced):
        scope = call.served.key(call.namespace, name)
        selection = selection.of_named(name)
    version = parse_version(options.resource_version) if options.resource_version else 0
    begins_with_all = options.send_initial or (options.send_initial is None and version == 0)
    if begins_with_all:
        if not options.resource_version:
            await cache.fresh()
        elif version:
            await cache.wait_until(version)
        if call.served.storage.withheld and options.resource_version != "0":
            await call.served.storage.settle(withheld_in(call.served, scope))
    since = None if begins_with_all else version or cache.revision
    ends = bool(options.send_initial and options.bookmarks)
    return await cache.watch(scope, since=since, matches=matcher(call, selection), initial_end=ends)


def encoder(call: Call) -> Encode:
    """How whole objects are sent."""
    if call.served.storage.is_view:
        return transforming(lambda obj: obj, call)
    info = call.served.info

    def encode(event: WatchEvent) -> bytes:
        if event.type == "BOOKMARK":
            return encode_event("BOOKMARK", bookmark(event, info.api_version, info.kind))
        return event.encoded

    return encode


def transforming(
    change: Callable[[dict[str, Any]], dict[str, Any]], call: Call, *, in_protobuf: bool = False
) -> Encode:
    """How objects are sent in another shape, or in protobuf."""
    info = call.served.info

    def encode(event: WatchEvent) -> bytes:
        if event.entry is None:
            obj = change(orjson.loads(bookmark(event, info.api_version, info.kind)))
        else:
            obj = change(dict(call.served.show(event.entry).wire))
        return encode_frame(event.type, obj) if in_protobuf else encode_event(event.type, orjson.dumps(obj))

    return encode


async def stream(
    watcher: Watcher, send: Send, encode: Encode, options: ListOptions, encode_error: Callable[[ApiError], bytes]
) -> None:
    """Send events until the time is up, the reader has gone (the watcher is closed then) or the kind is no longer served.

    What goes wrong on the way is the last event, of type ERROR: the status line has been sent long since.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + (options.timeout or MIN_TIMEOUT * (1 + random.random()))
    next_bookmark = loop.time() + BOOKMARK_INTERVAL
    with contextlib.closing(watcher):
        while (now := loop.time()) < ends and not watcher.ended:
            until = min(ends, next_bookmark) if options.bookmarks else ends
            try:
                events = await watcher.batch(max(until - now, 0.001))
            except ApiError as exc:
                await send(encode_error(exc))
                return
            if events:
                await send(b"".join([encode(event) for event in events]))
            elif options.bookmarks and not watcher.ended and loop.time() >= next_bookmark:
                await send(encode(watcher.bookmark()))
            if loop.time() >= next_bookmark:
                next_bookmark = loop.time() + BOOKMARK_INTERVAL


def encode_error_framed(error: ApiError) -> bytes:
    """The same in protobuf."""
    return encode_frame("ERROR", error.to_status())


def encode_error(error: ApiError) -> bytes:
    """The last line of a watch that failed."""
    return b'{"type":"ERROR","object":%b}\n' % orjson.dumps(error.to_status())
