"""Checks on what a PersistentVolume stands for, in the order in which Kubernetes looks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, malformed, required
from sampan.core.model.rules.core_v1.iscsi import validate_persistent_iscsi
from sampan.core.model.rules.core_v1.paths import no_backsteps
from sampan.core.model.rules.core_v1.volume_files import needs
from sampan.core.model.rules.core_v1.volume_sources import SOURCES, validate_storageos, with_secret
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]
Check = Callable[[Value, str, str], list[Cause]]
"""Takes the source, its path, and the name of the volume."""

CSI_SECRETS: Final = (
    "controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef",
)  # fmt: skip


def _as_in_pods(word: str) -> Check:
    """A source that pods can name directly too, with the same checks."""
    return lambda source, path, name: SOURCES[word](source, path)


def _secretly(check: Callable[[Value, str], list[Cause]]) -> Check:
    """A source whose secret lies in a namespace, as the volume has none."""
    both = with_secret(check, "name", "namespace")
    return lambda source, path, name: both(source, path)


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


def _azure_file(source: Value, path: str, name: str) -> list[Cause]:
    causes = needs("secretName", "shareName")(source, path)
    return [*causes, required(f"{path}.secretNamespace")] if source.get("secretNamespace") == "" else causes


def _local(source: Value, path: str, name: str) -> list[Cause]:
    where = source.get("path") or ""
    return no_backsteps(where, f"{path}.path") if where else [required(f"{path}.path")]


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
    "iscsi": validate_persistent_iscsi,
    "cinder": _secretly(needs("volumeID")),
    "fc": _as_in_pods("fc"),
    "flexVolume": _as_in_pods("flexVolume"),
    "azureFile": _azure_file,
    "vsphereVolume": _as_in_pods("vsphereVolume"),
    "photonPersistentDisk": _as_in_pods("photonPersistentDisk"),
    "portworxVolume": _as_in_pods("portworxVolume"),
    "azureDisk": _as_in_pods("azureDisk"),
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "local": _local,
    "storageos": _secretly(validate_storageos),
    "csi": _csi,
}
