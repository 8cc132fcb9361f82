"""What a node agent is told about its node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from sampan.core.classes import frozen
from sampan.core.model.core_v1.node import Taint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import Quantity
from sampan.core.node.machine.facts import Machine, this_machine

PodToken = Callable[[Pod, str, int], str]
"""(pod, audience, seconds) → a token of its service account. Blocking."""


@frozen(kw_only=True)
class NodeSettings:
    """One node. ``capacity`` overrides what the machine has (simulated nodes)."""

    name: str
    cluster: str
    data_dir: Path
    """Where pods' folders are: ``DATA/pods/UID``."""
    families: tuple[str, ...] = ("IPv4",)
    """Of the cluster's addresses, its default first."""
    ips: tuple[str, ...] = ()
    """The node's own addresses; none: the machine's of these families."""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    taints: tuple[Taint, ...] = ()
    capacity: Mapping[str, Quantity] = attrs.field(factory=dict)
    cluster_dns: tuple[str, ...] = ()
    pod_token: PodToken | None = None
    machine: Machine = attrs.field(factory=this_machine)

    @property
    def ip(self) -> str:
        """The node's first address."""
        return next(iter(self.ips), "")

    def pod_dir(self, uid: str) -> Path:
        return self.data_dir / "pods" / uid
