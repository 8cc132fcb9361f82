"""ConfigMaps, Secrets, ServiceAccounts and Namespaces."""

from __future__ import annotations

import base64

from sampan.cli.describe.text import Lines, Object, head, metadata
from sampan.cli.session import Session


def describe_config_map(_session: Session, obj: Object) -> Lines:
    lines = [*head(obj), "", "Data", "===="]
    for key, value in sorted((obj.get("data") or {}).items()):
        lines += [f"{key}:", "----", *str(value).split("\n"), ""]
    lines += ["", "BinaryData", "===="]
    lines += [f"{key}: {_size(value)} bytes" for key, value in sorted((obj.get("binaryData") or {}).items())]
    return [*lines, ""]


def describe_secret(_session: Session, obj: Object) -> Lines:
    """Sizes and no values: they are secret."""
    values = sorted((obj.get("data") or {}).items())
    sizes = [f"{key}:\t{_size(value)} bytes" for key, value in values]
    return [*head(obj), "", f"Type:\t{obj.get('type', '')}", "", "Data", "====", *sizes]


def describe_service_account(_session: Session, obj: Object) -> Lines:
    names = [str(each.get("name", "")) for each in obj.get("imagePullSecrets") or []]
    return [*head(obj), f"Image pull secrets:\t{', '.join(names) or '<none>'}"]


def describe_namespace(_session: Session, obj: Object) -> Lines:
    phase = (obj.get("status") or {}).get("phase", "")
    return [*head(obj, namespaced=bool(metadata(obj).get("namespace"))), f"Status:\t{phase}"]


def _size(value: str) -> int:
    return len(base64.b64decode(value))
