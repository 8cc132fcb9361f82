"""Checks on where a container's volumes appear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, not_found, not_supported, required
from sampan.core.model.rules.core_v1.paths import local_descending, no_backsteps

Value = Mapping[str, Any]

PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")
READ_ONLY_MODES: Final = ("Disabled", "Enabled", "IfPossible")


def validate_mounts(container: Value, volumes: Mapping[str, Value], path: str) -> list[Cause]:
    """``volumes``: the pod's valid volumes by name."""
    causes: list[Cause] = []
    devices = {device.get("name"): device.get("devicePath") for device in container.get("volumeDevices") or ()}
    seen: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        where = f"{path}[{index}]"
        name, target = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            causes.append(required(f"{where}.name"))
        if name not in volumes:
            causes.append(not_found(f"{where}.name", name))
        if not target:
            causes.append(required(f"{where}.mountPath"))
        if target in seen:
            causes.append(invalid(f"{where}.mountPath", target, "must be unique"))
        seen.add(target)
        if name in devices:
            causes.append(invalid(f"{where}.name", name, "must not already exist in volumeDevices"))
        if target in devices.values():
            causes.append(invalid(f"{where}.mountPath", target, "must not already exist as a path in volumeDevices"))
        causes += _sub_path(mount, path, where)
        causes += _modes(mount, container, path)
    return causes


def _sub_path(mount: Value, path: str, where: str) -> list[Cause]:
    """Kubernetes names the list, not its item, for a path that leaves the volume."""
    causes = []
    plain, expression = mount.get("subPath") or "", mount.get("subPathExpr") or ""
    if plain:
        causes += local_descending(plain, f"{path}.subPath")
    if expression:
        if plain:
            words = "subPathExpr and subPath are mutually exclusive"
            causes.append(invalid(f"{where}.subPathExpr", expression, words))
        causes += local_descending(expression, f"{path}.subPathExpr")
    return causes


def _modes(mount: Value, container: Value, path: str) -> list[Cause]:
    causes = []
    propagation = mount.get("mountPropagation")
    privileged = (container.get("securityContext") or {}).get("privileged")
    if propagation is not None:
        where = f"{path}.mountPropagation"
        if propagation not in PROPAGATIONS:
            causes.append(not_supported(where, propagation, PROPAGATIONS))
        if not privileged and propagation == "Bidirectional":
            words = "Bidirectional mount propagation is available only to privileged containers"
            causes.append(forbidden(where, words))
    return causes + _recursive_read_only(mount, propagation, f"{path}.recursiveReadOnly")


def _recursive_read_only(mount: Value, propagation: str | None, path: str) -> list[Cause]:
    mode = mount.get("recursiveReadOnly")
    if mode is None or mode == "Disabled":
        return []
    if mode not in READ_ONLY_MODES:
        return [not_supported(path, mode, READ_ONLY_MODES)]
    causes = []
    if not mount.get("readOnly"):
        causes.append(forbidden(path, "may only be specified when readOnly is true"))
    if propagation not in (None, "None"):
        causes.append(forbidden(path, "may only be specified when mountPropagation is None or not specified"))
    return causes


def validate_devices(container: Value, volumes: Mapping[str, Value], path: str) -> list[Cause]:
    """Raw block volumes: they come from a claim, and not where something is mounted."""
    causes: list[Cause] = []
    mounts = {mount.get("name"): mount.get("mountPath") for mount in container.get("volumeMounts") or ()}
    names: set[str] = set()
    paths: set[str] = set()
    for index, device in enumerate(container.get("volumeDevices") or ()):
        where = f"{path}[{index}]"
        name, target = device.get("name") or "", device.get("devicePath") or ""
        causes += _device_name(name, names, volumes, f"{where}.name")
        if not target:
            causes.append(required(f"{where}.devicePath"))
        if target in paths:
            causes.append(invalid(f"{where}.devicePath", target, "must be unique"))
        if target and no_backsteps(target, where):
            causes.append(invalid(f"{where}.devicePath", target, "can not contain backsteps ('..')"))
        else:
            paths.add(target)
        if name in mounts:
            causes.append(invalid(f"{where}.name", name, "must not already exist in volumeMounts"))
        if target in mounts.values():
            causes.append(invalid(f"{where}.devicePath", target, "must not already exist as a path in volumeMounts"))
        if name:
            names.add(name)
    return causes


def _device_name(name: str, seen: set[str], volumes: Mapping[str, Value], path: str) -> Sequence[Cause]:
    causes = [] if name else [required(path)]
    if name in seen:
        causes.append(invalid(path, name, "must be unique"))
    if name not in volumes:
        causes.append(not_found(path, name))
    elif volumes[name].get("persistentVolumeClaim") is None and volumes[name].get("ephemeral") is None:
        words = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        causes.append(invalid(path, name, words))
    return causes
