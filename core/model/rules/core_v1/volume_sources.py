"""Checks on each sort of volume source. `SOURCES` is in the order in which Kubernetes looks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import forbidden, go_value, invalid, not_supported, required
from sampan.core.model.rules.common.selectors import validate_selector
from sampan.core.model.rules.core_v1.claim_spec import validate_claim_spec
from sampan.core.model.rules.core_v1.environment import VOLUME_FIELDS, validate_field_ref, validate_resource_ref
from sampan.core.model.rules.core_v1.paths import local_descending, local_non_reserved, no_backsteps

Value = Mapping[str, Any]
Check = Callable[[Value, str], list[Cause]]

FILE_MODE: Final = "must be a number between 0 and 0777 (octal), both inclusive"
PARTITION: Final = "must be between 0 and 255, inclusive"
HOST_PATH_TYPES: Final = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip
BUNDLE_FIELDS: Final = {"name": None, "signerName": None, "labelSelector": None, "optional": None, "path": ""}
KEY_TYPES: Final = ("ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096")


def needs(*words: str) -> Check:
    """A source that only must not leave these fields empty."""

    def check(source: Value, path: str) -> list[Cause]:
        return [required(f"{path}.{word}") for word in words if not source.get(word)]

    return check


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


def _iscsi(source: Value, path: str) -> list[Cause]:
    causes = needs("targetPortal", "iqn")(source, path)
    iqn = source.get("iqn") or ""
    if iqn and not iqn.startswith(("iqn", "eui", "naa")):
        causes.append(invalid(f"{path}.iqn", iqn, "must be valid format starting with iqn, eui, or naa"))
    lun = source.get("lun") or 0
    if not 0 <= lun <= 255:
        causes.append(invalid(f"{path}.lun", lun, formats.between(0, 255)))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        causes.append(required(f"{path}.secretRef"))
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


def _mode(source: Value, word: str, path: str) -> list[Cause]:
    mode = source.get(word)
    return [] if mode is None or 0 <= mode <= 0o777 else [invalid(f"{path}.{word}", mode, FILE_MODE)]


def _items(items: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        causes += needs("key", "path")(item, where)
        causes += local_non_reserved(item.get("path") or "", f"{where}.path")
        causes += _mode(item, "mode", where)
    return causes


def _keys(name_word: str) -> Check:
    """A ConfigMap or a Secret as files."""

    def check(source: Value, path: str) -> list[Cause]:
        causes = needs(name_word)(source, path) + _mode(source, "defaultMode", path)
        return causes + _items(source.get("items") or (), f"{path}.items")

    return check


def _downward(source: Value, path: str) -> list[Cause]:
    causes = _mode(source, "defaultMode", path)
    for index, file in enumerate(source.get("items") or ()):
        causes += _downward_file(file, f"{path}[{index}]")
    return causes


def _downward_file(file: Value, path: str) -> list[Cause]:
    causes = needs("path")(file, path) + local_non_reserved(file.get("path") or "", f"{path}.path")
    if file.get("fieldRef") is not None:
        causes += validate_field_ref(file["fieldRef"], VOLUME_FIELDS, f"{path}.fieldRef")
        if file.get("resourceFieldRef") is not None:
            words = "fieldRef and resourceFieldRef can not be specified simultaneously"
            causes.append(invalid(path, "resource", words))
    elif file.get("resourceFieldRef") is not None:
        causes += validate_resource_ref(file["resourceFieldRef"], f"{path}.resourceFieldRef", in_volume=True)
    else:
        causes.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return causes + _mode(file, "mode", path)


def _projected(source: Value, path: str) -> list[Cause]:
    causes = _mode(source, "defaultMode", path)
    for index, part in enumerate(source.get("sources") or ()):
        where = f"{path}.sources[{index}]"
        given = [word for word in PROJECTIONS if part.get(word) is not None]
        if not given:
            causes.append(required(where, "must specify exactly one volume projection"))
            continue
        causes += PROJECTIONS[given[0]](part[given[0]], f"{where}.{given[0]}")
        causes += [forbidden(f"{where}.{word}", "may not specify more than 1 volume type") for word in given[1:]]
    return causes


def _projected_token(source: Value, path: str) -> list[Cause]:
    causes = []
    seconds = source.get("expirationSeconds")
    if seconds is None or seconds < 600:
        words = "may not specify a duration less than 10 minutes"
        causes.append(invalid(f"{path}.expirationSeconds", seconds, words))
    elif seconds > 1 << 32:
        words = "may not specify a duration larger than 2^32 seconds"
        causes.append(invalid(f"{path}.expirationSeconds", seconds, words))
    if not source.get("path"):
        return [*causes, required(f"{path}.path")]
    return causes + local_non_reserved(source["path"], f"{path}.path")


def _trust_bundle(source: Value, path: str) -> list[Cause]:
    name, signer = source.get("name"), source.get("signerName")
    causes = []
    if (name is None) == (signer is None):
        words = "only one of name and signerName may be used" if name else "either name or signerName must be specified"
        causes.append(invalid(path, go_value(source, BUNDLE_FIELDS), words) if name else required(path, words))
    if source.get("labelSelector") is not None:
        causes += validate_selector(source["labelSelector"], f"{path}.labelSelector")
    if not source.get("path"):
        return [*causes, required(f"{path}.path")]
    return causes + local_non_reserved(source["path"], f"{path}.path")


def _pod_certificate(source: Value, path: str) -> list[Cause]:
    causes = needs("signerName")(source, path)
    if source.get("keyType") not in KEY_TYPES:
        causes.append(not_supported(f"{path}.keyType", source.get("keyType") or "", KEY_TYPES))
    for word in ("credentialBundlePath", "keyPath", "certificateChainPath"):
        if source.get(word):
            causes += local_non_reserved(source[word], f"{path}.{word}")
    return causes


PROJECTIONS: Final[Mapping[str, Check]] = {
    "secret": _keys("name"),
    "configMap": _keys("name"),
    "downwardAPI": _downward,
    "serviceAccountToken": _projected_token,
    "clusterTrustBundle": _trust_bundle,
    "podCertificate": _pod_certificate,
}


def _csi(source: Value, path: str) -> list[Cause]:
    driver = source.get("driver") or ""
    causes = []
    if not driver:
        causes.append(required(f"{path}.driver"))
    elif len(driver) > 63:
        causes.append(invalid(f"{path}.driver", driver, formats.too_long(63)))
    else:
        problems = formats.dns1123_subdomain(driver.lower())
        causes += [invalid(f"{path}.driver", driver, problem) for problem in problems]
    ref = source.get("nodePublishSecretRef")
    if ref is not None and not ref.get("name"):
        causes.append(required(f"{path}.nodePublishSecretRef.name"))
    return causes


def _ephemeral(source: Value, path: str) -> list[Cause]:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return [required(f"{path}.volumeClaimTemplate")]
    return validate_claim_spec(template.get("spec") or {}, f"{path}.volumeClaimTemplate.spec")


def _image(source: Value, path: str) -> list[Cause]:
    causes = needs("reference")(source, path)
    policy = source.get("pullPolicy") or ""
    if policy not in ("Always", "IfNotPresent", "Never"):
        causes.append(not_supported(f"{path}.pullPolicy", policy, ("Always", "IfNotPresent", "Never")))
    return causes


SOURCES: Final[Mapping[str, Check]] = {
    "hostPath": _host_path,
    "gitRepo": _git_repo,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "secret": _keys("secretName"),
    "nfs": _nfs,
    "iscsi": _iscsi,
    "glusterfs": needs("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": needs("claimName"),
    "rbd": needs("monitors", "image"),
    "cinder": needs("volumeID"),
    "cephfs": needs("monitors"),
    "quobyte": needs("registry", "volume"),
    "downwardAPI": _downward,
    "fc": _fc,
    "flexVolume": needs("driver"),
    "configMap": _keys("name"),
    "azureFile": needs("secretName", "shareName"),
    "vsphereVolume": needs("volumePath"),
    "photonPersistentDisk": needs("pdID"),
    "portworxVolume": needs("volumeID"),
    "azureDisk": needs("diskName", "diskURI"),
    "storageos": needs("volumeName"),
    "projected": _projected,
    "scaleIO": needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}
