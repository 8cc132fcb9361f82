"""What a node agent is made with, and the things that its parts share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from sampan.core.client.protocol import Client
from sampan.core.contracts.runtime import Runtime
from sampan.core.contracts.volume import VolumeDriver
from sampan.core.model.core_v1.node import Taint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import Quantity
from sampan.core.node.machine import Machine, this_machine
from sampan.core.node.threads import Threads
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.reconcile.events import EventRecorder

PodToken = Callable[[Pod, str, int], str]
"""(pod, audience, seconds) → a token of its service account. Blocking."""


@attrs.frozen(kw_only=True)
class NodeSettings:
    """One node. ``capacity`` overrides what the machine has (simulated nodes)."""

    name: str
    cluster: str
    data_dir: Path
    """Where pods' folders are: ``DATA/pods/UID``."""
    ip: str = ""
    """Empty: the machine's own."""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    taints: tuple[Taint, ...] = ()
    capacity: Mapping[str, Quantity] = attrs.field(factory=dict)
    cluster_dns: tuple[str, ...] = ()
    pod_token: PodToken | None = None
    machine: Machine = attrs.field(factory=this_machine)

    def pod_dir(self, uid: str) -> Path:
        return self.data_dir / "pods" / uid


@attrs.frozen(kw_only=True)
class NodeParts:
    """What every part of one agent works with."""

    settings: NodeSettings
    client: Client
    runtime: Runtime
    drivers: Mapping[str, VolumeDriver]
    """By the name of the volume's member in the pod spec."""
    recorder: EventRecorder
    clock: Clock
    plugins: Plugins | None = None
    calls: Threads = attrs.field(factory=lambda: Threads(16))
    """For what ends soon."""
    stops: Threads = attrs.field(factory=lambda: Threads(256))
    """For what waits: grace periods, with their preStop hooks."""
    hooks: Threads = attrs.field(factory=lambda: Threads(256))
    """For postStart hooks, which may never end: nothing else must wait for them."""
    pulls: Threads = attrs.field(factory=lambda: Threads(4))
    probes: Threads = attrs.field(factory=lambda: Threads(32))
    streams: Threads = attrs.field(factory=lambda: Threads(256))

    def hook(self, name: str, **arguments: object) -> None:
        if self.plugins is not None and self.plugins.has(name):
            self.plugins.call(name, **arguments)
