"""What a PersistentVolumeClaim asks for: in a claim of its own, a StatefulSet's template or a pod's ephemeral volume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, malformed, not_supported, required
from sampan.core.model.kinds import JsonObject
from sampan.core.model.quantity import canonical, parse
from sampan.core.model.rules.common.selectors import validate_selector

Value = Mapping[str, Any]

ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES: Final = ("Block", "Filesystem")
ALONE: Final = "may not use ReadWriteOncePod with other access modes"
KNOWN_SOURCES: Final = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))
"""The kinds that ``dataSource`` may name: any other is dropped, as it was before there was ``dataSourceRef``."""


def validate_claim_spec(spec: Value, path: str) -> list[Cause]:
    modes = spec.get("accessModes") or ()
    causes = [] if modes else [required(f"{path}.accessModes", "at least 1 access mode is required")]
    if spec.get("selector") is not None:
        causes += validate_selector(spec["selector"], f"{path}.selector")
    causes += validate_access_modes(modes, f"{path}.accessModes")
    causes += _storage(
        ((spec.get("resources") or {}).get("requests") or {}).get("storage"), f"{path}.resources[storage]"
    )
    if spec.get("storageClassName"):
        causes += malformed(f"{path}.storageClassName", spec["storageClassName"], "dns1123-subdomain")
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        causes.append(not_supported(f"{path}.volumeMode", mode, VOLUME_MODES))
    causes += _data_sources(spec, path)
    if spec.get("volumeAttributesClassName"):
        where = f"{path}.volumeAttributesClassName"
        causes += malformed(where, spec["volumeAttributesClassName"], "dns1123-subdomain")
    return causes


def validate_access_modes(modes: Sequence[str], path: str) -> list[Cause]:
    causes = [not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    others = [mode for mode in modes if mode in ACCESS_MODES and mode != "ReadWriteOncePod"]
    if "ReadWriteOncePod" in modes and others:
        causes.append(forbidden(path, ALONE))
    return causes


def _storage(amount: Any, path: str) -> list[Cause]:
    if amount is None:
        return [required(path)]
    return [] if parse(amount).number > 0 else [invalid(path, canonical(amount), "must be greater than zero")]


def _data_sources(spec: Value, path: str) -> list[Cause]:
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    causes = []
    for word, value in (("dataSource", source), ("dataSourceRef", ref)):
        if value is not None:
            causes += _data_source(value, f"{path}.{word}")
    namespace = (ref or {}).get("namespace")
    if namespace:
        causes += malformed(f"{path}.dataSourceRef.namespace", namespace, "dns1123-label")
    if source is None or ref is None:
        return causes
    if namespace:
        causes.append(invalid(path, {}, "may not be specified when dataSourceRef.namespace is specified"))
    elif {**ref, "namespace": None} != {**source, "namespace": None}:
        causes.append(invalid(path, {}, "must match dataSourceRef"))
    return causes


def _data_source(source: Value, path: str) -> list[Cause]:
    causes = [required(f"{path}.{word}") for word in ("name", "kind") if not source.get(word)]
    group = source.get("apiGroup") or ""
    if not group and source.get("kind") != "PersistentVolumeClaim":
        words = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        causes.append(invalid(path, source.get("kind") or "", words))
    return causes + (malformed(f"{path}.apiGroup", group, "dns1123-subdomain") if group else [])


def normalize_data_sources(spec: JsonObject, before: Value) -> None:
    """Let both ways to name where the content comes from say the same (KEP 1495). ``before`` is empty for a new claim.

    Content of another namespace is a feature that is off by default: a reference to it is dropped.
    """
    if (spec.get("dataSourceRef") or {}).get("namespace") and not before.get("dataSourceRef"):
        del spec["dataSourceRef"]
    source = spec.get("dataSource")
    if source is not None and not before.get("dataSource") and not before.get("dataSourceRef"):
        known = (source.get("apiGroup") or "", source.get("kind")) in KNOWN_SOURCES
        if not known and spec.get("dataSourceRef") is None:
            del spec["dataSource"]
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and ref is None:
        spec["dataSourceRef"] = dict(source)
    elif ref is not None and source is None and not ref.get("namespace"):
        spec["dataSource"] = {word: item for word, item in ref.items() if word != "namespace"}


def size_warnings(spec: Value, path: str) -> Iterable[str]:
    """Half a byte is taken, but cannot be had."""
    resources = spec.get("resources") or {}
    for word in ("requests", "limits"):
        amount = (resources.get(word) or {}).get("storage", "0")
        number = parse(amount).number
        if number != number.to_integral_value():
            shown = f'fractional byte value "{canonical(amount)}" is invalid, must be an integer'
            yield f"{path}.resources.{word}[storage]: {shown}"
