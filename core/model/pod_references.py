"""What a pod names besides itself: the Secrets, ConfigMaps and claims that its node must be able to read. Pure, on wire
values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Wire = Mapping[str, Any]


def secrets_of(pod: Wire) -> set[str]:
    found = {each.get("name", "") for each in _spec(pod).get("imagePullSecrets") or ()}
    for source in _sources(pod):
        found.add((source.get("secret") or {}).get("secretName") or (source.get("secret") or {}).get("name") or "")
        for driver in ("azureFile", "cephfs", "csi", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"):
            part = source.get(driver) or {}
            found.add(part.get("secretName") or "")
            for field in ("secretRef", "nodePublishSecretRef"):
                found.add((part.get(field) or {}).get("name") or "")
    found |= {name for kind, name in _environment(pod) if kind == "secret"}
    return found - {""}


def volume_secrets_of(volume: Wire) -> set[tuple[str, str]]:
    """(Namespace, name) of the Secrets that a node needs to mount a PersistentVolume of a CSI driver."""
    source = _spec(volume).get("csi") or {}
    fields = ("nodeStageSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef")
    named = (source.get(field) or {} for field in fields)
    return {(each.get("namespace", ""), each["name"]) for each in named if each.get("name")}


def config_maps_of(pod: Wire) -> set[str]:
    found = {(source.get("configMap") or {}).get("name") or "" for source in _sources(pod)}
    found |= {name for kind, name in _environment(pod) if kind == "configMap"}
    return found - {""}


def claims_of(pod: Wire) -> set[str]:
    """Named, and made for an ephemeral volume."""
    found = set()
    for volume in _spec(pod).get("volumes") or ():
        found.add((volume.get("persistentVolumeClaim") or {}).get("claimName") or "")
        if "ephemeral" in volume:
            found.add(f"{pod['metadata']['name']}-{volume['name']}")
    return found - {""}


def _spec(obj: Wire) -> Wire:
    spec: Wire = obj.get("spec") or {}
    return spec


def _sources(pod: Wire) -> Iterator[Wire]:
    """Volumes, and the parts of projected ones."""
    for volume in _spec(pod).get("volumes") or ():
        yield volume
        yield from (volume.get("projected") or {}).get("sources") or ()


def _environment(pod: Wire) -> Iterator[tuple[str, str]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in _spec(pod).get(field) or ():
            for source in container.get("envFrom") or ():
                for word in ("secret", "configMap"):
                    yield word, (source.get(f"{word}Ref") or {}).get("name") or ""
            for variable in container.get("env") or ():
                for word in ("secret", "configMap"):
                    key = (variable.get("valueFrom") or {}).get(f"{word}KeyRef") or {}
                    yield word, key.get("name") or ""
