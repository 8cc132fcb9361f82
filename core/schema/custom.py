"""Schema types read off OpenAPI v3, as a CustomResourceDefinition gives it ("structural schemas").

From here on a custom resource goes through the same code as a Pod. Understood: types, properties, required,
additionalProperties, items, nullable, default, enum, formats, ranges, lengths, patterns, and the extensions
``x-kubernetes-int-or-string``, ``-preserve-unknown-fields``, ``-embedded-resource``, ``-list-type``, ``-list-map-keys`` and
``-map-type``. The schema itself has been validated when the definition was accepted. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from sampan.core.model.kinds import Column, KindInfo
from sampan.core.model.meta import UNSET
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.schema.builtin import group_definition, struct_of
from sampan.core.schema.junctors import junctor_checker
from sampan.core.schema.resource import Resource
from sampan.core.schema.types import NO_LIMITS, Field, Limits, List, Map, Scalar, ScalarKind, Struct, Type

Schema = Mapping[str, Any]

_X: Final = "x-kubernetes-"
_LIMITS: Final = {
    "format": "format",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minItems": "min_items",
    "maxItems": "max_items",
    "minProperties": "min_properties",
    "maxProperties": "max_properties",
}
_SCALARS: Final[Mapping[str, ScalarKind]] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


def custom_resource(info: KindInfo, schema: Schema) -> Resource:
    """The resource of a kind that is described by ``openAPIV3Schema`` instead of a class."""
    struct = _object(schema, definition=group_definition(info, info.kind), root=True)
    return Resource(info=info, struct=struct, schema=schema)


def columns_of(printer_columns: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
    """A CRD's ``additionalPrinterColumns``."""
    return tuple(
        Column(
            name=column["name"],
            cell=column["jsonPath"],
            type=column["type"],
            format=column.get("format", ""),
            description=column.get("description", ""),
            priority=column.get("priority", 0),
        )
        for column in printer_columns
    )


def type_from(schema: Schema) -> Type:
    """The type that a schema describes."""
    nullable, limits = schema.get("nullable", False), _limits(schema)
    if schema.get(f"{_X}int-or-string"):
        return Scalar(kind="int-or-string", limits=limits, nullable=nullable)
    kind = schema.get("type")
    if kind == "array":
        return List(
            item=type_from(schema.get("items") or {}),
            list_type=schema.get(f"{_X}list-type", "atomic"),
            map_keys=tuple(schema.get(f"{_X}list-map-keys", ())),
            limits=limits,
            nullable=nullable,
        )
    if kind == "object":
        return _object_type(schema, limits, nullable)
    return Scalar(kind=_SCALARS.get(kind or "", "any"), limits=limits, nullable=nullable)


def _object_type(schema: Schema, limits: Limits, nullable: bool) -> Type:
    values = schema.get("additionalProperties")
    if values and not schema.get("properties"):
        value = type_from(values) if isinstance(values, Mapping) else Scalar(kind="any")
        return Map(value=value, map_type=schema.get(f"{_X}map-type", "granular"), limits=limits, nullable=nullable)
    return _object(schema)


def _object(schema: Schema, *, definition: str = "", root: bool = False) -> Struct:
    whole = root or bool(schema.get(f"{_X}embedded-resource"))
    return Struct(
        make_fields=lambda: _fields(schema, whole),
        definition=definition,
        preserve_unknown=bool(schema.get(f"{_X}preserve-unknown-fields")),
        map_type=schema.get(f"{_X}map-type", "granular"),
        verbatim=True,
        embedded=whole and not root,
        nullable=schema.get("nullable", False),
        limits=_limits(schema),
        doc=schema.get("description", ""),
    )


def _fields(schema: Schema, whole: bool) -> dict[str, Field]:
    """The named properties; an object of its own also has a kind, an apiVersion and metadata of the usual type."""
    required = schema.get("required") or ()
    fields: dict[str, Field] = {}
    if whole:
        for name in ("kind", "apiVersion"):
            fields[name] = Field(name=name, type=Scalar(kind="string"), required=name in required)
        fields["metadata"] = Field(name="metadata", type=struct_of(ObjectMeta), required="metadata" in required)
    for name, below in (schema.get("properties") or {}).items():
        if name not in fields:
            fields[name] = Field(
                name=name,
                type=type_from(below),
                required=name in required,
                always_there=name in required,
                default=below.get("default", UNSET),
                keep_zero=True,
                doc=below.get("description", ""),
            )
    for name in required:
        if name not in fields:
            anything = Scalar(kind="any", nullable=True)
            fields[name] = Field(name=name, type=anything, required=True, always_there=True, described=False)
    return fields


def _limits(schema: Schema) -> Limits:
    limits = value_limits(schema)
    junctors = junctor_checker(schema, value_limits)
    return limits if junctors is None else attrs.evolve(limits, junctors=junctors)


def value_limits(schema: Schema) -> Limits:
    """What a schema itself says of a value, without its junctors."""
    limits = Limits(
        enum=tuple(schema.get("enum") or ()),
        integer=_integer_format(schema),
        **{name: schema[word] for word, name in _LIMITS.items() if schema.get(word) is not None},
    )
    return NO_LIMITS if limits == NO_LIMITS else limits


def _integer_format(schema: Schema) -> str | None:
    """``None`` for what is no whole number."""
    if schema.get("type") != "integer":
        return None
    return schema["format"] if schema.get("format") in ("int32", "int64") else ""
