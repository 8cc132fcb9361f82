"""GET and LIST: what the watch cache holds, at the version and in the pages that the client asks for.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions has the rules. Called by both transports, on
the API server's loop; the HTTP layer has shorter ways for the commonest requests.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from functools import partial
from typing import Any

import attrs
import orjson

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.options import ListOptions
from sampan.core.api.selectors import Selection
from sampan.core.classes import frozen
from sampan.core.errors import BadRequest, Expired, Timeout, Unclassified
from sampan.core.store.entry import Entry, Matches
from sampan.core.store.keys import key_range
from sampan.core.store.pages import Page

TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without"
    " the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
    " Continuing with the provided token results in an inconsistent list - objects that were created, modified, or"
    " deleted between the time the first chunk was returned and now may show up in the list."
)


class ContinueExpired(Expired):
    """A continue token whose version is gone, with another that goes on from the same name at the present version."""

    def __init__(self, token: str) -> None:
        super().__init__(TOO_OLD)
        self.token = token

    def to_status(self) -> dict[str, Any]:
        return super().to_status() | {"metadata": {"continue": self.token}}


@frozen
class Listed:
    """A page of a list, and the token for the next."""

    page: Page
    continue_token: str = ""


@frozen
class Continue:
    """A place in a list: the last key that was sent, and the version that the list is at (-1: any)."""

    revision: int
    after: str

    def encode(self) -> str:
        """In the shape of Kubernetes' own tokens, which clients must not look into."""
        raw = orjson.dumps({"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.after})
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @classmethod
    def decode(cls, token: str) -> Continue:
        """Raises `BadRequest`."""
        said = "invalid continue token: continue key is not valid"
        try:
            value = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            if value["v"] != "meta.k8s.io/v1":
                raise ValueError("unknown version")
            return cls(int(value["rv"]), str(value["start"]))
        except (binascii.Error, ValueError, KeyError, TypeError) as exc:
            raise BadRequest(f"{said}: it was not made by this server") from exc


async def get(pipeline: Pipeline, call: Call, resource_version: str = "") -> Entry:
    """One object, at least as new as ``resource_version`` (empty: the newest there is). Raises `NotFound`."""
    version = parse_version(resource_version) if resource_version else None
    if version == 0:  # whatever there is
        entry = call.served.get(call.namespace, call.name)
    else:
        entry = await call.served.current(call.namespace, call.name, version or 0)
    if entry is None:
        raise call.not_found()
    return entry


async def list_page(pipeline: Pipeline, call: Call, options: ListOptions, selection: Selection) -> Listed:
    """A list, or a page of it. Raises `BadRequest`, `Expired`, `Timeout`."""
    if options.continue_token:
        return await _next_page(call, options, selection)
    revision = await _reach(call, options)
    # Version 0 is the cache as it is, whole: client-go relies on it.
    limit = 0 if options.resource_version == "0" and options.version_match != "Exact" else options.limit
    try:
        page = await _page(call, selection, limit=limit, revision=revision, takes_any=options.resource_version == "0")
        return listed(call, page)
    except Expired as exc:
        raise Expired("The resourceVersion for the provided list is too old.") from exc


async def _page(
    call: Call,
    selection: Selection,
    *,
    start_after: str = "",
    limit: int,
    revision: int | None,
    takes_any: bool = False,
) -> Page:
    """A page of the cache; where objects on it are withheld, once more when they can be shown. Raises why they cannot."""
    served, scope = call.served, call.served.scope(call.namespace)
    matches = matcher(call, selection)
    take = partial(served.entries.page, scope, start_after=start_after, limit=limit, revision=revision, matches=matches)
    page = await take()
    if served.storage.withheld and not takes_any:
        if selection.name and (call.namespace or not served.info.namespaced):
            scope = served.key(call.namespace, selection.name)
        await served.storage.settle(withheld_in(served, scope, after=start_after, until=page.next_after))
        return await take()
    return page


def withheld_in(served: Served, scope: str, *, after: str = "", until: str = "") -> Sequence[str]:
    """The keys in ``scope`` (a prefix that ends in a slash, or one key) of what cannot be shown as it is now."""
    withheld = served.storage.withheld
    if not scope.endswith("/"):
        return [scope] if scope in withheld else []
    keys = sorted(withheld)
    return [key for key in keys[key_range(keys, scope, after)] if not until or key <= until]


async def _next_page(call: Call, options: ListOptions, selection: Selection) -> Listed:
    cache, scope = call.served.entries, call.served.scope(call.namespace)
    token = Continue.decode(options.continue_token)
    if options.resource_version not in ("", "0"):
        raise BadRequest("specifying resource version is not allowed when using continue")
    revision = None if token.revision < 0 else token.revision
    if revision is None:
        await cache.fresh()
    try:
        page = await _page(call, selection, start_after=scope + token.after, limit=options.limit, revision=revision)
    except Expired as exc:
        raise ContinueExpired(Continue(-1, token.after).encode()) from exc
    return listed(call, page)


async def _reach(call: Call, options: ListOptions) -> int | None:
    """Wait for the version that is asked for; an exact one is returned."""
    cache = call.served.entries
    if not options.resource_version:
        await cache.fresh()
        return None
    version = version_of_list(options.resource_version)
    exact = options.version_match == "Exact" or (options.limit > 0 and not options.version_match)
    if version == 0:
        return None
    try:
        await cache.wait_until(version)
    except Timeout as error:
        if exact:  # of which there is no waiting in Kubernetes
            raise Timeout(error.message, causes=error.causes) from error
        raise
    return version if exact else None


def matcher(call: Call, selection: Selection) -> Matches | None:
    """The selection as a test of cache entries; ``None`` for everything."""
    if not selection:
        return None
    served = call.served
    return lambda entry: selection.matches(served.show(entry).wire)


def listed(call: Call, page: Page) -> Listed:
    shown = attrs.evolve(page, entries=call.served.show_all(page.entries))
    if not page.next_after:
        return Listed(shown)
    after = page.next_after.removeprefix(call.served.scope(call.namespace))
    return Listed(shown, Continue(page.revision, after).encode())


def parse_version(text: str) -> int:
    """A resourceVersion as a revision. Raises `Unclassified`, as Kubernetes does for what etcd could not have given."""
    if not text.isascii() or not text.isdigit():
        said = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise Unclassified(f'resourceVersion: Invalid value: "{text}": {said}')
    return int(text)


def version_of_list(text: str) -> int:
    """The same; of a list it is the client's fault."""
    try:
        return parse_version(text)
    except Unclassified as error:
        raise BadRequest(f"invalid resource version: {error.message}") from error
