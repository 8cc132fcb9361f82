"""ConfigMap, Secret and ServiceAccount."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import WHOLE_OBJECT, changed, forbidden, invalid, malformed, required, too_long
from sampan.core.model.kinds import JsonObject, KindRules

Value = Mapping[str, Any]

MAX_BYTES: Final = 1024 * 1024
"""All values of one object together."""
FIXED: Final = "field is immutable when `immutable` is set"
ACCOUNT: Final = "kubernetes.io/service-account.name"
NEEDED_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
JSON_TYPES: Final = ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson")
BASIC_AUTH: Final = ("username", "password")


def _frozen(obj: Value, old: Value, words: tuple[str, ...]) -> list[Cause]:
    """An object once marked immutable keeps its mark and its contents."""
    if not old.get("immutable"):
        return []
    causes = [] if obj.get("immutable") else [forbidden("immutable", FIXED)]
    return causes + [forbidden(word, FIXED) for word in words if (obj.get(word) or {}) != (old.get(word) or {})]


def _size(value: str) -> int:
    """Bytes behind base64 text."""
    return len(value) * 3 // 4 - value.count("=")


class ConfigMapRules(KindRules):
    revalidates_metadata = True

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return _frozen(obj, old, ("data", "binaryData"))


def validate_config_map(obj: Value, path: str) -> list[Cause]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    causes = []
    for key in sorted(data):
        causes += malformed(f"data[{key}]", key, "config-map-key")
        if key in binary:
            causes.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
    for key in sorted(binary):
        causes += malformed(f"binaryData[{key}]", key, "config-map-key")
    if sum(len(text.encode()) for text in data.values()) + sum(map(_size, binary.values())) > MAX_BYTES:
        causes.append(too_long(WHOLE_OBJECT, MAX_BYTES))
    return causes


class SecretRules(KindRules):
    revalidates_metadata = True

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

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return [*changed("type", obj.get("type"), old.get("type")), *_frozen(obj, old, ("data",))]


def validate_secret(obj: Value, path: str) -> list[Cause]:
    data, kind = obj.get("data") or {}, obj.get("type") or ""
    causes = []
    for key in sorted(data):
        causes += malformed(f"data[{key}]", key, "config-map-key")
    if sum(map(_size, data.values())) > MAX_BYTES:
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


class ServiceAccountRules(KindRules):
    revalidates_metadata = True


def no_further_checks(obj: Value, path: str) -> list[Cause]:
    """For kinds of which Kubernetes checks the metadata alone."""
    return []
