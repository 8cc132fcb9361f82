"""PersistentVolume."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, forbidden, invalid, malformed, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.quantity import canonical, parse, value
from sampan.core.model.rules.core_v1.affinity import validate_node_selector
from sampan.core.model.rules.core_v1.claim_spec import VOLUME_MODES, validate_access_modes
from sampan.core.model.rules.core_v1.persistent_volume_sources import PERSISTENT_SOURCES
from sampan.core.model.rules.core_v1.volume_sources import REPORTED_AS

Value = Mapping[str, Any]

RECLAIM_POLICIES: Final = ("Delete", "Recycle", "Retain")
INLINE: Final = "in the context of inline volumes"
NOT_INLINE: Final = f"may not be specified {INLINE}"
ONE_TYPE: Final = "may not specify more than 1 volume type"
MOUNT_OPTIONS: Final = "volume.beta.kubernetes.io/mount-options"
WITH_MOUNT_OPTIONS: Final = (
    "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "iscsi", "cinder", "cephfs",
    "azureFile", "vsphereVolume", "azureDisk", "photonPersistentDisk",
)  # fmt: skip
DEPRECATED_ANNOTATIONS: Final[Mapping[str, str]] = {
    "volume.beta.kubernetes.io/storage-class": 'deprecated since v1.8; use "storageClassName" attribute instead',
    MOUNT_OPTIONS: 'deprecated since v1.31; use "mountOptions" attribute instead',
}
RECYCLE: Final = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. "
    "Instead, the recommended approach is to use dynamic provisioning."
)
GONE: Final[Mapping[str, tuple[str, str, str]]] = {
    "cephfs": ("cephfs", "1.28", "1.31"),
    "photonPersistentDisk": ("photonPersistentDisk", "1.11", "1.16"),
    "scaleIO": ("scaleIO", "1.16", "1.22"),
    "storageos": ("storageOS", "1.22", "1.25"),
    "glusterfs": ("glusterfs", "1.25", "1.26"),
    "rbd": ("rbd", "1.28", "1.31"),
}
"""Sources that nothing can mount any more: how the warning names them, and since which releases."""


class PersistentVolumeRules(KindRules):
    revalidates_metadata = 2
    rechecks_changes = False

    def default(self, obj: JsonObject) -> None:
        """A volume that is described on the spot, for a VolumeAttachment, has none of these."""
        spec = obj.setdefault("spec", {})
        spec["persistentVolumeReclaimPolicy"] = spec.get("persistentVolumeReclaimPolicy") or "Retain"
        spec.setdefault("volumeMode", "Filesystem")

    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": obj["metadata"].get("creationTimestamp")}

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        """Keep the time of the phase, or set it anew where the phase changed and the client left it alone."""
        if subresource != "status":
            return
        status, before = obj.setdefault("status", {}), old.get("status") or {}
        word = "lastPhaseTransitionTime"
        if status.get("phase") == before.get("phase"):
            if not status.get(word) and before.get(word):
                status[word] = before[word]
        elif status.get(word) in (None, before.get(word)):
            status[word] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        """A changed volume is checked as a new one twice, and each finding told twice."""
        return (
            () if subresource == "status" else validate_persistent_volume(obj, "") + _changes(obj["spec"], old["spec"])
        )

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        annotations, spec = obj["metadata"].get("annotations") or {}, obj["spec"]
        for key, words in DEPRECATED_ANNOTATIONS.items():
            if key in annotations:
                yield f"metadata.annotations[{key}]: {words}"
        if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
            yield RECYCLE
        for word, (name, since, gone) in GONE.items():
            if spec.get(word) is not None:
                yield f"spec.{name}: deprecated in v{since}, non-functional in v{gone}+"


def validate_persistent_volume(obj: Value, path: str) -> list[Cause]:
    meta, spec = obj.get("metadata") or {}, obj.get("spec") or {}
    causes = validate_volume_spec(spec, "spec", name=meta.get("name") or "")
    mountable = any(spec.get(word) is not None for word in WITH_MOUNT_OPTIONS)
    if MOUNT_OPTIONS in (meta.get("annotations") or {}) and not mountable:
        words = "may not specify mount options for this volume type"
        causes.append(forbidden(f"metadata.annotations.{MOUNT_OPTIONS}", words))
    return causes


def validate_volume_spec(spec: Value, path: str, *, name: str = "", inline: bool = False) -> list[Cause]:
    """``inline``: as part of a VolumeAttachment, which stands for one mount and not for storage to be claimed."""
    causes = _inline_only(spec, path) if inline else []
    modes = spec.get("accessModes") or ()
    if not modes:
        causes.append(required(f"{path}.accessModes"))
    causes += validate_access_modes(modes, f"{path}.accessModes")
    if not inline:
        causes += _capacity(spec.get("capacity") or {}, f"{path}.capacity")
    policy = spec.get("persistentVolumeReclaimPolicy")
    if inline and policy and policy != "Retain":
        causes.append(forbidden(f"{path}.persistentVolumeReclaimPolicy", f"may only be Retain {INLINE}"))
    elif not inline and policy and policy not in RECLAIM_POLICIES:
        causes.append(not_supported(f"{path}.persistentVolumeReclaimPolicy", policy, RECLAIM_POLICIES))
    causes += _node_affinity(spec.get("nodeAffinity"), f"{path}.nodeAffinity", inline)
    causes += _sources(spec, path, name)
    root = posixpath.normpath((spec.get("hostPath") or {}).get("path") or ".") == "/"
    if root and policy == "Recycle":
        words = "may not be 'recycle' for a hostPath mount of '/'"
        causes.append(forbidden(f"{path}.persistentVolumeReclaimPolicy", words))
    return causes + _classes(spec, path, inline)


def _inline_only(spec: Value, path: str) -> list[Cause]:
    causes = [forbidden(f"{path}.{word}", NOT_INLINE) for word in ("claimRef", "capacity") if spec.get(word)]
    return (
        causes if spec.get("csi") is not None else [*causes, required(f"{path}.csi", f"has to be specified {INLINE}")]
    )


def _capacity(capacity: Mapping[str, Any], path: str) -> list[Cause]:
    causes = [] if capacity else [required(path)]
    if list(capacity) != ["storage"]:
        causes.append(not_supported(path, {name: canonical(capacity[name]) for name in sorted(capacity)}, ("storage",)))
    for name in sorted(capacity):
        where, amount = f"{path}[{name}]", capacity[name]
        if value(amount) < 0:
            causes.append(invalid(where, value(amount), "must be a valid resource quantity"))
        if parse(amount).number <= 0:
            causes.append(invalid(where, canonical(amount), "must be greater than zero"))
    return causes


def _node_affinity(affinity: Value | None, path: str, inline: bool) -> list[Cause]:
    if affinity is None:
        return []
    if inline:
        return [forbidden(path, NOT_INLINE)]
    if affinity.get("required") is None:
        return [required(f"{path}.required", "must specify required node constraints")]
    return validate_node_selector(affinity["required"], f"{path}.required")


def _sources(spec: Value, path: str, name: str) -> list[Cause]:
    """The first source is checked; any further one is one too many (a FlexVolume is always checked)."""
    causes: list[Cause] = []
    found = False
    for word, check in PERSISTENT_SOURCES.items():
        source = spec.get(word)
        if source is None:
            continue
        where = f"{path}.{REPORTED_AS.get(word, word)}"
        if found and word != "flexVolume":
            causes.append(forbidden(f"{path}.{'cephFS' if word == 'cephfs' else word}", ONE_TYPE))
            continue
        found = True
        causes += check(source, where, name)
        if word == "local" and spec.get("nodeAffinity") is None:
            causes.append(required(f"{path}.nodeAffinity", "Local volume requires node affinity"))
    return causes if found else [required(path, "must specify a volume type")]


def _classes(spec: Value, path: str, inline: bool) -> list[Cause]:
    causes = []
    if name := spec.get("storageClassName"):
        where = f"{path}.storageClassName"
        causes += [forbidden(where, NOT_INLINE)] if inline else malformed(where, name, "dns1123-subdomain")
    mode, where = spec.get("volumeMode"), f"{path}.volumeMode"
    if inline and mode not in (None, "Filesystem"):
        causes.append(forbidden(where, f"may not specify volumeMode other than Filesystem {INLINE}"))
    elif not inline and mode is not None and mode not in VOLUME_MODES:
        causes.append(not_supported(where, mode, VOLUME_MODES))
    attributes, where = spec.get("volumeAttributesClassName"), f"{path}.volumeAttributesClassName"
    if attributes is None:
        return causes
    if not attributes:
        causes.append(required(where, "an empty string is disallowed"))
    else:
        causes += malformed(where, attributes, "dns1123-subdomain")
    if spec.get("csi") is None:
        causes.append(required(f"{path}.csi", "has to be specified when using volumeAttributesClassName"))
    return causes


def _changes(spec: Value, before: Value) -> list[Cause]:
    """What the storage is stays; who has it, how large it is and what becomes of it may change."""
    causes = []
    if _source(spec, before) != {word: before[word] for word in PERSISTENT_SOURCES if before.get(word) is not None}:
        words = "spec.persistentvolumesource is immutable after creation"
        causes.append(forbidden("spec.persistentvolumesource", words))
    causes += changed("volumeMode", spec.get("volumeMode"), before.get("volumeMode"))
    affinity = before.get("nodeAffinity")
    if affinity is not None and spec.get("nodeAffinity") != affinity:
        words = "field is immutable, except for updating from beta label to GA"
        causes.append(invalid("nodeAffinity", spec.get("nodeAffinity"), words))
    word = "volumeAttributesClassName"
    if before.get(word) is not None and spec.get(word) is None:
        causes.append(forbidden(f"spec.{word}", "update from non-nil value to nil is forbidden"))
    return causes


def _source(spec: Value, before: Value) -> Value:
    """The volume's source, without a Secret for its growth that the old one lacked."""
    source = {word: spec[word] for word in PERSISTENT_SOURCES if spec.get(word) is not None}
    csi, old = source.get("csi"), before.get("csi")
    if csi is not None and old is not None and old.get("controllerExpandSecretRef") is None:
        source["csi"] = {word: item for word, item in csi.items() if word != "controllerExpandSecretRef"}
    return source
