"""Checks on an OpenAPI schema of a custom resource, beyond its being structural."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, not_supported, required
from sampan.core.model.rules.apiextensions_v1.field_path import find_field
from sampan.core.model.rules.apiextensions_v1.structural import Schema, X, properties_of, unsupported

TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
UNSUPPORTED: Final = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
QUADRATIC: Final = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
META_FIELDS: Final = ("metadata", "kind", "apiVersion")
KEY: Final = f"this property is in {X}list-map-keys, so it"
LINE_BREAK: Final = re.compile(r"[\n\r]")
REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


@attrs.frozen
class _Place:
    """Where in an object a schema is: in its metadata (or in that of an embedded one), and whether defaults are allowed."""

    in_metadata: bool = False
    no_defaults: str = ""


def validate_schema(schema: Schema, path: str, place: _Place = _Place(), *, is_root: bool = True) -> Iterable[Cause]:
    yield from _supported(schema, place, path)
    if schema.get("uniqueItems"):
        yield forbidden(f"{path}.uniqueItems", QUADRATIC)
    yield from _below(schema, place, path, is_root=is_root)
    yield from _extensions(schema, path)
    yield from _validations(schema, path)


def _supported(schema: Schema, place: _Place, path: str) -> Iterable[Cause]:
    kind = schema.get("type") or ""
    if kind and kind not in TYPES:
        yield not_supported(f"{path}.type", kind, TYPES)
    if schema.get("default") is not None and place.no_defaults:
        yield forbidden(f"{path}.default", f"must not be set {place.no_defaults}")
    for word in UNSUPPORTED:
        if schema.get(word) is not None and schema.get(word) != "":
            yield forbidden(f"{path}.{word}", f"{word} is not supported")
    if kind == "null":
        yield forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if isinstance(schema.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if place.in_metadata and schema.get(f"{X}embedded-resource"):
        yield forbidden(f"{path}.{X}embedded-resource", "must not be used inside of resource meta")


def _below(schema: Schema, place: _Place, path: str, *, is_root: bool) -> Iterable[Cause]:
    values = schema.get("additionalProperties")
    if values is not None and schema.get("properties") and values is not True:
        yield forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
    if isinstance(values, Mapping):
        words = "inside additionalProperties applying to object metadata"
        inner = attrs.evolve(place, no_defaults=words) if place.in_metadata else place
        yield from validate_schema(values, f"{path}.additionalProperties", inner, is_root=False)
    is_resource = is_root or bool(schema.get(f"{X}embedded-resource"))
    for name, each in properties_of(schema).items():
        inner = place
        if is_resource and name in META_FIELDS:
            no_defaults = f"in top-level {name}" if is_root else place.no_defaults
            inner = _Place(in_metadata=True, no_defaults=no_defaults)
        yield from validate_schema(each, f"{path}.properties[{name}]", inner, is_root=False)
    if isinstance(schema.get("not"), Mapping):
        yield from validate_schema(schema["not"], f"{path}.not", place, is_root=False)
    for word in ("allOf", "oneOf", "anyOf"):
        for index, each in enumerate(schema.get(word) or ()):
            yield from validate_schema(each, f"{path}.{word}[{index}]", place, is_root=False)
    if isinstance(schema.get("items"), Mapping):
        yield from validate_schema(schema["items"], f"{path}.items", place, is_root=False)


def _extensions(schema: Schema, path: str) -> Iterable[Cause]:
    if schema.get(f"{X}preserve-unknown-fields") is False:
        yield invalid(f"{path}.{X}preserve-unknown-fields", False, "must be true or undefined")
    yield from _kind_of_collection(schema, "map-type", "object", ("atomic", "granular"), path)
    yield from _kind_of_collection(schema, "list-type", "array", ("atomic", "set", "map"), path)
    list_type, keys = schema.get(f"{X}list-type"), schema.get(f"{X}list-map-keys") or ()
    if keys and list_type != "map":
        words = f"must be map if {X}list-map-keys is non-empty"
        where = f"{path}.{X}list-type"
        yield required(where, words) if list_type is None else invalid(where, list_type, words)
    items = schema.get("items")
    if list_type == "map":
        yield from _list_map(items, keys, path)
    if list_type in ("map", "set") and isinstance(items, Mapping):
        yield from _identified(items, list_type, keys, path)
    if list_type == "set" and isinstance(items, Mapping):
        yield from _atomic_items(items, path)


def _kind_of_collection(schema: Schema, word: str, wanted: str, known: tuple[str, ...], path: str) -> Iterable[Cause]:
    value = schema.get(f"{X}{word}")
    if value is None:
        return
    kind = schema.get("type") or ""
    if kind != wanted:
        words = f"must be {wanted} if {X}{word} is specified"
        yield invalid(f"{path}.type", kind, words) if kind else required(f"{path}.type", words)
    if value not in known:
        yield not_supported(f"{path}.{X}{word}", value, known)


def _list_map(items: Any, keys: Iterable[str], path: str) -> Iterable[Cause]:
    """A list whose items are told apart by some of their fields."""
    if not keys:
        yield required(f"{path}.{X}list-map-keys", f"must not be empty if {X}list-type is map")
    if items is None:
        yield required(f"{path}.items", f"must have a schema if {X}list-type is map")
    elif not isinstance(items, Mapping):
        yield invalid(f"{path}.items", items, f"must only have a single schema if {X}list-type is map")
    elif items.get("type") != "object":
        words = f"must be object if parent array's {X}list-type is map"
        yield invalid(f"{path}.items.type", items.get("type") or "", words)
    else:
        yield from _map_keys(items, list(keys), path)


def _map_keys(items: Schema, keys: list[str], path: str) -> Iterable[Cause]:
    known = properties_of(items)
    for key in keys:
        kind = (known.get(key) or {}).get("type")
        if key not in known:
            yield invalid(f"{path}.{X}list-map-keys", keys, "entries must all be names of item properties")
        elif kind in ("array", "object"):
            words = f"must be a scalar type if parent array's {X}list-type is map"
            yield invalid(f"{path}.items.properties[{key}].type", kind, words)
    if len(set(keys)) < len(keys):
        yield invalid(f"{path}.{X}list-map-keys", keys, "must not contain duplicate entries")


def _identified(items: Schema, list_type: str, keys: Iterable[str], path: str) -> Iterable[Cause]:
    """Items and their keys are never null and never missing."""
    if items.get("nullable"):
        yield forbidden(f"{path}.items.nullable", f"cannot be nullable when {X}list-type is {list_type}")
    for key in keys if list_type == "map" else ():
        about = properties_of(items).get(key)
        if about is None:
            continue
        where = f"{path}.items.properties[{key}]"
        if key not in (items.get("required") or ()) and about.get("default") is None:
            yield required(f"{where}.default", f"{KEY} must have a default or be a required property")
        if about.get("nullable"):
            yield forbidden(f"{where}.nullable", f"{KEY} cannot be nullable")


def _atomic_items(items: Schema, path: str) -> Iterable[Cause]:
    words = f"must be atomic as item of a list with {X}list-type=set"
    list_type, map_type = items.get(f"{X}list-type"), items.get(f"{X}map-type")
    if items.get("type") == "array" and list_type not in (None, "atomic"):
        yield invalid(f"{path}.items.{X}list-type", list_type, words)
    if items.get("type") == "object" and map_type != "atomic":
        yield invalid(f"{path}.items.{X}map-type", map_type, words)


def _validations(schema: Schema, path: str) -> Iterable[Cause]:
    """What can be said of CEL rules without compiling them."""
    for index, rule in enumerate(schema.get(f"{X}validations") or ()):
        where = f"{path}.{X}validations[{index}]"
        text, message = rule.get("rule") or "", rule.get("message") or ""
        yield from _rule_text(text, message, where)
        expression = rule.get("messageExpression") or ""
        if expression and not expression.strip():
            yield required(f"{where}.messageExpression", "messageExpression must be non-empty if specified")
        if rule.get("reason") is not None and rule["reason"] not in REASONS:
            yield not_supported(f"{where}.reason", rule["reason"], REASONS)
        if field := rule.get("fieldPath"):
            yield from _field_path(schema, field, f"{where}.fieldPath")


def _rule_text(text: str, message: str, where: str) -> Iterable[Cause]:
    if not text.strip():
        yield required(f"{where}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid(f"{where}.message", message, "must be non-empty if specified")
    elif LINE_BREAK.search(message.strip()):
        yield invalid(f"{where}.message", message, "must not contain line breaks")
    elif LINE_BREAK.search(text.strip()) and not message.strip():
        yield required(f"{where}.message", "message must be specified if rule contains line breaks")


def _field_path(schema: Schema, text: str, where: str) -> Iterable[Cause]:
    if not text.strip():
        yield invalid(where, text, "must be non-empty if specified")
    if LINE_BREAK.search(text):
        yield invalid(where, text, "must not contain line breaks")
    if find_field(schema, text) is None and not unsupported(schema):
        yield invalid(where, text, "must be a valid path")
