"""Checks on each sort of volume source. `SOURCES` is in the order in which Kubernetes looks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, malformed, not_supported, required
from sampan.core.model.rules.common.metadata import validate_template_metadata
from sampan.core.model.rules.core_v1.claim_spec import validate_claim_spec
from sampan.core.model.rules.core_v1.iscsi import validate_iscsi
from sampan.core.model.rules.core_v1.paths import local_descending, no_backsteps
from sampan.core.model.rules.core_v1.volume_files import needs, validate_downward, validate_keys, validate_projected
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]
Check = Callable[[Value, str], list[Cause]]

MAX_TENANT: Final = 64
HOST_AND_PORT: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*")
RESERVED_DOMAINS: Final = (".kubernetes.io", ".k8s.io")
CACHING_MODES: Final = ("None", "ReadOnly", "ReadWrite")
DISK_KINDS: Final = ("Dedicated", "Managed", "Shared")
MANAGED_URI: Final = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
BLOB_URI: Final = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
PARTITION: Final = "must be between 0 and 255, inclusive"
HOST_PATH_TYPES: Final = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip


def _host_path(source: Value, path: str) -> list[Cause]:
    if not source.get("path"):
        return [required(f"{path}.path")]
    causes = no_backsteps(source["path"], f"{path}.path")
    kind = source.get("type")
    if kind is not None and kind not in HOST_PATH_TYPES:
        causes.append(not_supported(f"{path}.type", kind, HOST_PATH_TYPES))
    return causes


def _git_repo(source: Value, path: str) -> list[Cause]:
    causes = needs("repository")(source, path)
    return causes + local_descending(source.get("directory") or "", f"{path}.directory")


def _disk(id_word: str) -> Check:
    def check(source: Value, path: str) -> list[Cause]:
        causes = needs(id_word)(source, path)
        partition = source.get("partition") or 0
        if not 0 <= partition <= 255:
            causes.append(invalid(f"{path}.partition", partition, PARTITION))
        return causes

    return check


def _nfs(source: Value, path: str) -> list[Cause]:
    causes = needs("server", "path")(source, path)
    if not (source.get("path") or "").startswith("/"):
        causes.append(invalid(f"{path}.path", source.get("path") or "", "must be an absolute path"))
    return causes


def _fc(source: Value, path: str) -> list[Cause]:
    names, ids, lun = source.get("targetWWNs") or (), source.get("wwids") or (), source.get("lun")
    if not names:
        words = "must specify either targetWWNs or wwids, but not both"
        return [] if ids else [required(f"{path}.targetWWNs", words)]
    causes = []
    if ids:
        words = "targetWWNs and wwids can not be specified simultaneously"
        causes.append(invalid(f"{path}.targetWWNs", names, words))
    if lun is None:
        causes.append(required(f"{path}.lun", "lun is required if targetWWNs is specified"))
    elif not 0 <= lun <= 255:
        causes.append(invalid(f"{path}.lun", lun, formats.between(0, 255)))
    return causes


def _flocker(source: Value, path: str) -> list[Cause]:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    causes = []
    if not name and not uuid:
        causes.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        words = "datasetName and datasetUUID can not be specified simultaneously"
        causes.append(invalid(path, "resource", words))
    if "/" in name:
        causes.append(invalid(f"{path}.datasetName", name, "must not contain '/'"))
    return causes


def _quobyte(source: Value, path: str) -> list[Cause]:
    registry, words = source.get("registry") or "", "must be a host:port pair or multiple pairs separated by commas"
    causes = []
    if not registry:
        causes.append(required(f"{path}.registry", words))
    elif len((source.get("tenant") or "").encode()) > MAX_TENANT:
        about = "must be a UUID and may not exceed a length of 64 characters"
        causes.append(required(f"{path}.tenant", about))
    else:
        pairs = registry.split(",")
        causes += [invalid(f"{path}.registry", registry, words) for pair in pairs if not HOST_AND_PORT.fullmatch(pair)]
    return causes + needs("volume")(source, path)


def validate_flex_volume(source: Value, path: str) -> list[Cause]:
    """Options may not be named as Kubernetes' own are."""
    causes = needs("driver")(source, path)
    for key in sorted(source.get("options") or {}):
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith(RESERVED_DOMAINS):
            words = "kubernetes.io and k8s.io namespaces are reserved"
            causes.append(invalid(f"{path}.options[{key}]", key, words))
    return causes


def _azure_disk(source: Value, path: str) -> list[Cause]:
    causes = needs("diskName", "diskURI")(source, path)
    for word, known in (("cachingMode", CACHING_MODES), ("kind", DISK_KINDS)):
        if source.get(word) is not None and source[word] not in known:
            causes.append(not_supported(f"{path}.{word}", source[word], known))
    kind, uri = source.get("kind"), source.get("diskURI") or ""
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        causes.append(not_supported(f"{path}.diskURI", uri, [MANAGED_URI]))
    if kind is not None and kind != "Managed" and not uri.startswith("https://"):
        causes.append(not_supported(f"{path}.diskURI", uri, [BLOB_URI]))
    return causes


def with_secret(check: Check, *words: str) -> Check:
    """A source whose ``secretRef``, if it has one, must not leave these fields empty."""

    def both(source: Value, path: str) -> list[Cause]:
        secret = source.get("secretRef")
        return check(source, path) + ([] if secret is None else needs(*words)(secret, f"{path}.secretRef"))

    return both


def validate_storageos(source: Value, path: str) -> list[Cause]:
    causes = needs("volumeName")(source, path)
    for word in ("volumeName", "volumeNamespace"):
        if source.get(word):
            causes += malformed(f"{path}.{word}", source[word], "dns1123-label")
    return causes


def _csi(source: Value, path: str) -> list[Cause]:
    causes = validate_driver_name(source.get("driver") or "", f"{path}.driver")
    if (ref := source.get("nodePublishSecretRef")) is not None:
        name = ref.get("name") or ""
        where = f"{path}.nodePublishSecretRef.name"
        causes += malformed(f"{path}.name", name, "dns1123-subdomain") if name else [required(where)]
    return causes


def _ephemeral(source: Value, path: str) -> list[Cause]:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return [required(f"{path}.volumeClaimTemplate")]
    where = f"{path}.volumeClaimTemplate"
    causes = validate_template_metadata(template.get("metadata") or {}, f"{where}.metadata")
    return causes + validate_claim_spec(template.get("spec") or {}, f"{where}.spec")


def _image(source: Value, path: str) -> list[Cause]:
    """Which image it is may be said later, in a template."""
    policy, where = source.get("pullPolicy") or "", f"{path}.pullPolicy"
    return [] if policy in PULL_POLICIES else [not_supported(where, policy, PULL_POLICIES)]


SOURCES: Final[Mapping[str, Check]] = {
    "hostPath": _host_path,
    "gitRepo": _git_repo,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "secret": validate_keys("secretName"),
    "nfs": _nfs,
    "iscsi": validate_iscsi,
    "glusterfs": needs("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": needs("claimName"),
    "rbd": needs("monitors", "image"),
    "cinder": with_secret(needs("volumeID"), "name"),
    "cephfs": needs("monitors"),
    "quobyte": _quobyte,
    "downwardAPI": validate_downward,
    "fc": _fc,
    "flexVolume": validate_flex_volume,
    "configMap": validate_keys("name"),
    "azureFile": needs("secretName", "shareName"),
    "vsphereVolume": needs("volumePath"),
    "photonPersistentDisk": needs("pdID"),
    "portworxVolume": needs("volumeID"),
    "azureDisk": _azure_disk,
    "storageos": with_secret(validate_storageos, "name"),
    "projected": validate_projected,
    "scaleIO": needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}
REPORTED_AS: Final = {"gcePersistentDisk": "persistentDisk"}
"""Sources whose findings Kubernetes reports under another name."""
