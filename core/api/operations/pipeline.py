"""What every operation works with, and the parts of a write that all of them share.

One `Pipeline` per API server, on its loop. A `Call` is one request, whichever transport it came by; its outcome is an
`Entry` (bytes with a resourceVersion, decoded when asked for) or a ``Status``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from functools import partial
from typing import Any, Literal, Protocol

import attrs

from sampan.core.api.access import Gates
from sampan.core.api.catalog import CacheReader, Catalog, Served
from sampan.core.api.equivalents import equivalents_of
from sampan.core.api.off_loop import Workers
from sampan.core.api.tokens import Tokens
from sampan.core.classes import define, frozen
from sampan.core.contracts.access import AdmissionRequest, Attributes, User
from sampan.core.errors import AlreadyExists, Cause, Conflict, Invalid, NotFound, Timeout, TooLarge
from sampan.core.model.causes import invalid
from sampan.core.model.meta import EMPTY
from sampan.core.schema.constructed import apply_constructed
from sampan.core.schema.encode import splice_claimed_version, splice_resource_version
from sampan.core.store.contract import KeyValue, Store
from sampan.core.store.entry import Entry

log = logging.getLogger(__name__)

Wire = Mapping[str, Any]
MutableWire = MutableMapping[str, Any]
Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]

MAX_STORED = 1536 * 1024
"""Bytes of one object, as with etcd's own limit."""
MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


@frozen(kw_only=True)
class Call:
    """One request: who wants what of which kind. ``agent`` names the field manager of writes that name none."""

    user: User
    verb: str
    served: Served
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    agent: str = "unknown"
    warnings: list[str] = attrs.field(factory=list)
    """Filled on the way; sent as ``Warning`` headers."""
    audit: dict[str, str] = attrs.field(factory=dict)
    """Annotations of the request's audit event."""

    @property
    def attributes(self) -> Attributes:
        info = self.served.info
        return Attributes(
            user=self.user,
            verb=self.verb,
            group=info.group,
            version=info.version,
            resource=info.plural,
            subresource=self.subresource,
            namespace=self.namespace,
            name=self.name,
        )

    def not_found(self, name: str = "") -> NotFound:
        return no_such(self.served, name or self.name)


@frozen(kw_only=True)
class Outcome:
    """The answer to a write: an object, or a ``Status`` where Kubernetes answers with one."""

    code: int = 200
    entry: Entry | None = None
    status: dict[str, Any] | None = None

    @property
    def wire(self) -> Mapping[str, Any]:
        if self.entry is not None:
            return self.entry.wire
        assert self.status is not None
        return self.status


class Keeper(Protocol):
    """Something handed out to objects of one kind and taken back when they go (a Service's addresses)."""

    async def claim(self, obj: MutableWire, old: Wire | None, *, dry_run: bool) -> Callable[[], Awaitable[None]]:
        """Fill ``obj`` in; the returned function undoes it. Raises `Invalid`. A dry run takes nothing."""
        ...

    async def settle(self, obj: Wire, old: Wire | None) -> None:
        """``obj`` is stored: give back what ``old`` had and it has not."""
        ...

    async def release(self, obj: Wire) -> None:
        """``obj`` is gone."""
        ...


@define(eq=False, kw_only=True)
class Pipeline:
    """The way of a write: gates, kinds, store."""

    store: Store
    catalog: Catalog
    gates: Gates
    clock: Callable[[], datetime]
    tokens: Tokens
    workers: Workers = attrs.field(factory=Workers)
    keepers: Mapping[str, Keeper] = attrs.field(factory=dict)
    """By the name that the kinds give (`KindInfo.keeper`)."""
    without_effect: dict[str, str] = attrs.field(factory=dict)
    """Resources that nothing acts on in this cluster, with the reason: told to everybody who writes one."""
    reader: CacheReader = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.reader = CacheReader(self.catalog)

    async def current(self, call: Call) -> Entry:
        """The object as it is now. Raises `NotFound`."""
        entry = await call.served.current(call.namespace, call.name)
        if entry is None:
            raise call.not_found()
        return entry

    def admission(
        self,
        call: Call,
        operation: Operation,
        obj: MutableWire | None,
        old: Wire | None,
        *,
        dry_run: bool,
        name: str = "",
        options: Wire = EMPTY,
    ) -> AdmissionRequest:
        return AdmissionRequest(
            operation=operation,
            info=call.served.info,
            user=call.user,
            namespace=call.namespace,
            name=name or call.name,
            subresource=call.subresource,
            obj=obj,
            old=old,
            dry_run=dry_run,
            options=options,
            reader=self.reader,
            warnings=call.warnings,
            audit=call.audit,
            merge=partial(apply_constructed, call.served.resource.struct),
            equivalents=partial(equivalents_of, self.catalog, call.served, call.subresource),
        )

    def unmarked_namespace(self, namespace: str, needs: Iterable[tuple[str, Cause]]) -> list[Cause]:
        """The refusals of an object whose namespace lacks a label (`KindRules.namespace_needs`)."""
        wanted = list(needs)
        if not wanted:
            return []
        there = self.reader.get("namespaces", "", namespace)
        labels = there["metadata"].get("labels") or {} if there is not None else {}
        return [cause for label, cause in wanted if labels.get(label) != "true"]

    async def insert(self, served: Served, key: str, wire: Wire) -> Entry:
        """Store a new object; what comes back can be read by everyone. Raises `AlreadyExists`."""
        try:
            item = await self.store.create(key, await stored_form(served, wire))
        except AlreadyExists:
            raise exists_already(served, wire["metadata"]["name"]) from None
        return await self._seen(served, item)

    async def replace(self, served: Served, old: Entry, wire: Wire) -> Entry:
        """Store ``wire`` in place of ``old``; ``old`` itself where nothing changes. Raises `Conflict`, `NotFound`.

        A custom object that is still stored in an earlier version, or by an earlier schema, is written anew by a change
        of nothing: so objects are migrated before that version goes.
        """
        shown = served.encode(wire)
        is_same = splice_resource_version(shown, old.revision) == old.raw
        if is_same and not served.resource.custom:
            return old
        raw = small_enough(shown) if served.is_stored_as_shown else await stored_form(served, wire)
        if is_same:
            stored = await self.store.get(old.key)
            if stored is None or stored.value == raw:
                return old
        return await self._seen(served, await self.store.update(old.key, raw, old.revision))

    async def remove(self, served: Served, old: Entry) -> Entry:
        """Remove ``old``; its last state at the revision of the removal. Raises `Conflict`, `NotFound`."""
        item = await self.store.delete(old.key, old.revision)
        if keeper := self.keepers.get(served.info.keeper):
            await keeper.release(old.wire)
        await shown(served, item.revision)
        return Entry(
            old.key,
            splice_resource_version(served.encode(old.wire), item.revision),
            created=item.created,
            revision=item.revision,
        )

    async def reload(self, served: Served, old: Entry) -> Entry | None:
        """The object as it is in the store, after a compare-and-swap has failed."""
        item = await self.store.get(old.key)
        return None if item is None else await self._seen(served, item)

    async def _seen(self, served: Served, item: KeyValue) -> Entry:
        """The entry of a write, once the cache shows it: whoever reads next sees their own write."""
        await shown(served, item.revision)
        entry = served.entries.get(item.key)
        if entry is None or entry.revision != item.revision:
            return await served.storage.entry_of(item)
        return served.show(entry)

    def not_stored(self, served: Served, key: str, wire: Wire, revision: int = 0, *, claimed: str = "") -> Entry:
        """What a dry run answers. A version that is only ``claimed`` is shown, and says nothing."""
        raw = served.encode(wire)
        if claimed:
            return Entry(key, splice_claimed_version(raw, claimed), created=0, revision=revision)
        return Entry(key, splice_resource_version(raw, revision) if revision else raw, created=0, revision=revision)


async def shown(served: Served, revision: int) -> None:
    """Wait for the cache. What the store has taken has been done, also where the cache is late in showing it."""
    try:
        await served.entries.wait_until(revision)
    except Timeout:
        log.warning("revision %d of %s is stored, and not seen yet", revision, served.info.resource)


async def stored_form(served: Served, wire: Wire) -> bytes:
    """The bytes to store. Raises `TooLarge`, where etcd would refuse them."""
    return small_enough(await served.storage.store_form(wire))


def small_enough(raw: bytes) -> bytes:
    """Raises `TooLarge`."""
    if len(raw) > MAX_STORED:
        raise TooLarge(f"Request entity too large: limit is {MAX_STORED}")
    return raw


def no_such(served: Served, name: str) -> NotFound:
    info = served.info
    return NotFound(f'{info.resource} "{name}" not found', kind=info.plural, group=info.group, name=name)


def exists_already(served: Served, name: str) -> AlreadyExists:
    info = served.info
    return AlreadyExists(f'{info.resource} "{name}" already exists', kind=info.plural, group=info.group, name=name)


def conflict(served: Served, name: str, said: str = MODIFIED) -> Conflict:
    info = served.info
    message = f'Operation cannot be fulfilled on {info.resource} "{name}": {said}'
    return Conflict(message, kind=info.plural, group=info.group, name=name)


def needs_version(served: Served, name: str) -> Invalid:
    """An update without a resourceVersion, of a kind that wants one. The details name the resource, not the kind."""
    info = served.info
    cause = invalid("metadata.resourceVersion", 0, "must be specified for an update")
    message = f'{info.resource} "{name}" is invalid: {cause.field}: {cause.message}'
    return Invalid(message, kind=info.plural, group=info.group, name=name, causes=[cause])
