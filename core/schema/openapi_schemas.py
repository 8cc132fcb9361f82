"""Schema types as OpenAPI schemas: what ``kubectl explain`` prints and ``kubectl apply`` finds merge keys in.

Structs of built-in kinds become named definitions that refer to each other; a custom kind's schema is its definition's own
(`openapi_custom`). Called by `openapi`; pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sampan.core.model.meta import UNSET
from sampan.core.schema.openapi_custom import published
from sampan.core.schema.resource import Resource
from sampan.core.schema.types import Field, Limits, List, Map, Scalar, Struct, Type

Schema = dict[str, Any]
Refer = Callable[[str], str]
"""From a definition's name to its address in the document."""

_X: Final = "x-kubernetes-"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING: Final = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
TIME: Final = f"{_META}.Time"
MICRO_TIME: Final = f"{_META}.MicroTime"
RAW_EXTENSION: Final = "io.k8s.apimachinery.pkg.runtime.RawExtension"
FIELDS_V1: Final = f"{_META}.FieldsV1"
LIST_META: Final = f"{_META}.ListMeta"

NAMED_SCALARS: Final = {"quantity": QUANTITY, "int-or-string": INT_OR_STRING, "time": TIME, "micro-time": MICRO_TIME}
FREE_SCALARS: Final = {"raw-extension": RAW_EXTENSION, "fields-v1": FIELDS_V1}
"""Definitions of free JSON, by the ``format`` of the field."""
PATCH: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
FIXED: Final[dict[str, Schema]] = {
    PATCH: {"type": "object", "description": "A patch of any sort, which says itself what it changes."},
    RAW_EXTENSION: {"type": "object", "description": "An object of any kind, as JSON."},
    FIELDS_V1: {"type": "object", "description": "A set of fields, as a tree of their names."},
    QUANTITY: {
        "oneOf": [{"type": "string"}, {"type": "number"}],
        "description": "A number with a unit, such as 500m, 1Gi or 1e3.",
    },
    INT_OR_STRING: {
        "oneOf": [{"type": "integer"}, {"type": "string"}],
        "format": "int-or-string",
        "description": "A whole number or a string.",
    },
    TIME: {"type": "string", "format": "date-time", "description": "A time (RFC 3339) in whole seconds."},
    MICRO_TIME: {
        "type": "string",
        "format": "date-time",
        "description": "A time (RFC 3339) with microseconds.",
    },
    LIST_META: {
        "type": "object",
        "description": "What a list says of itself.",
        "properties": {
            "continue": {"type": "string", "description": "The token that gets the next part of the list."},
            "remainingItemCount": {"type": "integer", "format": "int64", "description": "How many items follow."},
            "resourceVersion": {"type": "string", "description": "The version of the store that the list shows."},
            "selfLink": {"type": "string", "description": "No longer filled in."},
        },
    },
}
_SCALARS: Final[dict[str, Schema]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "any": {},
}
_OPENAPI_FORMATS: Final = ("int32", "int64", "float", "double", "byte", "date-time")
_WORDS: Final = {bool: "true or false", list: "a list"}
_TYPE_META_DOCS: Final = {
    "apiVersion": "APIVersion defines the version of the schema that this object is written in.",
    "kind": "The kind of thing that this object is.",
}
METADATA_DOC: Final = "Standard object's metadata: its name, its labels and what else is known of it."
_LIMIT_WORDS: Final = {
    "minimum": "minimum",
    "maximum": "maximum",
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
}


class Definitions:
    """The definitions of one document, growing as types are met."""

    def __init__(self, refer: Refer, *, version_2: bool = False) -> None:
        self.schemas: dict[str, Schema] = {}
        self._refer = refer
        self._version_2 = version_2

    def add_resource(self, resource: Resource) -> None:
        """The kind and its list."""
        about = resource.info
        if resource.schema is None:
            self.add(resource.struct)
        else:
            self.schemas[resource.struct.definition] = self._custom(resource.struct, resource.schema)
        gvk = {"group": about.group, "version": about.version, "kind": about.kind}
        self.schemas[resource.struct.definition][f"{_X}group-version-kind"] = [gvk]
        if resource.schema is not None and about.selectable_fields:
            fields = [{"fieldPath": each} for each in about.selectable_fields]
            self.schemas[resource.struct.definition][f"{_X}selectable-fields"] = fields
        if "list" in about.verbs:
            self.schemas[list_definition(resource)] = self._list_schema(resource) | {
                f"{_X}group-version-kind": [{**gvk, "kind": about.list_kind}]
            }

    def _custom(self, struct: Struct, schema: Mapping[str, Any]) -> Schema:
        text = {"type": "string"}
        words: dict[str, Schema] = {name: {**text, "description": said} for name, said in _TYPE_META_DOCS.items()}
        metadata = self._property(struct.fields["metadata"], METADATA_DOC)
        return published(schema, {**words, "metadata": metadata}, version_2=self._version_2)

    def add(self, struct: Struct) -> None:
        """A struct under its definition name, with everything that it refers to."""
        if struct.definition not in self.schemas:
            self.schemas[struct.definition] = {}
            self.schemas[struct.definition] = self._alternatives(struct) if struct.or_else else self._object(struct)

    def ref(self, name: str) -> Schema:
        if name in FIXED:
            self.schemas[name] = FIXED[name]
        return {"$ref": self._refer(name)}

    def schema(self, kind: Type) -> Schema:
        """A type as a schema or a reference to one."""
        if isinstance(kind, Struct):
            self.add(kind.base or kind)
            own_way = {f"{_X}map-type": kind.map_type} if kind.base else {}
            return {**self.ref(kind.definition), **own_way}
        if isinstance(kind, List):
            return {"type": "array", "items": self.schema(kind.item), **_list_extensions(kind), **_limits(kind.limits)}
        if isinstance(kind, Map):
            atomic = {f"{_X}map-type": "atomic"} if kind.map_type == "atomic" else {}
            values = self.schema(kind.value)
            if isinstance(kind.value, List) and kind.value.list_type == "atomic":
                del values[f"{_X}list-type"]  # which Kubernetes says of fields only
            return {"type": "object", "additionalProperties": values, **atomic, **_limits(kind.limits)}
        return self._scalar(kind)

    def _scalar(self, kind: Scalar) -> Schema:
        if kind.kind in NAMED_SCALARS:
            return self.ref(NAMED_SCALARS[kind.kind])
        if kind.limits.format in FREE_SCALARS:
            return self.ref(FREE_SCALARS[kind.limits.format])
        if kind.definition:
            self.schemas[kind.definition] = {"description": "Any JSON value."}
            return self.ref(kind.definition)
        nullable = {"nullable": True} if kind.nullable else {}
        return {**_SCALARS[kind.kind], **_limits(kind.limits), **nullable}

    def _alternatives(self, struct: Struct) -> Schema:
        """Kubernetes' documents say no more of a value that is an object or something else."""
        words = ", ".join(_WORDS[each] for each in struct.or_else)
        return {"description": f"{struct.doc or 'An object'}, or {words}.".lstrip()}

    def _object(self, struct: Struct) -> Schema:
        schema: Schema = {"description": struct.doc} if struct.doc else {}
        schema["type"] = "object"
        required = [field.name for field in struct.fields.values() if field.required or field.always_there]
        if required:
            schema["required"] = required
        if struct.fields:
            schema["properties"] = {
                field.name: self._property(field, _description(struct, field)) for field in struct.fields.values()
            }
        if struct.preserve_unknown:
            schema[f"{_X}preserve-unknown-fields"] = True
        if struct.map_type == "atomic":
            schema[f"{_X}map-type"] = "atomic"
        return schema | _limits(struct.limits)

    def _property(self, field: Field, description: str) -> Schema:
        schema = self.schema(field.type)
        extras: Schema = {}
        if description:
            extras["description"] = description
        if field.default is not UNSET:
            extras["default"] = field.default
        if field.patch_strategy:
            extras[f"{_X}patch-strategy"] = ",".join(field.patch_strategy)
        if "$ref" in schema and extras:
            return {"allOf": [schema], **extras}
        return {**schema, **extras}

    def _list_schema(self, resource: Resource) -> Schema:
        text = {"type": "string"}
        return {
            "description": f"{resource.info.list_kind} is a list of {resource.info.kind}.",
            "type": "object",
            "required": ["items"],
            "properties": {
                "apiVersion": {**text, "description": _TYPE_META_DOCS["apiVersion"]},
                "items": {
                    "type": "array",
                    "items": self.ref(resource.struct.definition),
                    "description": "The objects.",
                },
                "kind": {**text, "description": _TYPE_META_DOCS["kind"]},
                "metadata": self.ref(LIST_META),
            },
        }


def list_definition(resource: Resource) -> str:
    """The list's name beside its kind's: ``io.k8s.api.core.v1.PodList``."""
    return f"{resource.struct.definition.rpartition('.')[0]}.{resource.info.list_kind}"


def _description(struct: Struct, field: Field) -> str:
    """The field's documentation, with the values of its enum."""
    text = struct.docs.get(field.name) or _TYPE_META_DOCS.get(field.name, "")
    if not isinstance(field.type, Scalar) or not field.type.limits.enum:
        return text
    values = "\n".join(f' - `"{value}"`' for value in sorted(field.type.limits.enum))
    return "\n\n".join(filter(None, (text, f"Possible enum values:\n{values}")))


def _list_extensions(kind: List) -> Schema:
    extensions: Schema = {f"{_X}list-type": kind.list_type}
    if kind.map_keys:
        extensions[f"{_X}list-map-keys"] = list(kind.map_keys)
    if kind.merge_key:
        extensions[f"{_X}patch-merge-key"] = kind.merge_key
    if kind.patch_strategy:
        extensions[f"{_X}patch-strategy"] = ",".join(kind.patch_strategy)
    return extensions


def _limits(limits: Limits) -> Schema:
    schema: Schema = {}
    if limits.format in _OPENAPI_FORMATS:
        schema["format"] = limits.format
    if limits.enum:
        schema["enum"] = list(limits.enum)
    for name, word in _LIMIT_WORDS.items():
        if (value := getattr(limits, name)) is not None:
            schema[word] = value
    for name, word in (("exclusive_minimum", "exclusiveMinimum"), ("exclusive_maximum", "exclusiveMaximum")):
        if getattr(limits, name):
            schema[word] = True
    return schema
