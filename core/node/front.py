"""Everything that the API server may ask of this node: streams of its pods, what they use, and the kubelet's pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sampan.core.contracts.streams import NodePage, NodeUsage
from sampan.core.node.pages import NodePages
from sampan.core.node.parts import NodeParts
from sampan.core.node.record import PodRecord
from sampan.core.node.streams import PodStreams
from sampan.core.node.usage import Meter


class NodeFront(PodStreams):
    """Implements `sampan.core.contracts.streams.NodeStreams`."""

    def __init__(
        self,
        parts: NodeParts,
        find: Callable[[str], PodRecord | None],
        records: Callable[[], Iterable[PodRecord]],
    ) -> None:
        super().__init__(parts, find)
        self._meter = Meter(parts, records)
        self._pages = NodePages(parts, records, self._meter, self)

    async def usage(self) -> NodeUsage:
        return await self._meter.usage()

    async def page(self, method: str, path: str, query: Mapping[str, str]) -> NodePage:
        return await self._pages.page(method, path, query)
