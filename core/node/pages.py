"""The kubelet's HTTP paths, reached through ``nodes/NAME/proxy``: pods, logs, statistics, metrics, health.

On the event loop. https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/ names the paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

import orjson

from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import NodePage, NodeUsage, PodUsage
from sampan.core.errors import ApiError
from sampan.core.model.meta import evolve
from sampan.core.node.parts import NodeParts
from sampan.core.node.record import PodRecord
from sampan.core.node.streams import PodStreams
from sampan.core.schema.codec import to_wire
from sampan.core.schema.scalars import format_time

TEXT = "text/plain; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
HEALTH = frozenset({"/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop"})


class Meter(Protocol):
    async def usage(self) -> NodeUsage: ...


class NodePages:
    def __init__(
        self, parts: NodeParts, records: Callable[[], Iterable[PodRecord]], meter: Meter, streams: PodStreams
    ) -> None:
        self._parts = parts
        self._records = records
        self._meter = meter
        self._streams = streams

    async def page(self, method: str, path: str, query: Mapping[str, str]) -> NodePage:
        if method not in ("GET", "HEAD"):
            return text("405 method not allowed\n", 405)
        where = f"/{path.strip('/')}"
        match [unquote(part) for part in path.strip("/").split("/")]:
            case _ if where in HEALTH:
                return text("ok")
            case ["pods"]:
                return self._pods(self._records())
            case ["runningpods"]:
                return self._pods(each for each in self._records() if _runs(each))
            case ["stats", "summary"] | ["stats"]:
                return NodePage(body=orjson.dumps(summary(await self._meter.usage())))
            case ["metrics"] | ["metrics", "resource" | "cadvisor"]:
                return NodePage(content_type=PROMETHEUS, body=metrics(await self._meter.usage()))
            case ["metrics", "probes"]:
                return NodePage(content_type=PROMETHEUS, body=b"")
            case ["configz"]:
                return NodePage(body=orjson.dumps({"kubeletconfig": self._configuration()}))
            case ["containerLogs", namespace, pod, container]:
                return await self._logs(namespace, pod, container, query)
        return text("404 page not found\n", 404)

    def _pods(self, records: Iterable[PodRecord]) -> NodePage:
        pods = [each.pod if each.told is None else evolve(each.pod, status=each.told) for each in records]
        listed = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [to_wire(each) for each in pods]}
        return NodePage(body=orjson.dumps(listed))

    async def _logs(self, namespace: str, pod: str, container: str, query: Mapping[str, str]) -> NodePage:
        record = next((each for each in self._records() if each.pod.key == (namespace, pod)), None)
        if record is None:
            return text(f'pod "{pod}" does not exist\n', 404)
        tail = query.get("tailLines", "")
        options = LogOptions(
            tail_lines=int(tail) if tail.isdecimal() else None, timestamps=query.get("timestamps") == "true"
        )
        try:
            lines = await self._streams.logs(record.ref, container, options, previous=query.get("previous") == "true")
            return NodePage(content_type=TEXT, body=b"".join([line async for line in lines]))
        except ApiError as exc:
            return text(f"{exc}\n", exc.code)

    def _configuration(self) -> dict[str, Any]:
        """As much of a KubeletConfiguration as there is to say."""
        settings = self._parts.settings
        return {
            "kind": "KubeletConfiguration",
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "clusterDNS": list(settings.cluster_dns),
            "clusterDomain": "cluster.local",
            "maxPods": int(settings.machine.capacity.get("pods", "110")),
            "containerLogMaxSize": "10Mi",
        }


def _runs(record: PodRecord) -> bool:
    return any(each.state == "running" for each in record.containers)


def text(words: str, status: int = 200) -> NodePage:
    return NodePage(status=status, content_type=TEXT, body=words.encode())


def summary(usage: NodeUsage) -> dict[str, Any]:
    """``stats/summary``. https://kubernetes.io/docs/reference/instrumentation/node-metrics/"""
    at = format_time(usage.at)
    node = {
        "nodeName": usage.node,
        "cpu": {"time": at, "usageNanoCores": usage.cpu_nanocores},
        "memory": {"time": at, "usageBytes": usage.memory_bytes, "workingSetBytes": usage.memory_bytes},
    }
    return {"node": node, "pods": [_pod_summary(each) for each in usage.pods]}


def _pod_summary(usage: PodUsage) -> dict[str, Any]:
    at = format_time(usage.at)

    def figures(nanocores: int, nanos: int, memory: int) -> dict[str, Any]:
        return {
            "cpu": {"time": at, "usageNanoCores": nanocores, "usageCoreNanoSeconds": nanos},
            "memory": {"time": at, "usageBytes": memory, "workingSetBytes": memory},
        }

    containers = [
        {
            "name": each.name,
            "startTime": format_time(each.started_at),
            **figures(each.cpu_nanocores, each.cpu_nanos, each.memory_bytes),
        }
        for each in usage.containers
    ]
    return {
        "podRef": {"name": usage.pod.name, "namespace": usage.pod.namespace, "uid": usage.pod.uid},
        "startTime": min(each["startTime"] for each in containers) if containers else at,
        "containers": containers,
        **figures(
            sum(each.cpu_nanocores for each in usage.containers),
            sum(each.cpu_nanos for each in usage.containers),
            sum(each.memory_bytes for each in usage.containers),
        ),
    }


def metrics(usage: NodeUsage) -> bytes:
    """``metrics/resource``, in Prometheus' text format."""
    lines = [
        "# HELP node_memory_working_set_bytes Current working set of the node in bytes",
        "# TYPE node_memory_working_set_bytes gauge",
        f"node_memory_working_set_bytes {usage.memory_bytes}",
        "# HELP container_cpu_usage_seconds_total Cumulative cpu time consumed by the container in core-seconds",
        "# TYPE container_cpu_usage_seconds_total counter",
    ]
    named = [(each, _labels(pod, each.name)) for pod in usage.pods for each in pod.containers]
    lines += [f"container_cpu_usage_seconds_total{labels} {each.cpu_nanos / 1e9:.9f}" for each, labels in named]
    lines += [
        "# HELP container_memory_working_set_bytes Current working set of the container in bytes",
        "# TYPE container_memory_working_set_bytes gauge",
    ]
    lines += [f"container_memory_working_set_bytes{labels} {each.memory_bytes}" for each, labels in named]
    return "\n".join((*lines, "")).encode()


def _labels(pod: PodUsage, container: str) -> str:
    return f'{{container="{container}",namespace="{pod.pod.namespace}",pod="{pod.pod.name}"}}'
