"""The verbs of HTTP on kinds: from a request to an operation, and from its outcome to an answer.

Called by the app's router, which has found the kind and checked that it has the verb. The commonest requests (GET of an
object, LIST of everything, as JSON) take the shortest way to ready bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import attrs
import orjson

from sampan.core.api import watch as watching
from sampan.core.api.bodies import DELETE_OPTIONS, parse_options
from sampan.core.api.compression import THRESHOLD
from sampan.core.api.lists import send_kept_list, send_list
from sampan.core.api.negotiate import PLAIN, PROTOBUF, STREAMED
from sampan.core.api.operations import read
from sampan.core.api.operations.create import create
from sampan.core.api.operations.delete import delete, delete_collection
from sampan.core.api.operations.patch import check_type, patch
from sampan.core.api.operations.pipeline import Call, Outcome, Pipeline
from sampan.core.api.operations.update import update
from sampan.core.api.options import ListOptions, delete_options, flag, list_options, write_options
from sampan.core.api.request import Request
from sampan.core.api.responses import JSON_TYPE, NO_CACHE, STREAM_TYPE, send_bytes, send_object
from sampan.core.api.selectors import EVERYTHING, Selection, select
from sampan.core.api.shapes import Shaper, wires
from sampan.core.api.storage import Posted
from sampan.core.api.straight import straight_to
from sampan.core.classes import define
from sampan.core.errors import Expired, NotAcceptable, Timeout
from sampan.core.schema.decode import FieldValidation, decode_body
from sampan.core.schema.patch import APPLY_YAML
from sampan.core.schema.table import include_object
from sampan.core.store.entry import Entry
from sampan.core.store.pages import Page


@define(eq=False)
class Handlers:
    """One per API server."""

    pipeline: Pipeline

    async def get(self, request: Request, call: Call) -> None:
        wanted = request.representation
        version = request.query.get("resourceVersion", "") if request.scope["query_string"] else ""
        entry = await read.get(self.pipeline, call, version)
        if wanted is PLAIN and len(entry.raw) < THRESHOLD and not request.warnings:
            await send_object(request.send, entry.raw)
        else:
            await self.answer_entry(request, call, entry)

    async def list(self, request: Request, call: Call) -> None:
        watches = request.target.watch or flag(request.query, "watch")
        request.answers_with = "watch" if watches else "list"
        request.representation  # noqa: B018 - refuse what cannot be answered before anything else
        options = list_options({**request.query, "watch": "true"} if request.target.watch else request.query)
        selection = select(call.served.resource, options.label_selector, options.field_selector)
        if options.watch:
            await self.watch(request, attrs.evolve(call, verb="watch"), options, selection)
            return
        call.warnings.extend(call.served.damage_in(call.namespace))
        whole = selection is EVERYTHING and not options.limit and options.version_match != "Exact"
        if (
            whole
            and not options.continue_token
            and request.representation is PLAIN
            and not call.served.storage.is_view
            and not request.warnings
        ):
            await self._list_everything(request, call, options)
            return
        listed = await read.list_page(self.pipeline, call, options, selection)
        await self._answer_list(request, call, listed.page, listed.continue_token)

    async def _list_everything(self, request: Request, call: Call, options: ListOptions) -> None:
        """The whole list as JSON: one join, kept until something changes."""
        cache = call.served.entries
        if not options.resource_version:
            await cache.fresh()
        elif version := read.version_of_list(options.resource_version):
            await cache.wait_until(version)
        if call.served.storage.withheld and options.resource_version != "0":
            await call.served.storage.settle(read.withheld_in(call.served, call.served.scope(call.namespace)))
        await send_kept_list(request, call.served, call.served.scope(call.namespace))

    async def _answer_list(self, request: Request, call: Call, page: Page, token: str) -> None:
        meta: dict[str, Any] = {"resourceVersion": str(page.revision)}
        if token:
            meta["continue"] = token
            if page.remaining is not None:
                meta["remainingItemCount"] = page.remaining
        if request.representation is PLAIN:
            await send_list(
                request, call.served, page.entries, b'%b%b,"items":[' % (call.served.list_head, orjson.dumps(meta))
            )
        else:
            shaper = self.shaper(request, call)
            shaper.check(of_list=True)
            await request.answer(shaper.many(wires(page.entries), meta))

    async def watch(self, request: Request, call: Call, options: ListOptions, selection: Selection) -> None:
        encode = self._encoder(request, call)
        in_protobuf = request.representation.format == "protobuf"
        encode_error = watching.encode_error_framed if in_protobuf else watching.encode_error
        content_type = STREAM_TYPE if in_protobuf else JSON_TYPE
        try:
            watcher = await watching.open_watch(self.pipeline, call, options, selection)
        except (Expired, Timeout) as exc:
            # As in Kubernetes: what only the history can refuse is the watch's first and last event.
            await send_bytes(request.send, encode_error(exc), content_type=content_type)
            return
        if request.representation.format == "yaml":
            watcher.close()
            raise NotAcceptable(f"only the following media types are accepted: {STREAMED}, {PROTOBUF};stream=watch")
        await request.send({"type": "http.response.start", "status": 200, "headers": [content_type, NO_CACHE]})
        # Headers go out at once: an informer must not wait for the first event to know that its watch is open.
        await request.send({"type": "http.response.body", "body": b"", "more_body": True})

        async def send(lines: bytes) -> None:
            await request.send({"type": "http.response.body", "body": lines, "more_body": True})

        async def hang_up() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            watcher.close()

        listening = asyncio.create_task(hang_up())
        straight = straight_to(request)
        if straight is not None and request.representation is PLAIN and not call.served.storage.is_view:
            watcher.push(lambda event: straight.write(event.encoded))
        try:
            await watching.stream(watcher, send, encode, options, encode_error)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
        await request.send({"type": "http.response.body", "body": b""})

    def _encoder(self, request: Request, call: Call) -> watching.Encode:
        if request.representation is PLAIN:
            return watching.encoder(call)
        shaper = self.shaper(request, call)
        first = True

        def change(obj: dict[str, Any]) -> dict[str, Any]:
            nonlocal first
            is_first, first = first, False
            return shaper.event(obj, first=is_first)

        return watching.transforming(change, call, in_protobuf=request.representation.format == "protobuf")

    async def create(self, request: Request, call: Call) -> None:
        if isinstance(call.served.storage, Posted):
            request.answers_with = "posted"
        self._can_answer(request, call)
        options = write_options(request.query, "CreateOptions")
        obj = await self._body(request, call, options.field_validation)
        await self.answer_outcome(request, call, await create(self.pipeline, call, obj, options))

    async def update(self, request: Request, call: Call) -> None:
        self._can_answer(request, call)
        options = write_options(request.query, "UpdateOptions")
        obj = await self._body(request, call, options.field_validation)
        await self.answer_outcome(request, call, await update(self.pipeline, call, obj, options))

    def _can_answer(self, request: Request, call: Call) -> None:
        """Refuse what cannot be answered before anything is stored. Raises `NotAcceptable`."""
        if request.representation.of_list:
            self.shaper(request, call).check(of_list=False)

    async def _body(self, request: Request, call: Call, validation: FieldValidation) -> dict[str, Any]:
        """The body as an object of the kind. Raises `BadRequest`, `UnsupportedMediaType`, `TooLarge`."""
        resource = call.served.resource
        raw, media_type = await request.object_body(resource.struct)
        decoded = await request.workers.run_if_much(
            len(raw), media_type, decode_body, resource, raw, media_type=media_type, validation=validation
        )
        call.warnings.extend(decoded.problems)
        if request.trail is not None:
            request.trail.is_about(decoded.value)
        return decoded.value

    async def patch(self, request: Request, call: Call) -> None:
        self._can_answer(request, call)
        media_type = request.headers.content_type.partition(";")[0].strip().lower()
        check_type(call, media_type)
        options = write_options(request.query, "PatchOptions", applies=media_type == APPLY_YAML)
        outcome = await patch(self.pipeline, call, await request.body(), media_type, options)
        await self.answer_outcome(request, call, outcome)

    async def delete(self, request: Request, call: Call) -> None:
        request.representation  # noqa: B018
        options = delete_options(request.query, await self._delete_body(request))
        await self.answer_outcome(request, call, await delete(self.pipeline, call, options))

    async def delete_collection(self, request: Request, call: Call) -> None:
        request.answers_with = "list"
        request.representation  # noqa: B018
        listing = list_options(request.query)
        selection = select(call.served.resource, listing.label_selector, listing.field_selector)
        options = delete_options(request.query, await self._delete_body(request))
        listed = await delete_collection(self.pipeline, call, listing, selection, options)
        await self._answer_list(request, call, listed.page, listed.continue_token)

    async def _delete_body(self, request: Request) -> dict[str, Any] | None:
        raw, media_type = await request.object_body(DELETE_OPTIONS)
        return await request.workers.run_if_much(len(raw), media_type, parse_options, raw, media_type)

    async def answer_outcome(self, request: Request, call: Call, outcome: Outcome) -> None:
        """An object in the shape that was asked for, or a ``Status``."""
        if outcome.entry is not None:
            await self.answer_entry(request, call, outcome.entry, outcome.code)
        else:
            if request.trail is not None:
                request.trail.says(outcome.wire)
            await request.answer(outcome.wire, outcome.code)

    async def answer_entry(self, request: Request, call: Call, entry: Entry, code: int = 200) -> None:
        if request.representation is PLAIN:
            await request.answer_bytes(entry.raw, code)
        else:
            shaper = self.shaper(request, call)
            shaper.check(of_list=False)
            await request.answer(shaper.one(entry.wire), code)

    def shaper(self, request: Request, call: Call) -> Shaper:
        include = include_object(request.query.get("includeObject", ""))
        return Shaper(call.served, request.representation, self.pipeline.clock, include)
