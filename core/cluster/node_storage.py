"""A node's storage: its provisioners at work, and a class by which claims find them.

The class is the default one: as with other small Kubernetes, a claim that names no class gets a
folder of a node. Pods without real processes have nothing to store, and get no class.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from sampan.core.client.protocol import Client
from sampan.core.contracts.provisioner import DEFAULT_CLASS, Provisioner, ProvisionerSettings
from sampan.core.errors import AlreadyExists, Forbidden, NotFound
from sampan.core.model.core_v1.node import Node
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.storage_v1.csi_driver import CSIDriver
from sampan.core.model.storage_v1.csi_node import CSINode, CSINodeDriver, CSINodeSpec
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.node.csi.drivers import CsiDrivers
from sampan.core.node.provisioning import NodeProvisioning
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.reconcile.engine import Engine

BUILT_IN = "sampan.io/local-path"
CLASS = "local-path"


def make_provisioners(plugins: Plugins, node: str, folder: Path) -> dict[str, Provisioner]:
    """Each with a folder of its own below ``folder``, made when it is first needed."""
    return {
        part.name: part.make(ProvisionerSettings(node=node, folder=folder / part.name.replace("/", "_")))
        for part in plugins.registry.provisioners
    }


def provisioning(client: Client, node: str, provisioners: Mapping[str, Provisioner], clock: Clock) -> Engine:
    return Engine([NodeProvisioning(node, provisioners)], client_for=lambda _user: client, clock=clock)


async def announce_csi(client: Client, drivers: CsiDrivers) -> None:
    """Say in the node's CSINode which drivers it has, as their registration with a kubelet does."""
    spec = CSINodeSpec(
        drivers=tuple(CSINodeDriver(name=name, node_id=drivers.node) for name in sorted(drivers.by_name))
    )
    try:
        known = await client.get(CSINode, "", drivers.node)
    except NotFound:
        if not spec.drivers:
            return
        node = await client.get(Node, "", drivers.node)
        owner = OwnerReference(api_version="v1", kind="Node", name=drivers.node, uid=node.metadata.uid or "")
        meta = ObjectMeta(name=drivers.node, owner_references=(owner,))
        await client.create(CSINode(metadata=meta, spec=spec))
    else:
        if known.spec.drivers != spec.drivers:
            await client.update(evolve(known, spec=spec))


async def ensure_csi_drivers(client: Client, drivers: CsiDrivers) -> None:
    """A CSIDriver for each, as the installation of a driver brings it. One that is there is a person's, and counts."""
    for name, named in drivers.by_name.items():
        with contextlib.suppress(AlreadyExists, Forbidden):
            await client.create(CSIDriver(metadata=ObjectMeta(name=name), spec=named.driver.about))


async def may_provision(client: Client) -> bool:
    """Whether the user may see what is to be made. A node that was joined as itself may not: it makes no volumes."""
    try:
        await client.list(StorageClass)
    except Forbidden:
        return False
    return True


async def ensure_class(client: Client, provisioners: Mapping[str, Provisioner]) -> None:
    """A joined node may not make classes: then the first one has."""
    if BUILT_IN not in provisioners:
        return
    meta = ObjectMeta(name=CLASS, annotations={DEFAULT_CLASS: "true"})
    wanted = StorageClass(
        metadata=meta,
        provisioner=BUILT_IN,
        reclaim_policy="Delete",
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
    )
    with contextlib.suppress(AlreadyExists, Forbidden):
        await client.create(wanted)
