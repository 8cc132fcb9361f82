"""Structural schemas: what a schema must be so that objects can be pruned and defaulted by it.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, required
from sampan.core.model.regex import PatternError, compiled

Schema = Mapping[str, Any]
Level = Literal["root", "item", "field"]

X: Final = "x-kubernetes-"
UNSUPPORTED: Final = ("id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions")
INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
NO_TYPE: Final[Mapping[Level, str]] = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
STRUCTURE: Final[Mapping[str, str]] = {
    "type": "must be empty to be structural",
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    "externalDocs": "must be undefined to be structural",
    f"{X}preserve-unknown-fields": "must be false to be structural",
    f"{X}embedded-resource": "must be false to be structural",
    f"{X}int-or-string": "must be false to be structural",
    f"{X}list-map-keys": "must be empty to be structural",
    f"{X}list-type": "must be undefined to be structural",
    f"{X}map-type": "must be undefined to be structural",
    f"{X}validations": "must be empty to be structural",
}
"""What gives structure, and so has no place below the junctors (allOf, anyOf, oneOf, not)."""
ONLY_NAMES: Final = "must not specify anything other than name and generateName, but metadata is implicitly specified"


def unsupported(schema: Schema) -> str:
    """The word for which a schema cannot be looked at any further; "" where there is none."""
    for word in UNSUPPORTED:
        if schema.get(word) is not None and schema.get(word) not in ("", {}):
            return word.removeprefix("$") if word == "$schema" else word
    if isinstance(schema.get("items"), list):
        return "items"
    if schema.get(f"{X}preserve-unknown-fields") is False:
        return f"{X}preserve-unknown-fields"
    return next((found for below in below_of(schema) if (found := unsupported(below))), "")


def below_of(schema: Schema) -> Iterable[Schema]:
    """All schemas within one, also those below its junctors."""
    yield from properties_of(schema).values()
    for word in ("items", "additionalProperties", "not"):
        if isinstance(below := schema.get(word), Mapping):
            yield below
    for word in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(word) or ()


def validate_structural(schema: Schema, path: str) -> list[Cause]:
    """All that keeps a schema from being structural, sorted by its text as Kubernetes does."""
    causes = [*_invariants(schema, "root", path), *_completeness(schema, path)]
    return sorted(causes, key=lambda cause: f"{cause.field}: {cause.message}")


def _invariants(schema: Schema, level: Level, path: str) -> Iterable[Cause]:
    kind = schema.get("type") or ""
    if kind == "array" and schema.get("items") is None:
        yield required(f"{path}.items", "must be specified")
    if isinstance(items := schema.get("items"), Mapping):
        yield from _invariants(items, "item", f"{path}.items")
    for name, below in properties_of(schema).items():
        yield from _invariants(below, "field", f"{path}.properties[{name}]")
    values = schema.get("additionalProperties")
    if values is not None and level == "root":
        yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if isinstance(values, Mapping):
        yield from _invariants(values, "field", f"{path}.additionalProperties")
    yield from _extensions(schema, path)
    yield from _values(schema, path, whole=schema)
    yield from _type(schema, kind, level, path)
    yield from _resource(schema, level, path)


def _extensions(schema: Schema, path: str) -> Iterable[Cause]:
    if not schema.get(f"{X}int-or-string"):
        return
    for word in ("preserve-unknown-fields", "embedded-resource"):
        if schema.get(f"{X}{word}"):
            yield invalid(f"{path}.{X}{word}", True, f"must be false if {X}int-or-string is true")


def _type(schema: Schema, kind: str, level: Level, path: str) -> Iterable[Cause]:
    is_resource = bool(schema.get(f"{X}embedded-resource"))
    if is_resource and kind != "object":
        words = f"must be object if {X}embedded-resource is true"
        yield invalid(f"{path}.type", kind, words) if kind else required(f"{path}.type", words)
    elif not kind and not schema.get(f"{X}int-or-string") and not schema.get(f"{X}preserve-unknown-fields"):
        yield required(f"{path}.type", NO_TYPE[level])
    if is_resource and schema.get("additionalProperties") is not None:
        words = f"must not be used if {X}embedded-resource is set"
        yield forbidden(f"{path}.additionalProperties", words)
    if level == "root" and kind and kind != "object":
        yield invalid(f"{path}.type", kind, "must be object at the root")


def _resource(schema: Schema, level: Level, path: str) -> Iterable[Cause]:
    """kind, apiVersion and metadata of an object of its own."""
    is_resource = bool(schema.get(f"{X}embedded-resource"))
    properties = properties_of(schema)
    if level == "root" or is_resource:
        for name in ("kind", "apiVersion"):
            if name in properties and properties[name].get("type") != "string":
                where = f"{path}.properties[{name}].type"
                yield invalid(where, properties[name].get("type") or "", "must be string")
        if "metadata" in properties:
            yield from _metadata(properties["metadata"], level, f"{path}.properties[metadata]")
    if is_resource and not schema.get(f"{X}preserve-unknown-fields") and not properties:
        words = f"must not be empty if {X}embedded-resource is true without {X}preserve-unknown-fields"
        yield required(f"{path}.properties", words)


def _metadata(schema: Schema, level: Level, path: str) -> Iterable[Cause]:
    if schema.get("type") != "object":
        yield invalid(f"{path}.type", schema.get("type") or "", "must be object")
    if level == "root":
        names = set(properties_of(schema))
        others = {word for word, value in schema.items() if value} - {"type", "default", "properties"}
        if others or not names <= {"name", "generateName"}:
            yield forbidden(path, ONLY_NAMES)


def _values(schema: Schema, path: str, *, whole: Schema | None) -> Iterable[Cause]:
    """What only restricts values. ``whole``: the schema is a part of the structure, where int-or-string has its pattern."""
    is_pattern = whole is not None and schema.get("anyOf") == INT_OR_STRING
    if not is_pattern:
        for index, each in enumerate(schema.get("anyOf") or ()):
            yield from _nested(each, f"{path}.anyOf[{index}]")
    for index, each in enumerate(schema.get("allOf") or ()):
        is_first = whole is not None and index == 0 and each.get("anyOf") == INT_OR_STRING
        yield from _nested(each, f"{path}.allOf[{index}]", skips_any_of=is_first)
    for index, each in enumerate(schema.get("oneOf") or ()):
        yield from _nested(each, f"{path}.oneOf[{index}]")
    if isinstance(schema.get("not"), Mapping):
        yield from _nested(schema["not"], f"{path}.not")
    if pattern := schema.get("pattern"):
        try:
            compiled(pattern)
        except PatternError as error:
            words = f"must be a valid regular expression, but isn't: {error}"
            yield invalid(f"{path}.pattern", pattern, words)


def _nested(schema: Schema, path: str, *, skips_any_of: bool = False) -> Iterable[Cause]:
    """A part below a junctor: it may restrict values and nothing else."""
    yield from _values({**schema, "anyOf": ()} if skips_any_of else schema, path, whole=None)
    if isinstance(schema.get("items"), Mapping):
        yield from _nested(schema["items"], f"{path}.items")
    for name, below in properties_of(schema).items():
        yield from _nested(below, f"{path}.properties[{name}]")
    for word, said in STRUCTURE.items():
        if schema.get(word) or (word in ("default", "additionalProperties") and schema.get(word) is not None):
            yield forbidden(f"{path}.{word}", said)
    if "metadata" in properties_of(schema):
        yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _completeness(schema: Schema, path: str) -> Iterable[Cause]:
    """Every field that a junctor at the root speaks of must be named by the structure too. Deeper ones are let be."""
    for where, each in _junctions(schema, path):
        yield from _complete(each, schema, where, path)


def _junctions(schema: Schema, path: str) -> Iterable[tuple[str, Schema]]:
    for word in ("allOf", "anyOf", "oneOf"):
        for index, each in enumerate(schema.get(word) or ()):
            yield f"{path}.{word}[{index}]", each
    if isinstance(schema.get("not"), Mapping):
        yield f"{path}.not", schema["not"]


def _complete(value: Schema, structure: Schema | None, where: str, path: str) -> Iterable[Cause]:
    if structure is None:
        yield required(path, f"because it is defined in {where}")
        return
    for deeper, each in _junctions(value, where):
        yield from _complete(each, structure, deeper, path)
    if isinstance(value.get("items"), Mapping):
        items = structure.get("items")
        yield from _complete(value["items"], items, f"{where}.items", f"{path}.items")
    known = properties_of(structure)
    for name, below in properties_of(value).items():
        yield from _complete(below, known.get(name), f"{where}.properties[{name}]", f"{path}.properties[{name}]")


def properties_of(schema: Schema) -> Mapping[str, Schema]:
    """In the order of their names, so that what is reported has one order."""
    return dict(sorted((schema.get("properties") or {}).items()))
