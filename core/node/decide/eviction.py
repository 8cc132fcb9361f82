"""Whether a pod takes more of the node's disk than it may: then it is evicted. Pure; messages are the kubelet's.

https://kubernetes.io/docs/concepts/storage/ephemeral-storage/#ephemeral-storage-consumption-management
"""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.volume import Volume
from sampan.core.model.meta import Quantity
from sampan.core.model.quantity import format_number, value
from sampan.core.node.decide.view import Rejection

STORAGE = "ephemeral-storage"
GRACE = 1
"""Seconds: whoever fills the disk is not waited for."""


def disk_volumes(pod: Pod) -> list[Volume]:
    """The emptyDirs that are on disk: a tmpfs keeps to its size by itself."""
    return [each for each in pod.spec.volumes if each.empty_dir is not None and each.empty_dir.medium != "Memory"]


def has_disk_limits(pod: Pod) -> bool:
    return bool(container_limits(pod)) or any(_size_limit(each) for each in disk_volumes(pod))


def container_limits(pod: Pod) -> dict[str, Quantity]:
    """By container name."""
    specs = (*pod.spec.init_containers, *pod.spec.containers)
    return {spec.name: spec.resources.limits[STORAGE] for spec in specs if STORAGE in spec.resources.limits}


def over_disk_limit(pod: Pod, volumes: Mapping[str, int], containers: Mapping[str, int]) -> Rejection | None:
    """``volumes`` and ``containers``: bytes by name, of those that were measured."""
    for volume in disk_volumes(pod):
        limit = _size_limit(volume)
        if limit and volumes.get(volume.name, 0) > value(limit):
            return _evicted(f'Usage of EmptyDir volume "{volume.name}" exceeds the limit "{limit}". ')
    limits = container_limits(pod)
    whole = sum(value(limits[spec.name]) for spec in pod.spec.containers if spec.name in limits)
    if whole and sum(volumes.values()) + sum(containers.values()) > whole:
        total = format_number(whole, "binary")
        return _evicted(f"Pod ephemeral local storage usage exceeds the total limit of containers {total}. ")
    for name, limit in limits.items():
        if value(limit) and containers.get(name, 0) > value(limit):
            return _evicted(f'Container {name} exceeded its local ephemeral storage limit "{limit}". ')
    return None


def _size_limit(volume: Volume) -> Quantity | None:
    limit = volume.empty_dir.size_limit if volume.empty_dir is not None else None
    return limit if limit and value(limit) > 0 else None


def _evicted(why: str) -> Rejection:
    return Rejection("Evicted", why, grace=GRACE)
