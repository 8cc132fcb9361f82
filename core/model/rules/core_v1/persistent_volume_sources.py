"""Checks on what a PersistentVolume stands for, in the order in which Kubernetes looks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, malformed, required
from sampan.core.model.rules.core_v1.paths import no_backsteps
from sampan.core.model.rules.core_v1.volume_sources import SOURCES, needs
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]
Check = Callable[[Value, str, str], list[Cause]]
"""Takes the source, its path, and the name of the volume."""

IQN: Final = re.compile(r"iqn\.\d{4}-\d{2}\.([0-9A-Za-z.-]+)(:[^,;*&$|\s]+)$")
EUI: Final = re.compile(r"eui.[0-9A-Za-z]{16}$")
NAA: Final = re.compile(r"naa.[0-9A-Za-z]{32}$")
RESERVED_DOMAINS: Final = (".kubernetes.io", ".k8s.io")
CSI_SECRETS: Final = (
    "controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef",
)  # fmt: skip


def _as_in_pods(word: str) -> Check:
    """A source that pods can name directly too, with the same checks."""
    return lambda source, path, name: SOURCES[word](source, path)


def _needs(*words: str) -> Check:
    check = needs(*words)
    return lambda source, path, name: check(source, path)


def _glusterfs(source: Value, path: str, name: str) -> list[Cause]:
    causes = needs("endpoints", "path")(source, path)
    namespace, where = source.get("endpointsNamespace"), f"{path}.endpointsNamespace"
    if namespace == "":
        words = "if the endpointnamespace is set, it must be a valid namespace name"
        causes.append(invalid(where, namespace, words))
    elif namespace is not None:
        causes += malformed(where, namespace, "dns1123-label")
    return causes


def _iscsi(source: Value, path: str, name: str) -> list[Cause]:
    portal, iqn, initiator = source.get("targetPortal") or "", source.get("iqn") or "", source.get("initiatorName")
    causes = [] if portal else [required(f"{path}.targetPortal")]
    if initiator is not None and len(f"{name}:{portal}") > 64:
        words = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
        causes.append(invalid(f"{path}.targetportal", portal, f"{words}iscsi.initiatorName is specified."))
    if not iqn:
        causes.append(required(f"{path}.iqn"))
    elif not _is_qualified(iqn):
        causes.append(invalid(f"{path}.iqn", iqn, "must be valid format"))
    lun, secret = source.get("lun") or 0, source.get("secretRef")
    if not 0 <= lun <= 255:
        causes.append(invalid(f"{path}.lun", lun, formats.between(0, 255)))
    if secret is None and (source.get("chapAuthDiscovery") or source.get("chapAuthSession")):
        causes.append(required(f"{path}.secretRef"))
    if secret is not None and not secret.get("name"):
        causes.append(required(f"{path}.secretRef.name"))
    if initiator is not None and not _is_qualified(initiator):
        causes.append(invalid(f"{path}.initiatorname", initiator, "must be valid format"))
    return causes


def _is_qualified(name: str) -> bool:
    """A name of iSCSI's three notations."""
    return any(pattern.match(name) for pattern in (IQN, EUI, NAA))


def _secret(secret: Value | None, path: str) -> list[Cause]:
    return [] if secret is None else needs("name", "namespace")(secret, path)


def _cinder(source: Value, path: str, name: str) -> list[Cause]:
    return needs("volumeID")(source, path) + _secret(source.get("secretRef"), f"{path}.secretRef")


def _flex_volume(source: Value, path: str, name: str) -> list[Cause]:
    causes = needs("driver")(source, path)
    for key in sorted(source.get("options") or {}):
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith(RESERVED_DOMAINS):
            words = "kubernetes.io and k8s.io namespaces are reserved"
            causes.append(invalid(f"{path}.options[{key}]", key, words))
    return causes


def _azure_file(source: Value, path: str, name: str) -> list[Cause]:
    causes = needs("secretName", "shareName")(source, path)
    return [*causes, required(f"{path}.secretNamespace")] if source.get("secretNamespace") == "" else causes


def _local(source: Value, path: str, name: str) -> list[Cause]:
    where = source.get("path") or ""
    return no_backsteps(where, f"{path}.path") if where else [required(f"{path}.path")]


def _storageos(source: Value, path: str, name: str) -> list[Cause]:
    causes = needs("volumeName")(source, path)
    for word in ("volumeName", "volumeNamespace"):
        if source.get(word):
            causes += malformed(f"{path}.{word}", source[word], "dns1123-label")
    return causes + _secret(source.get("secretRef"), f"{path}.secretRef")


def _csi(source: Value, path: str, name: str) -> list[Cause]:
    causes = validate_driver_name(source.get("driver") or "", f"{path}.driver")
    causes += needs("volumeHandle")(source, path)
    for word in CSI_SECRETS:
        if source.get(word) is not None:
            causes += _secret_name(source[word], f"{path}.{word}")
    return causes


def _secret_name(secret: Value, path: str) -> list[Cause]:
    causes = []
    for word, form in (("name", "dns1123-subdomain"), ("namespace", "dns1123-label")):
        where, text = f"{path}.{word}", secret.get(word) or ""
        causes += malformed(where, text, form) if text else [required(where)]
    return causes


PERSISTENT_SOURCES: Final[Mapping[str, Check]] = {
    "hostPath": _as_in_pods("hostPath"),
    "gcePersistentDisk": _as_in_pods("gcePersistentDisk"),
    "awsElasticBlockStore": _as_in_pods("awsElasticBlockStore"),
    "glusterfs": _glusterfs,
    "flocker": _as_in_pods("flocker"),
    "nfs": _as_in_pods("nfs"),
    "rbd": _needs("monitors", "image"),
    "quobyte": _as_in_pods("quobyte"),
    "cephfs": _needs("monitors"),
    "iscsi": _iscsi,
    "cinder": _cinder,
    "fc": _as_in_pods("fc"),
    "flexVolume": _flex_volume,
    "azureFile": _azure_file,
    "vsphereVolume": _as_in_pods("vsphereVolume"),
    "photonPersistentDisk": _as_in_pods("photonPersistentDisk"),
    "portworxVolume": _as_in_pods("portworxVolume"),
    "azureDisk": _as_in_pods("azureDisk"),
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "local": _local,
    "storageos": _storageos,
    "csi": _csi,
}
REPORTED_AS: Final = {"gcePersistentDisk": "persistentDisk"}
"""Sources whose findings Kubernetes reports under another name."""
