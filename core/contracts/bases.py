"""Bases for parts that plugins bring: what most leave as it is, so that a part is as long as what it does.

Each fits its contract; see `sampan.core.contracts` for what the methods promise.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sampan.core.contracts.access import AdmissionRequest, Attributes, Credentials, Decision, User, idle
from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.csi import CsiMade, CsiRequest, CsiSettings
from sampan.core.contracts.plan import NOTHING, InThread, Plan
from sampan.core.contracts.provisioner import ProvisionRequest
from sampan.core.contracts.proxy import Endpoint, ProxyReport, ProxySettings, ServicePort
from sampan.core.contracts.volume import PublishedVolume, VolumeContext
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import OwnerReference
from sampan.core.model.storage_v1.csi_driver import CSIDriverSpec

LAST = 10_000
"""The ``order`` of those who come after sampan's own."""


class ControllerBase:
    """Follows nothing and does nothing."""

    name = ""
    watches: Sequence[Watch] = ()

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan | InThread:
        return NOTHING


class AdmissionBase:
    """Lets everything pass as it is, after sampan's own admission."""

    name = ""
    order = LAST

    @idle
    async def mutate(self, request: AdmissionRequest) -> None:
        return None

    @idle
    async def validate(self, request: AdmissionRequest) -> None:
        return None


class AuthenticatorBase:
    """Knows nobody."""

    order = LAST

    async def authenticate(self, credentials: Credentials) -> User | None:
        return None


class AuthorizerBase:
    """Has no opinion."""

    order = LAST

    async def authorize(self, attributes: Attributes) -> Decision:
        return Decision("no-opinion")


class VolumeDriverBase:
    """A volume that is a folder of the pod's own, filled by ``fill`` when the pod starts."""

    field = ""

    def fill(self, context: VolumeContext, folder: Path) -> None:
        """Put into ``folder`` what is to be there. Raises `VolumeFailure`."""

    def publish(self, context: VolumeContext) -> PublishedVolume:
        _fill_once(context.directory, lambda folder: self.fill(context, folder))
        return PublishedVolume(host_path=context.directory)

    def refresh(self, context: VolumeContext) -> None:
        return None

    def usage(self, directory: Path) -> int:
        return sum(path.lstat().st_size for path in directory.rglob("*") if not path.is_dir())

    def unpublish(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)


class CsiDriverBase:
    """Volumes that are folders, filled by ``fill`` when they are made.

    One of a pod's own lives as long as the pod. One of a claim is a folder of the driver's on its node, kept until the
    claim is deleted; StorageClasses may name the driver as their provisioner.
    """

    about = CSIDriverSpec(
        attach_required=False, volume_lifecycle_modes=("Persistent", "Ephemeral"), fs_group_policy="File"
    )
    node_bound = True

    def __init__(self, settings: CsiSettings) -> None:
        self.settings = settings

    def fill(self, request: CsiRequest, folder: Path) -> None:
        """Put into ``folder`` what is to be there. Raises `VolumeFailure`."""

    def publish(self, request: CsiRequest) -> Path:
        folder = request.target if request.ephemeral else self._kept(request.handle)
        _fill_once(folder, lambda folder: self.fill(request, folder))
        return folder

    def unpublish(self, handle: str, target: Path) -> None:
        return None

    def create(self, request: ProvisionRequest) -> CsiMade:
        return CsiMade(handle=request.name, attributes=request.parameters)

    def delete(self, handle: str) -> None:
        shutil.rmtree(self._kept(handle), ignore_errors=True)

    def expand(self, handle: str, size: int) -> None:
        return None

    def _kept(self, handle: str) -> Path:
        """A handle may be any text."""
        return self.settings.folder / sha256(handle.encode()).hexdigest()


class ProxyBase:
    """Serves nothing, and leaves the machine as it is."""

    def __init__(self, settings: ProxySettings) -> None:
        self.settings = settings

    def service_cidr(self) -> str | None:
        return None

    def start(self) -> None:
        return None

    def sync(self, desired: Sequence[ServicePort]) -> ProxyReport:
        return ProxyReport()

    def destroy(self) -> None:
        return None

    def close(self) -> None:
        return None


class BalancerBase:
    """Knows the endpoints, and always takes the first one that does not refuse."""

    endpoints: Sequence[Endpoint] = ()

    def update(self, endpoints: Sequence[Endpoint]) -> None:
        self.endpoints = tuple(endpoints)

    def order(self, client: str) -> Iterable[Endpoint]:
        return self.endpoints

    def opened(self, endpoint: Endpoint) -> None:
        return None

    def closed(self, endpoint: Endpoint) -> None:
        return None


def covers(found: Any, wanted: Any) -> bool:
    """Whether ``found``, a value as on the wire, has all that ``wanted`` says, whatever else it has.

    What the API server defaults is thus no difference. Lists are as long as each other, and covered one by one.
    """
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(covers(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list | tuple):
        return isinstance(found, list | tuple) and len(found) == len(wanted) and all(map(covers, found, wanted))
    return bool(found == wanted)


def _fill_once(folder: Path, fill: Callable[[Path], None]) -> None:
    """Under another name first: a folder that is there is taken for finished."""
    if folder.exists():
        return
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    unfinished.chmod(0o777)
    fill(unfinished)
    unfinished.rename(folder)


def owner_reference(owner: KubeObject, *, controller: bool = True) -> OwnerReference:
    """What an object says of who it belongs to: it goes when ``owner`` does."""
    from sampan.core.model.kinds import info

    about = info(type(owner))
    return OwnerReference(
        api_version=about.api_version,
        kind=about.kind,
        name=owner.metadata.name or "",
        uid=owner.metadata.uid or "",
        controller=controller or None,
        block_owner_deletion=controller or None,
    )
