"""Where the metrics come from: every connected node is asked what it and its pods use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.contracts.source import SourceContext
from sampan.core.contracts.streams import NodeStreams, NodeUsage, PodUsage
from sampan.core.schema.scalars import format_time
from sampan.plugins.metrics.windows import window

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a node may take to answer; one that does not is left out."""


class NodeMetricsSource:
    interval = 15.0

    def __init__(self, context: SourceContext) -> None:
        self._context = context

    async def objects(self) -> Iterable[Mapping[str, Any]]:
        return [node_metrics(each) for each in await usages(self._context)]


class PodMetricsSource:
    interval = 15.0

    def __init__(self, context: SourceContext) -> None:
        self._context = context

    async def objects(self) -> Iterable[Mapping[str, Any]]:
        return [pod_metrics(pod) for node in await usages(self._context) for pod in node.pods if pod.containers]


async def usages(context: SourceContext) -> list[NodeUsage]:
    """Of the nodes that answer in time."""
    answers = await asyncio.gather(*(_ask(each) for each in context.nodes.all()), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            log.warning("a node does not tell what it uses: %s", answer or type(answer).__name__)
    return [each for each in answers if isinstance(each, NodeUsage)]


async def _ask(node: NodeStreams) -> NodeUsage:
    async with asyncio.timeout(PATIENCE):
        return await node.usage()


def node_metrics(usage: NodeUsage) -> dict[str, Any]:
    return {
        "metadata": _metadata(usage.node, "", usage.labels, format_time(usage.at)),
        "timestamp": format_time(usage.at),
        "window": window(usage.window),
        "usage": amounts(usage.cpu_nanocores, usage.memory_bytes),
    }


def pod_metrics(usage: PodUsage) -> dict[str, Any]:
    return {
        "metadata": _metadata(usage.pod.name, usage.pod.namespace, usage.labels, format_time(usage.at)),
        "timestamp": format_time(usage.at),
        "window": window(usage.window),
        "containers": [
            {"name": each.name, "usage": amounts(each.cpu_nanocores, each.memory_bytes)} for each in usage.containers
        ],
    }


def amounts(cpu_nanocores: int, memory_bytes: int) -> dict[str, str]:
    return {"cpu": f"{cpu_nanocores}n" if cpu_nanocores else "0", "memory": f"{memory_bytes // 1024}Ki"}


def _metadata(name: str, namespace: str, labels: Mapping[str, str], at: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "creationTimestamp": at}
    if namespace:
        meta["namespace"] = namespace
    if labels:
        meta["labels"] = dict(labels)
    return meta
