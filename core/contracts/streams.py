"""How the API server reaches into a pod on a node: logs, exec, attach, port-forward.

The node agent implements `NodeStreams`; the API server finds it by node name in a `NodeDirectory`. All on the event loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import LogOptions
from sampan.core.errors import NotFound


@frozen(kw_only=True)
class PodRef:
    namespace: str
    name: str
    uid: str


@frozen(kw_only=True)
class ContainerUsage:
    """What one running container uses."""

    name: str
    cpu_nanocores: int
    """Of the latest seconds; since its start where nobody has looked before."""
    cpu_nanos: int
    """CPU time since its start."""
    memory_bytes: int
    """Working set."""
    started_at: datetime


@frozen(kw_only=True)
class PodUsage:
    pod: PodRef
    labels: Mapping[str, str] = attrs.field(factory=dict)
    containers: tuple[ContainerUsage, ...]
    at: datetime
    window: float
    """Seconds that the CPU figures are of."""


@frozen(kw_only=True)
class NodeUsage:
    node: str
    labels: Mapping[str, str] = attrs.field(factory=dict)
    cpu_nanocores: int
    memory_bytes: int
    at: datetime
    window: float
    pods: tuple[PodUsage, ...]


@frozen(kw_only=True)
class NodePage:
    """An answer of the node's agent over HTTP."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes


class AsyncStream(Protocol):
    """The asynchronous face of `sampan.core.contracts.runtime.Stream`."""

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None: ...

    async def write(self, data: bytes) -> None: ...

    async def close_stdin(self) -> None: ...

    async def resize(self, width: int, height: int) -> None: ...

    async def exit_code(self) -> int: ...

    async def close(self) -> None: ...


class NodeStreams(Protocol):
    """One node's pods. Raises `NotFound` or `BadRequest` with Kubernetes' words for pods and containers not there."""

    async def logs(
        self, pod: PodRef, container: str, options: LogOptions, *, previous: bool = False
    ) -> AsyncIterator[bytes]:
        """Raises before the first line, so that the answer can still be an error."""
        ...

    async def exec(
        self, pod: PodRef, container: str, command: Sequence[str], *, tty: bool, stdin: bool
    ) -> AsyncStream: ...

    async def attach(self, pod: PodRef, container: str, *, tty: bool, stdin: bool) -> AsyncStream: ...

    async def port_forward(self, pod: PodRef, port: int) -> AsyncStream: ...

    async def usage(self) -> NodeUsage:
        """What the node and its pods use at this moment."""
        ...

    async def page(self, method: str, path: str, query: Mapping[str, str]) -> NodePage:
        """What the kubelet serves on its port: ``/pods``, ``/stats/summary`` …; ``path`` is percent-encoded."""
        ...


class NodeDirectory:
    """Node name → its streams. Node agents enter themselves when they start."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeStreams] = {}

    def enter(self, node: str, streams: NodeStreams) -> None:
        self._nodes[node] = streams

    def leave(self, node: str) -> None:
        self._nodes.pop(node, None)

    def has(self, node: str) -> bool:
        return node in self._nodes

    def all(self) -> Sequence[NodeStreams]:
        """Those of every node that is connected."""
        return tuple(self._nodes.values())

    def find(self, node: str) -> NodeStreams:
        try:
            return self._nodes[node]
        except KeyError:
            raise NotFound(f"node {node!r} is not connected to this API server", kind="nodes", name=node) from None
