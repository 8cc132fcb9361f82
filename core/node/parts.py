"""What the parts of one node agent share."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sampan.core.classes import frozen
from sampan.core.client.protocol import Client
from sampan.core.contracts.runtime import Runtime
from sampan.core.contracts.volume import VolumeDriver
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.node.threads import Threads
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.reconcile.events import EventRecorder


@frozen(kw_only=True)
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
    volumes: Threads = attrs.field(factory=lambda: Threads(16))
    """For volume drivers, which may hang."""
    stops: Threads = attrs.field(factory=lambda: Threads(256))
    """For what waits: grace periods, with their preStop hooks."""
    hooks: Threads = attrs.field(factory=lambda: Threads(256))
    """For postStart hooks, which may never end: nothing else must wait for them."""
    pulls: Threads = attrs.field(factory=lambda: Threads(4))
    probes: Threads = attrs.field(factory=lambda: Threads(32))
    streams: Threads = attrs.field(factory=lambda: Threads(256))

    def hook(self, name: str, **arguments: object) -> None:
        if self.plugins is not None and self.plugins.has(name):
            self.plugins.tell(name, **arguments)
