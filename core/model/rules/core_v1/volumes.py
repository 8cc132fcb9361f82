"""Checks on a pod's volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, invalid, required
from sampan.core.model.quantity import parse
from sampan.core.model.rules.core_v1.iscsi import TOGETHER, is_too_long
from sampan.core.model.rules.core_v1.volume_sources import REPORTED_AS, SOURCES

Value = Mapping[str, Any]

MANY: Final = "may not specify more than 1 volume type"
TOO_MANY_AS: Final = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
"""Sources that Kubernetes spells otherwise where it says that they are one too many."""


def validate_volumes(volumes: Sequence[Value], path: str, pod_name: str = "") -> tuple[dict[str, Value], list[Cause]]:
    """The valid volumes by name (what containers may mount), and what is wrong with the others.

    ``pod_name`` is empty for templates: the claims of ephemeral volumes are named after the pod.
    """
    causes: list[Cause] = []
    valid: dict[str, Value] = {}
    made = {
        f"{pod_name}-{volume.get('name')}" for volume in volumes if pod_name and volume.get("ephemeral") is not None
    }
    for index, volume in enumerate(volumes):
        where, name = f"{path}[{index}]", volume.get("name") or ""
        found = _source(volume, name, pod_name, where)
        if not name:
            found.append(required(f"{where}.name"))
        else:
            found += [invalid(f"{where}.name", name, problem) for problem in formats.dns1123_label(name)]
        if name in valid:
            found.append(duplicate(f"{where}.name", name))
        if not found:
            valid[name] = volume
        causes += found
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in made:
            words = "must not reference a PVC that gets created for an ephemeral volume"
            causes.append(invalid(f"{where}.persistentVolumeClaim.claimName", claim, words))
    return valid, causes


def names_claims(spec: Value) -> bool:
    """Whether a claim is made for one of the pod's volumes, named after both."""
    return any(volume.get("ephemeral") is not None for volume in spec.get("volumes") or ())


def _source(volume: Value, name: str, pod_name: str, path: str) -> list[Cause]:
    """The first source is checked; any further one is one too many."""
    given = [word for word in ("emptyDir", *SOURCES) if volume.get(word) is not None]
    if not given:
        return [required(path, "must specify a volume type")]
    first, *rest = given
    if first == "emptyDir":
        causes = _empty_dir(volume[first], f"{path}.emptyDir")
    else:
        causes = SOURCES[first](volume[first], f"{path}.{REPORTED_AS.get(first, first)}")
    if first == "image" and pod_name and not volume[first].get("reference"):
        causes.insert(0, required(f"{path}.image.reference"))
    if is_too_long(volume.get("iscsi") or {}, name):
        causes.append(invalid(f"{path}.name", name, TOGETHER))
    causes += [forbidden(f"{path}.{TOO_MANY_AS.get(word, word)}", MANY) for word in rest]
    if volume.get("ephemeral") is not None and pod_name and name:
        claim = f"{pod_name}-{name}"
        problems = formats.dns1123_subdomain(claim)
        causes += [invalid(f"{path}.name", name, f'PVC name "{claim}": {problem}') for problem in problems]
    return causes


def _empty_dir(source: Value, path: str) -> list[Cause]:
    limit = source.get("sizeLimit")
    if limit is not None and parse(limit).number < 0:
        return [forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []
