"""NodeMetrics and PodMetrics. https://github.com/kubernetes/metrics"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from sampan.core.model.kinds import Column, KubeObject, kind
from sampan.core.model.meta import Quantity, model, wire
from sampan.core.model.storage import Computed

NODES, PODS = "node-metrics", "pod-metrics"
READ = ("get", "list")
GROUP = "metrics.k8s.io/v1beta1"


@model
class ContainerMetrics:
    """What one container uses."""

    name: str = wire(required=True, emit="always")
    """The container's name, as the pod has it."""
    usage: Mapping[str, Quantity] = attrs.field(factory=dict)
    """By resource: ``cpu`` and ``memory``."""


@kind(
    GROUP,
    plural="nodes",
    name="NodeMetrics",
    namespaced=False,
    verbs=READ,
    storage=Computed(source=NODES),
    columns=(
        Column(name="CPU", cell=".usage.cpu", type="string"),
        Column(name="Memory", cell=".usage.memory", type="string"),
        Column(name="Window", cell=".window", type="string"),
    ),
)
@model
class NodeMetrics(KubeObject):
    """What a node uses."""

    timestamp: datetime | None = None
    """When it was measured."""
    window: str = ""
    """The time that the figures are of: ``15s``."""
    usage: Mapping[str, Quantity] = attrs.field(factory=dict)
    """By resource: ``cpu`` and ``memory``."""


@kind(
    GROUP,
    plural="pods",
    name="PodMetrics",
    verbs=READ,
    storage=Computed(source=PODS),
    columns=(Column(name="Window", cell=".window", type="string"),),
)
@model
class PodMetrics(KubeObject):
    """What a pod's containers use."""

    timestamp: datetime | None = None
    """When it was measured."""
    window: str = ""
    """The time that the figures are of: ``15s``."""
    containers: tuple[ContainerMetrics, ...] = ()
    """Those that run."""
