"""Volumes as pods and pod templates describe them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sampan.cli.describe.text import Lines, Object


def volume_lines(volumes: Sequence[Object] | None, *, space: str = "") -> Lines:
    if not volumes:
        return [f"{space}Volumes:\t<none>"]
    lines = [f"{space}Volumes:"]
    for volume in volumes:
        lines.append(f"  {' ' if space else ''}{volume['name']}:")
        lines.extend(f"    {line}" for line in _source(volume))
    return lines


def _source(volume: Object) -> Lines:
    for sort, describe in _SORTS.items():
        if sort in volume:
            return describe(volume[sort] or {})
    others = [key for key in volume if key != "name"]
    return [f"Type:\t{others[0] if others else '<unknown>'}"]


def _host_path(source: Object) -> Lines:
    return [
        "Type:\tHostPath (bare host directory volume)",
        f"Path:\t{source.get('path', '')}",
        f"HostPathType:\t{source.get('type') or ''}",
    ]


def _empty_dir(source: Object) -> Lines:
    return [
        "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)",
        f"Medium:\t{source.get('medium', '')}",
        f"SizeLimit:\t{source.get('sizeLimit') or '<unset>'}",
    ]


def _config_map(source: Object) -> Lines:
    return [
        "Type:\tConfigMap (a volume populated by a ConfigMap)",
        f"Name:\t{source.get('name', '')}",
        f"Optional:\t{_bool(source.get('optional'))}",
    ]


def _secret(source: Object) -> Lines:
    return [
        "Type:\tSecret (a volume populated by a Secret)",
        f"SecretName:\t{source.get('secretName', '')}",
        f"Optional:\t{_bool(source.get('optional'))}",
    ]


def _claim(source: Object) -> Lines:
    return [
        "Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        f"ClaimName:\t{source.get('claimName', '')}",
        f"ReadOnly:\t{_bool(source.get('readOnly'))}",
    ]


def _downward_api(source: Object) -> Lines:
    lines = ["Type:\tDownwardAPI (a volume populated by information about the pod)", "Items:"]
    for item in source.get("items") or []:
        field = (item.get("fieldRef") or {}).get("fieldPath")
        resource = (item.get("resourceFieldRef") or {}).get("resource")
        lines.append(f"  {field or resource} -> {item.get('path', '')}")
    return lines


def _projected(source: Object) -> Lines:
    lines = ["Type:\tProjected (a volume that contains injected data from multiple sources)"]
    for each in source.get("sources") or []:
        if "secret" in each:
            lines.append(f"SecretName:\t{each['secret'].get('name', '')}")
            lines.append(f"Optional:\t{_bool(each['secret'].get('optional'))}")
        elif "configMap" in each:
            lines.append(f"ConfigMapName:\t{each['configMap'].get('name', '')}")
            lines.append(f"Optional:\t{_bool(each['configMap'].get('optional'))}")
        elif "downwardAPI" in each:
            lines.append("DownwardAPI:\ttrue")
        elif "serviceAccountToken" in each:
            lines.append(f"TokenExpirationSeconds:\t{each['serviceAccountToken'].get('expirationSeconds', 3600)}")
    return lines


def _bool(value: object) -> str:
    return "true" if value else "false"


_SORTS: Mapping[str, Callable[[Mapping[str, Any]], Lines]] = {
    "hostPath": _host_path,
    "emptyDir": _empty_dir,
    "configMap": _config_map,
    "secret": _secret,
    "persistentVolumeClaim": _claim,
    "downwardAPI": _downward_api,
    "projected": _projected,
}
