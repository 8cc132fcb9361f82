"""Objects of kinds without a Python class: custom resources, and whatever else a client knows by name alone.

`unstructured` makes a class for such a kind, so that clients, informers, listers and plans take it like any other. Its
objects have typed metadata, by which the machinery works, and everything else as the wire value it came as.

>>> Boat = unstructured("example.com/v1", "Boat", "boats")
>>> boat = await client.get(Boat, "default", "titanic")
>>> boat.content["spec"]["masts"]
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sampan.core.model.kinds import KindInfo, KubeObject
from sampan.core.model.meta import EMPTY, model, wire

MOST_CLASSES = 4096
"""Classes kept. Who holds one longer than that still can work with it: kinds are found by their names."""


@model
class Unstructured(KubeObject):
    """An object whose kind only has a name. ``content`` is shared and never changed; its own metadata may be old."""

    content: Mapping[str, Any] = wire(default=EMPTY)

    @property
    def spec(self) -> Mapping[str, Any]:
        return self.content.get("spec") or EMPTY

    @property
    def status(self) -> Mapping[str, Any]:
        return self.content.get("status") or EMPTY


@lru_cache(maxsize=MOST_CLASSES)
def unstructured(api_version: str, kind: str, plural: str, *, namespaced: bool = True) -> type[Unstructured]:
    """The class of a kind that is known by its names: one and the same for the same names."""
    group, _, version = api_version.rpartition("/")
    about = KindInfo(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        singular=kind.lower(),
        list_kind=f"{kind}List",
        namespaced=namespaced,
    )
    return type(kind, (Unstructured,), {"__slots__": (), "__kind__": about, "__doc__": f"{kind} of {api_version}."})
