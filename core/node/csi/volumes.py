"""``csi`` volumes of pods, and claims whose volumes are a CSI driver's: published, and given back by what is on disk.

Each has a folder of its own, with a file that says what was asked of which driver. It is written before the driver is
called, so that whatever breaks in between, the driver is told when the pod is gone.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.csi import CsiRequest
from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeFailure
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.node.csi.drivers import CsiDrivers, NamedDriver
from sampan.core.node.csi.staging import Staging
from sampan.core.node.csi.treatment import belongs_to_group, check_mode, secret_of, spec_of, tokens, told_of_pod
from sampan.core.node.mounts import remove_tree
from sampan.core.node.ownership import give_to_group

FIELD = "csi"
NOTE = "vol_data.json"
TARGET = "mount"


@frozen(kw_only=True)
class _Wanted:
    """A volume, wherever it is named: in the pod, or by a claim's PersistentVolume."""

    driver: str
    handle: str
    attributes: dict[str, str]
    fs_type: str
    read_only: bool
    mode: str
    publish_secret: tuple[str, str] | None = None
    """Namespace and name."""
    stage_secret: tuple[str, str] | None = None
    mount_options: tuple[str, ...] = ()
    access_modes: tuple[str, ...] = ("ReadWriteOnce",)


class CsiVolumes:
    """A `sampan.core.contracts.volume.VolumeDriver`, and `publish_claimed` for claims."""

    field = FIELD

    def __init__(self, drivers: CsiDrivers) -> None:
        self._drivers = drivers
        self._staging = Staging(drivers.folder)

    def publish(self, context: VolumeContext) -> PublishedVolume:
        return self._publish(context, _of_pod(context))

    def publish_claimed(self, context: VolumeContext, volume: PersistentVolume) -> PublishedVolume:
        """The same for what a claim is bound to; ``context.directory`` is this driver's own for the pod's volume."""
        return self._publish(context, _of_claim(context, volume))

    def refresh(self, context: VolumeContext) -> None:
        wanted = _of_pod(context)
        named = self._drivers.find(wanted.driver)
        if spec_of(context, wanted.driver, named.driver.about).requires_republish:
            self._publish(context, wanted)

    def usage(self, directory: Path) -> int:
        """The driver's, not the pod's."""
        return 0

    def unpublish(self, directory: Path) -> None:
        try:
            note = json.loads((directory / NOTE).read_text())
        except FileNotFoundError:
            remove_tree(directory)  # it was never asked for
            return
        except ValueError as exc:
            raise VolumeFailure(f"{directory / NOTE} cannot be read: {exc}") from exc
        named, handle, target = self._drivers.find(note["driverName"]), note["volumeHandle"], directory / TARGET
        named.run(lambda: named.driver.unpublish(handle, target))
        if os.path.ismount(target):
            raise VolumeFailure(f"the CSI driver {named.name} has left {target} mounted")
        self._staging.unstage(named, handle, note["user"])
        remove_tree(directory)

    def _publish(self, context: VolumeContext, wanted: _Wanted) -> PublishedVolume:
        named = self._drivers.find(wanted.driver)
        spec = spec_of(context, wanted.driver, named.driver.about)
        check_mode(spec, wanted.driver, wanted.mode)
        given = tokens(spec, context)
        in_secrets = bool(spec.service_account_token_in_secrets)
        ephemeral = wanted.mode == "Ephemeral"
        request = CsiRequest(
            handle=wanted.handle,
            target=context.directory / TARGET,
            attributes={
                **wanted.attributes,
                **told_of_pod(spec, context.pod, wanted.mode),
                **({} if in_secrets else given),
            },
            fs_type=wanted.fs_type,
            read_only=wanted.read_only,
            mount_options=wanted.mount_options,
            access_modes=wanted.access_modes,
            ephemeral=ephemeral,
            pod=context.pod,
        )
        is_first = not (context.directory / NOTE).exists()
        user = _user(context)
        _write_note(context.directory, {"driverName": named.name, "volumeHandle": wanted.handle, "user": user})
        stage_secrets = secret_of(context, *wanted.stage_secret) if wanted.stage_secret else {}
        staging = self._staging.stage(named, attrs.evolve(request, secrets=stage_secrets), user)
        secrets = dict(secret_of(context, *wanted.publish_secret)) if wanted.publish_secret else {}
        request = attrs.evolve(request, staging=staging, secrets=secrets | (dict(given) if in_secrets else {}))
        path = _checked(named, named.run(lambda: named.driver.publish(request)))
        in_group = belongs_to_group(spec, wanted.fs_type, wanted.access_modes, ephemeral)
        if is_first and in_group and not wanted.read_only and path.is_dir():
            give_to_group(context.pod, path)
        return PublishedVolume(host_path=path, read_only=wanted.read_only, mount_points=path == request.target)


def _of_pod(context: VolumeContext) -> _Wanted:
    source = context.volume.csi
    if source is None:
        raise VolumeFailure(f"volume {context.volume.name} is none of a CSI driver")
    secret = source.node_publish_secret_ref
    return _Wanted(
        driver=source.driver,
        handle=f"csi-{sha256(_user(context).encode()).hexdigest()}",
        attributes=dict(source.volume_attributes),
        fs_type=source.fs_type or "",
        read_only=bool(source.read_only),
        mode="Ephemeral",
        publish_secret=(context.pod.metadata.namespace or "", secret.name or "") if secret else None,
    )


def _of_claim(context: VolumeContext, volume: PersistentVolume) -> _Wanted:
    source = volume.spec.csi
    if source is None:
        raise VolumeFailure(f'persistentvolume "{volume.metadata.name}" is none of a CSI driver')
    claim = context.volume.persistent_volume_claim
    publish, stage = source.node_publish_secret_ref, source.node_stage_secret_ref
    return _Wanted(
        driver=source.driver,
        handle=source.volume_handle,
        attributes=dict(source.volume_attributes),
        fs_type=source.fs_type or "",
        read_only=source.read_only or bool(claim and claim.read_only),
        mode="Persistent",
        publish_secret=(publish.namespace or "", publish.name or "") if publish else None,
        stage_secret=(stage.namespace or "", stage.name or "") if stage else None,
        mount_options=volume.spec.mount_options,
        access_modes=volume.spec.access_modes,
    )


def _user(context: VolumeContext) -> str:
    """One volume of one pod, as the name of a file."""
    return f"{context.pod.metadata.uid}-{context.volume.name}"


def _write_note(directory: Path, note: dict[str, str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    unfinished = directory / f".{NOTE}"
    unfinished.write_text(json.dumps(note))
    unfinished.rename(directory / NOTE)


def _checked(named: NamedDriver, path: object) -> Path:
    if not isinstance(path, Path):
        raise VolumeFailure(f"the CSI driver {named.name} returned {type(path).__name__}, no path of the volume")
    if not path.is_absolute() or not path.exists():
        raise VolumeFailure(f"the CSI driver {named.name} says that the volume is at {path}, which is not there")
    return path
