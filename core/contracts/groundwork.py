"""What every cluster has before anybody asks: objects that a plugin makes sure of at each start of the API server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sampan.core.model.kinds import KubeObject

Wire = Mapping[str, Any]


class Groundwork(Protocol):
    """Its objects are made in the server's own name before it listens: at once, past admission and validation."""

    def objects(self) -> Iterable[tuple[type[KubeObject], Wire]]:
        """Kind and complete wire value (valid, with defaults), in the order in which they are made."""
        ...

    def lacking(self, present: Wire, wanted: Wire) -> Mapping[str, Any]:
        """A merge patch for an object that is there already; empty where it may stay as it is."""
        ...
