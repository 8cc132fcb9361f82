"""The schema of a custom kind as OpenAPI documents show it: what its definition says, with what every object has. Pure.

Version 2 has no words for alternatives and for values that may be null, and its readers take what is described for all that
there is: as in Kubernetes, less is said there.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#publish-validation-schema-in-openapi
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = dict[str, Any]

_X: Final = "x-kubernetes-"
PRESERVES: Final = f"{_X}preserve-unknown-fields"
EMBEDDED: Final = f"{_X}embedded-resource"
_NOT_SHOWN: Final = ("example", "externalDocs", "id", "$schema")
_JUNCTORS: Final = ("allOf", "anyOf", "oneOf", "not")


def published(schema: Mapping[str, Any], of_every_object: Mapping[str, Schema], *, version_2: bool) -> Schema:
    """``of_every_object`` are the schemas of ``apiVersion``, ``kind`` and ``metadata``."""
    if not schema or (version_2 and schema.get(PRESERVES)):
        return {"type": "object"}
    shown = _shown(schema, of_every_object, version_2)
    return shown | {"properties": {**shown.get("properties", {}), **of_every_object}}


def _shown(schema: Mapping[str, Any], whole: Mapping[str, Schema], version_2: bool) -> Schema:
    out = {key: value for key, value in schema.items() if key not in _NOT_SHOWN}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), Mapping):
            out[key] = _shown(out[key], whole, version_2)
    if "properties" in out:
        out["properties"] = {name: _shown(each, whole, version_2) for name, each in out["properties"].items()}
    if version_2:
        _as_version_2(schema, out)
    if schema.get(EMBEDDED) and not (version_2 and schema.get(PRESERVES)):
        out["properties"] = {**out.get("properties", {}), **whole}
        required = list(out.get("required") or ())
        out["required"] = [*required, *(each for each in ("kind", "apiVersion") if each not in required)]
    return out


def _as_version_2(schema: Mapping[str, Any], out: Schema) -> None:
    """Leave out of ``out`` what version 2 cannot say, or would be misread."""
    for key in _JUNCTORS:
        out.pop(key, None)
    if out.pop("nullable", False):
        _forget(out, "type", "items", "properties")
    if schema.get(PRESERVES):
        _forget(out, "items", "properties")
        if out.get("type") == "object":
            del out["type"]
    if out.get("type") == "array" and "items" not in out:
        del out["type"]
    nullable = {name for name, each in (schema.get("properties") or {}).items() if each.get("nullable")}
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping) and values.get("nullable"):
        out.pop("required", None)
    elif nullable & set(out.get("required") or ()):
        out["required"] = [name for name in out["required"] if name not in nullable]
        if not out["required"]:
            del out["required"]


def _forget(out: Schema, *keys: str) -> None:
    for key in keys:
        out.pop(key, None)
