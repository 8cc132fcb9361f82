"""The metrics API (``metrics.k8s.io``), for ``kubectl top`` and autoscaling: worked out of what the node agents measure."""

from __future__ import annotations

from sampan.core.registry import Registry


def register(registry: Registry) -> None:
    from sampan.plugins.metrics.kinds import NODES, PODS, NodeMetrics, PodMetrics
    from sampan.plugins.metrics.sources import NodeMetricsSource, PodMetricsSource

    registry.kind(NodeMetrics)
    registry.kind(PodMetrics)
    registry.source(NODES, NodeMetricsSource)
    registry.source(PODS, PodMetricsSource)
