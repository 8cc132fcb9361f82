"""A node of this machine: its runtime and its agent, given a client of some API server and a range of pod addresses.

`sampan up` makes one or several beside its control plane; `sampan node join` makes one in a process of its own, also on
another machine. `prepare` blocks and belongs in a thread; the rest is on the event loop. The agent and what looks after
storage are imported when it joins: who only ends a cluster needs none of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence, Set
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sampan.core.classes import frozen
from sampan.core.cluster.say import Say, silent
from sampan.core.contracts.runtime import Runtime, RuntimeSettings
from sampan.core.contracts.volume import VolumeDriver, VolumeFailure
from sampan.core.errors import ConfigError
from sampan.core.host.resolver import host_dns_servers
from sampan.core.ip import families_of
from sampan.core.model.kinds import KubeObject
from sampan.core.node.csi.drivers import CsiDrivers, make_csi_drivers
from sampan.core.node.csi.volumes import FIELD as CSI
from sampan.core.node.csi.volumes import CsiVolumes
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.node.pod_volumes import PodVolumes
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock

if TYPE_CHECKING:
    from sampan.core.client.protocol import Client
    from sampan.core.contracts.streams import NodeDirectory
    from sampan.core.reconcile.lister import InformerSet


@frozen(kw_only=True)
class NodeConfig:
    """What one node is made with."""

    cluster: str
    name: str
    folder: Path
    """Pods' folders and the runtime's state are below."""
    hidden: tuple[Path, ...] = ()
    """What pods must not read of this host, besides ``folder``."""
    runtime: str
    service_cidr: str
    """Its families are those of the node's pods."""
    pod_cidr: str = ""
    """Of what it leaves out the runtime takes a range that is free here."""

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(each.name for each in families_of(self.service_cidr))


class LocalNode:
    """`prepare` once, then `join`; `stop` leaves the pods, `destroy` takes them away."""

    def __init__(self, config: NodeConfig, plugins: Plugins, clock: Clock, say: Say = silent) -> None:
        self.config = config
        self._plugins = plugins
        self._clock = clock
        self._say = say
        self._runtime: Runtime | None = None
        self._csi: CsiDrivers | None = None
        self.cluster_dns: tuple[str, ...] = ()
        """Set before `join`: whom pods ask for names."""
        self._leaves_pods = bool(plugins.registry.pod_players)
        self._cleanup = AsyncExitStack()

    @property
    def settings(self) -> NodeSettings:
        config = self.config
        return NodeSettings(
            name=config.name,
            cluster=config.cluster,
            data_dir=config.folder,
            families=config.families,
            cluster_dns=self.cluster_dns,
        )

    @property
    def runtime(self) -> Runtime:
        """Made at its first use. Changes nothing on the machine before `prepare`."""
        if self._runtime is None:
            self._runtime = self._make_runtime()
        return self._runtime

    @property
    def csi(self) -> CsiDrivers:
        """Storage drivers by name, made at their first use."""
        if self._csi is None:
            self._csi = make_csi_drivers(self._plugins, self.config.name, self.config.folder.resolve() / "csi")
        return self._csi

    def prepare(self) -> str:
        """Start the runtime; returns the range of its pods. Blocking. Raises `ConfigError` where it cannot work here."""
        if self._leaves_pods and self.runtime.capabilities().real_processes:
            raise ConfigError(
                f"stages say what becomes of simulated pods: the runtime {self.config.runtime!r} runs real ones"
                " (choose --runtime simulated, or leave the stages out)"
            )
        self.runtime.start()
        if note := self.runtime.info().note:
            self._say(f"runtime: {note}")
        return self.runtime.pod_cidr()

    async def join(
        self,
        client: Client,
        *,
        informers: InformerSet | None = None,
        directory: NodeDirectory | None = None,
        static_uids: Callable[[], Set[str]] = frozenset,
        storage: Client | None = None,
    ) -> None:
        """Register with the API and look after the pods that are bound here. Returns when the node is Ready.

        ``storage``: access for the provisioners, who may do what an agent may not; without it the agent's own.
        """
        from sampan.core.cluster.node_storage import announce_csi
        from sampan.core.node.agent import NodeAgent

        agent = NodeAgent(
            self.settings,
            client,
            self.runtime,
            self._volume_drivers(),
            clock=self._clock,
            plugins=self._plugins,
            informers=informers,
            directory=directory,
            static_uids=static_uids,
            leaves_pods=self._leaves_pods,
        )
        self._cleanup.push_async_callback(agent.stop)
        await agent.start()
        await announce_csi(client, self.csi)
        await self._provide_storage(storage or client)
        self._say(f"node: {self.config.name} is ready")

    async def _provide_storage(self, client: Client) -> None:
        from sampan.core.cluster.node_storage import (
            ensure_class,
            ensure_csi_drivers,
            make_provisioners,
            may_provision,
            provisioning,
        )

        config = self.config
        if not await may_provision(client):
            self._say(f"volumes: none are made on {config.name}, as the user that it joined with may not make any")
            return
        folder = config.folder.resolve() / "volumes"
        provisioners = await asyncio.to_thread(make_provisioners, self._plugins, config.name, folder)
        provisioners |= self.csi.provisioners()
        await ensure_csi_drivers(client, self.csi)
        if self.runtime.capabilities().real_processes:
            await ensure_class(client, provisioners)
        engine = provisioning(client, config.name, provisioners, self._clock)
        self._cleanup.push_async_callback(engine.stop)
        await engine.start()

    async def stop(self) -> None:
        """The agent ends; its pods go on. Idempotent. The runtime is closed by `close`."""
        await self._cleanup.aclose()

    def close(self) -> None:
        """Let go of the runtime. Blocking."""
        if self._runtime is not None:
            self._runtime.close()

    def destroy(self) -> None:
        """Take pods, their volumes and their network away. Blocking, idempotent; needs no `prepare`."""
        self.runtime.destroy()
        volumes = PodVolumes(self.settings, self._volume_drivers(), _no_objects, {})
        for uid in volumes.left_over():
            try:
                volumes.unpublish(uid)
            except VolumeFailure as exc:
                self._say(f"volumes of pod {uid} stay: {exc}")

    def _volume_drivers(self) -> dict[str, VolumeDriver]:
        """Every driver, by the member of the pod spec that it serves."""
        drivers = {part.name: part.make() for part in self._plugins.registry.volume_drivers}
        return {CSI: CsiVolumes(self.csi), **drivers}

    def _make_runtime(self) -> Runtime:
        config = self.config
        if not config.runtime:
            raise ConfigError(f"there is no node in {config.folder}: start a cluster with `sampan up`")
        folder = config.folder / "runtime" / config.runtime
        folder.mkdir(parents=True, exist_ok=True)
        settings = RuntimeSettings(
            cluster=config.cluster,
            node=config.name,
            state_dir=folder,
            pod_cidr=config.pod_cidr or None,
            families=config.families,
            service_cidr=config.service_cidr,
            hidden=tuple(path.resolve() for path in (*config.hidden, config.folder)),
            dns_servers=host_dns_servers(),
            say=self._say,
        )
        return self._plugins.registry.runtimes.find(config.runtime).make(settings)


def prepare_all(nodes: Sequence[LocalNode]) -> dict[str, str]:
    """The range of each, by name. One after the other: nodes of one engine share its network. Blocking."""
    return {node.config.name: node.prepare() for node in nodes}


def _no_objects(_kind: type[KubeObject], _namespace: str, _name: str) -> KubeObject | None:
    """What volumes may read while there is no API."""
    return None
