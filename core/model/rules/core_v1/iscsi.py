"""Checks on iSCSI disks, in pods and as PersistentVolumes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, required

Value = Mapping[str, Any]

NOTATIONS: Final = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([0-9A-Za-z.-]+)(:[^,;*&$|\s]+)$"),
    "eui": re.compile(r"^eui.[0-9A-Za-z]{16}$"),
    "naa": re.compile(r"^naa.[0-9A-Za-z]{32}$"),
}
MAX_TOGETHER: Final = 64
TOGETHER: Final = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName "
    "is specified."
)
MALFORMED: Final = "must be valid format"
ADVICE: Final = "must be valid format starting with iqn, eui, or naa"


def validate_iscsi(source: Value, path: str) -> list[Cause]:
    """Kubernetes says more of a pod's disk than of a PersistentVolume's whose name has none of the three notations."""
    causes = [] if source.get("targetPortal") else [required(f"{path}.targetPortal")]
    causes += _target(source, path, ADVICE)
    return causes + _initiator(source, path, ADVICE)


def validate_persistent_iscsi(source: Value, path: str, volume: str) -> list[Cause]:
    portal, secret = source.get("targetPortal") or "", source.get("secretRef")
    causes = [] if portal else [required(f"{path}.targetPortal")]
    if is_too_long(source, volume):
        causes.append(invalid(f"{path}.targetportal", portal, TOGETHER))
    causes += _target(source, path, MALFORMED)
    if secret is not None and not secret.get("name"):
        causes.append(required(f"{path}.secretRef.name"))
    return causes + _initiator(source, path, MALFORMED)


def is_too_long(source: Value, volume: str) -> bool:
    """Whether the initiator's name cannot be made of the names of volume and portal."""
    together = f"{volume}:{source.get('targetPortal') or ''}"
    return source.get("initiatorName") is not None and len(together.encode()) > MAX_TOGETHER


def _target(source: Value, path: str, advice: str) -> list[Cause]:
    iqn, lun = source.get("iqn") or "", source.get("lun") or 0
    causes = _name(iqn, f"{path}.iqn", advice) if iqn else [required(f"{path}.iqn")]
    if not 0 <= lun <= 255:
        causes.append(invalid(f"{path}.lun", lun, formats.between(0, 255)))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        causes.append(required(f"{path}.secretRef"))
    return causes


def _initiator(source: Value, path: str, advice: str) -> list[Cause]:
    name = source.get("initiatorName")
    return [] if name is None else _name(name, f"{path}.initiatorname", advice)


def _name(name: str, path: str, advice: str) -> list[Cause]:
    notation = NOTATIONS.get(name[:3])
    if notation is None:
        return [invalid(path, name, advice)]
    return [] if notation.search(name) else [invalid(path, name, MALFORMED)]
