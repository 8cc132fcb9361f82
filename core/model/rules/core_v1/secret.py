"""Secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, invalid, malformed, required, too_long
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.core_v1.immutable import MAX_BYTES, byte_size, validate_unchanged

Value = Mapping[str, Any]

ACCOUNT: Final = "kubernetes.io/service-account.name"
NEEDED_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
JSON_TYPES: Final = ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson")
BOOTSTRAP_TOKEN: Final = "bootstrap.kubernetes.io/token"
BOOTSTRAP_NAMESPACE: Final = "kube-system"
BASIC_AUTH: Final = ("username", "password")


class SecretRules(KindRules):
    changes_first = True
    revalidates_metadata = 1

    def default(self, obj: JsonObject) -> None:
        """``stringData`` is a way of writing, not a part of the object."""
        texts = obj.pop("stringData", None)
        if texts:
            data = dict(obj.get("data") or {})
            data.update({key: base64.b64encode(text.encode()).decode() for key, text in texts.items()})
            obj["data"] = data

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        """A client that leaves the type out means the one there is."""
        if not obj.get("type"):
            obj["type"] = old.get("type", "Opaque")

    def expires_at(self, obj: Mapping[str, Any]) -> datetime | None:
        """A bootstrap token's own end."""
        return bootstrap_token_end(obj)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return [*changed("type", obj.get("type"), old.get("type")), *validate_unchanged(obj, old, ("data",))]


def bootstrap_token_end(obj: Value) -> datetime | None:
    """When a bootstrap token is good no more: ``None`` for never, and for what is none; at once where it is no time."""
    if obj.get("type") != BOOTSTRAP_TOKEN or obj["metadata"].get("namespace") != BOOTSTRAP_NAMESPACE:
        return None
    ends = (obj.get("data") or {}).get("expiration")
    if not ends:
        return None
    try:
        moment = datetime.fromisoformat(base64.b64decode(ends).decode())
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def validate_secret(obj: Value, path: str) -> list[Cause]:
    data, kind = obj.get("data") or {}, obj.get("type") or ""
    causes = []
    for key in sorted(data):
        causes += malformed(f"data[{key}]", key, "config-map-key")
    if sum(map(byte_size, data.values())) > MAX_BYTES:
        causes.append(too_long("data", MAX_BYTES))
    if kind == "kubernetes.io/service-account-token":
        if not ((obj.get("metadata") or {}).get("annotations") or {}).get(ACCOUNT):
            causes.append(required(f"metadata.annotations[{ACCOUNT}]"))
    elif kind == "kubernetes.io/basic-auth" and not any(key in data for key in BASIC_AUTH):
        causes += [required(f"data[{key}]") for key in BASIC_AUTH]
    for key in NEEDED_KEYS.get(kind, ()):
        if key not in data or (kind.endswith("ssh-auth") and not data[key]):
            causes.append(required(f"data[{key}]"))
        elif kind in JSON_TYPES:
            causes += _json_object(data[key], f"data[{key}]")
    return causes


def _json_object(value: str, path: str) -> list[Cause]:
    try:
        parsed = json.loads(base64.b64decode(value))
    except ValueError as error:
        return [invalid(path, "<secret contents redacted>", str(error))]
    if isinstance(parsed, dict):
        return []
    words = "json: cannot unmarshal into Go value of type map[string]interface {}"
    return [invalid(path, "<secret contents redacted>", words)]
