"""The provisioner contract: who makes volumes for claims, and the words by which all parts of storage know each other.

A provisioner serves the StorageClasses that name it. It runs on nodes, where the volumes are: plain blocking code, called
from worker threads, with one call at a time for a volume. The API's side (events, finalizers, turns) is not its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from sampan.core.classes import frozen
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.persistent_volume import PersistentVolume

BIND_COMPLETED: Final = "pv.kubernetes.io/bind-completed"
"""On a claim: it was bound once; a volume that is gone since is lost."""
BOUND_BY_CONTROLLER: Final = "pv.kubernetes.io/bound-by-controller"
"""On a claim or a volume: the other was chosen for it, and not by a person."""
PROVISIONED_BY: Final = "pv.kubernetes.io/provisioned-by"
"""On a volume: who made it, and takes it away."""
STORAGE_PROVISIONER: Final = "volume.kubernetes.io/storage-provisioner"
OLD_STORAGE_PROVISIONER: Final = "volume.beta.kubernetes.io/storage-provisioner"
"""On a claim: who is to make a volume for it. Both names are written, as Kubernetes does."""
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
"""On a claim that waits for its first consumer: where that will run."""
DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
PROVISIONED_FINALIZER: Final = "external-provisioner.volume.kubernetes.io/finalizer"
"""On a volume: what it holds must be deleted before it."""
HOSTNAME: Final = "kubernetes.io/hostname"


class ProvisioningFailure(SampanError):
    """A volume that cannot be made, grown or deleted: becomes an event of the claim or volume, and is tried again."""


@frozen(kw_only=True)
class ProvisionRequest:
    name: str
    """Of the volume: ``pvc-UID``."""
    size: int
    """Bytes asked for."""
    parameters: Mapping[str, str]
    """The StorageClass's. What is not known among them is to be refused."""


class Provisioner(Protocol):
    """Made once per node, with a folder of its own there."""

    name: str
    """What ``provisioner`` of a StorageClass says."""
    node_bound: bool
    """Volumes are only there for pods of the node that made them."""

    def provision(self, request: ProvisionRequest) -> Mapping[str, Any]:
        """Make room for a volume; returns the members of its spec that say where it is (``{"local": …}``).

        Idempotent: asked again for the same name it gives the same. Raises `ProvisioningFailure`.
        """
        ...

    def expand(self, volume: PersistentVolume, size: int) -> None:
        """Let it hold so many bytes from now on. Raises `ProvisioningFailure`."""
        ...

    def delete(self, volume: PersistentVolume) -> None:
        """Delete what it holds. Idempotent. Raises `ProvisioningFailure`."""
        ...


@frozen(kw_only=True)
class ProvisionerSettings:
    """What a provisioner is made with."""

    node: str
    folder: Path
    """The provisioner's own on this node; kept when the cluster stops."""
