"""The contract of computed kinds: objects that are worked out when somebody asks.

A class says ``storage=Computed(source="NAME")``, a plugin registers the source of that name (`Registry.source`); the API
server lists, watches, selects and prints what it gives like any other objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from sampan.core.classes import frozen
from sampan.core.contracts.access import Reader
from sampan.core.contracts.streams import NodeDirectory


@frozen(kw_only=True)
class SourceContext:
    """What a source is made with: the cluster's objects, its nodes, and the time."""

    reader: Reader
    nodes: NodeDirectory
    clock: Callable[[], datetime]


class Source(Protocol):
    """Called on the API server's loop; one look at a time, however many ask."""

    interval: float
    """Seconds between looks for those who watch."""

    async def objects(self) -> Iterable[Mapping[str, Any]]:
        """All objects there are now, as wire values whose ``metadata`` has a name (and a namespace where they live in one).

        The server writes ``kind``, ``apiVersion`` and the ``resourceVersion``, which changes when the object does.
        """
        ...
