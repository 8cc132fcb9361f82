"""The versions and groups that show the same objects: what admission may look at a request as.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchpolicy
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from functools import partial
from typing import Any

import orjson

from sampan.core.api.catalog import Catalog, Served
from sampan.core.api.converted import Converted
from sampan.core.api.storage import View
from sampan.core.contracts.access import Equivalent
from sampan.core.schema.constructed import apply_constructed

Wire = Mapping[str, Any]
WHOLE = ("", "status")
"""Subresources whose body is the object itself; that of any other is the same in every version."""


def equivalents_of(catalog: Catalog, served: Served, subresource: str) -> Sequence[Equivalent]:
    return [
        Equivalent(
            info=other.info,
            convert=partial(_converted, served, other) if subresource in WHOLE else _same,
            convert_back=partial(_converted, other, served) if subresource in WHOLE else _same,
            merge=partial(apply_constructed, other.resource.struct),
        )
        for other in catalog.showing_the_same(served)
    ]


async def _same(wire: Wire) -> MutableMapping[str, Any]:
    return dict(wire)


async def _converted(before: Served, after: Served, wire: Wire) -> MutableMapping[str, Any]:
    """An object of one kind as the other shows it. Its own value, whoever changes it."""
    given = {"kind": before.info.kind, "apiVersion": before.info.api_version, **wire}
    if isinstance(after.storage, Converted):
        made: dict[str, Any] = orjson.loads(await after.storage.converter.convert(given, after.resource))
        return made
    stored: Wire = before.storage.to_stored(given) if isinstance(before.storage, View) else given
    if isinstance(after.storage, View):
        return after.storage.from_stored(stored)
    copied: dict[str, Any] = orjson.loads(orjson.dumps(stored))
    return copied
