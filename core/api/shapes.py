"""Objects and lists in the shape that a client asked for: whole, as a Table, or metadata alone.

Called by the HTTP handlers and by watches. Whole objects as JSON are ready bytes and never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sampan.core.api.catalog import Served
from sampan.core.api.negotiate import META_GROUP, Representation
from sampan.core.classes import frozen
from sampan.core.errors import NotAcceptable
from sampan.core.schema.scheme import home_of
from sampan.core.schema.table import IncludeObject, metadata_alone, table
from sampan.core.store.entry import Entry

Wire = Mapping[str, Any]


@frozen
class Shaper:
    """Turns wire objects of one kind into one representation. ``now`` is for ages in Tables."""

    served: Served
    representation: Representation
    now: Callable[[], datetime]
    include: IncludeObject = "Metadata"

    @property
    def api_version(self) -> str:
        return f"{META_GROUP}/{self.representation.version}"

    def check(self, *, of_list: bool) -> None:
        """Whether metadata alone was asked for of what there is. Raises `NotAcceptable`."""
        asked = self.representation.of_list
        if asked is None or asked == of_list:
            return
        info = self.served.info
        name = f"*{home_of(info)}.{info.list_kind if of_list else info.kind}"
        if of_list:
            said = f"you requested PartialObjectMetadata, but the requested object is a list ({name})"
        else:
            said = f"you requested PartialObjectMetadataList, but the requested object is not a list ({name})"
        raise NotAcceptable(said)

    def one(self, obj: Wire) -> dict[str, Any]:
        """A single object."""
        if self.representation.shape == "Table":
            version = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return self._table([obj], version)
        if self.representation.shape == "PartialObjectMetadata":
            return self._partial(obj)
        return dict(obj)

    def many(self, objects: Sequence[Wire], list_meta: Wire) -> dict[str, Any]:
        """A list."""
        if self.representation.shape == "Table":
            return self._table(objects, list_meta)
        if self.representation.shape == "PartialObjectMetadata":
            items = [self._partial(obj) for obj in objects]
            return self._list("PartialObjectMetadataList", self.api_version, list_meta, items or None)
        info = self.served.info
        items = [dict(obj) if self.served.resource.custom else _bare(obj) for obj in objects]
        return self._list(info.list_kind, info.api_version, list_meta, items)

    def event(self, obj: Wire, *, first: bool) -> dict[str, Any]:
        """The object of a watch event; the ``first`` event of a watch of Tables describes the columns."""
        if self.representation.shape == "Table":
            version = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return self._table([obj], version, definitions=first)
        return self.one(obj)

    def _table(self, objects: Sequence[Wire], list_meta: Wire, *, definitions: bool = True) -> dict[str, Any]:
        made = table(
            self.served.resource,
            objects,
            self.now(),
            include=self.include,
            list_meta=list_meta,
            definitions=definitions,
        )
        return made | {"apiVersion": self.api_version}

    def _partial(self, obj: Wire) -> dict[str, Any]:
        alone = metadata_alone(self.served.resource, obj)
        return {"kind": "PartialObjectMetadata", "apiVersion": self.api_version, "metadata": alone}

    def _list(self, kind: str, api_version: str, meta: Wire, items: list[dict[str, Any]] | None) -> dict[str, Any]:
        return {"kind": kind, "apiVersion": api_version, "metadata": dict(meta), "items": items}


def _bare(obj: Wire) -> dict[str, Any]:
    """An item of a built-in kind's list."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def wires(entries: Sequence[Entry]) -> list[Wire]:
    return [entry.wire for entry in entries]
