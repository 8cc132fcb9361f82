"""JSONSchemaProps: the OpenAPI schema of a custom resource, itself described by one.

Schemas are kept as JSON (`sampan.core.schema.custom` reads them); the class is what decoding, OpenAPI and ``kubectl
explain`` know of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sampan.core.model.meta import Loose, RawJson, model, wire

PACKAGE: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"


def _props() -> type:
    return JSONSchemaProps


JSON: Final = Loose(definition=f"{PACKAGE}.JSON")
PROPS: Final = Loose(definition=f"{PACKAGE}.JSONSchemaProps", like=_props)
PROPS_OR_BOOL: Final = Loose(definition=f"{PACKAGE}.JSONSchemaPropsOrBool", like=_props, or_else=(bool,))
PROPS_OR_LIST: Final = Loose(definition=f"{PACKAGE}.JSONSchemaPropsOrArray", like=_props, or_else=(list,))
PROPS_OR_STRINGS: Final = Loose(definition=f"{PACKAGE}.JSONSchemaPropsOrStringArray", like=_props, or_else=(list,))


@model
class ExternalDocumentation:
    """Where more is written about a schema."""

    description: str = ""
    """What is found there."""
    url: str = ""
    """The address."""


@model
class ValidationRule:
    """A CEL expression that must hold for every value."""

    rule: str = wire(default="", required=True)
    """The expression. ``self`` is the value; ``oldSelf``, where it is used, the value before an update."""
    message: str = ""
    """What is said when the rule does not hold. Needed where the rule has line breaks."""
    message_expression: str = ""
    """A CEL expression that makes the message; ``message`` is said where it fails."""
    reason: str | None = wire(
        default=None,
        enum=("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"),
    )
    """The reason of the cause in the answer; FieldValueInvalid where none is given."""
    field_path: str = ""
    """The field below the rule's value that is blamed, such as ``.spec.size``."""
    optional_old_self: bool | None = None
    """The rule is also run where there is no old value; ``oldSelf`` is then an optional."""


@model
class JSONSchemaProps:
    """A part of a schema: what one value may be."""

    ref: str | None = wire(default=None, name="$ref", keep_zero=True)
    """A schema that stands elsewhere. Not allowed in a CustomResourceDefinition."""
    schema: str = wire(default="", name="$schema")
    """The dialect of JSON schema."""
    additional_items: RawJson = wire(default=None, loose=PROPS_OR_BOOL)
    """Items beyond those that are described. Not allowed in a CustomResourceDefinition."""
    additional_properties: RawJson = wire(default=None, loose=PROPS_OR_BOOL)
    """The schema of values whose names ``properties`` does not give. Excludes ``properties``."""
    all_of: tuple[RawJson, ...] = wire(default=(), list_type="atomic", loose=PROPS)
    """Value validations that must all hold."""
    any_of: tuple[RawJson, ...] = wire(default=(), list_type="atomic", loose=PROPS)
    """Value validations of which at least one must hold."""
    default: RawJson = wire(default=None, loose=JSON)
    """What is filled in where the value is missing."""
    definitions: Mapping[str, RawJson] = wire(default={}, loose=PROPS)
    """Schemas to refer to. Not allowed in a CustomResourceDefinition."""
    dependencies: Mapping[str, RawJson] = wire(default={}, loose=PROPS_OR_STRINGS)
    """What a field needs besides itself. Not allowed in a CustomResourceDefinition."""
    description: str = ""
    """What the value is for: shown by ``kubectl explain``."""
    enum: tuple[RawJson, ...] = wire(default=(), list_type="atomic", loose=JSON)
    """The values that are allowed."""
    example: RawJson = wire(default=None, loose=JSON)
    """A value to show."""
    exclusive_maximum: bool = False
    """``maximum`` itself is not allowed."""
    exclusive_minimum: bool = False
    """``minimum`` itself is not allowed."""
    external_docs: ExternalDocumentation | None = None
    """Where more is written."""
    format: str = ""
    """The form of a text or number, such as ``date-time``. Unknown forms are not checked."""
    id: str = ""
    """The address of the schema. Not allowed in a CustomResourceDefinition."""
    items: RawJson = wire(default=None, loose=PROPS_OR_LIST)
    """The schema of a list's items. Needed for lists."""
    max_items: int | None = wire(default=None, format="int64")
    """How many items a list may have."""
    max_length: int | None = wire(default=None, format="int64")
    """How many characters a text may have."""
    max_properties: int | None = wire(default=None, format="int64")
    """How many fields an object may have."""
    maximum: float | None = wire(default=None, format="double")
    """The greatest number allowed."""
    min_items: int | None = wire(default=None, format="int64")
    """How many items a list must have."""
    min_length: int | None = wire(default=None, format="int64")
    """How many characters a text must have."""
    min_properties: int | None = wire(default=None, format="int64")
    """How many fields an object must have."""
    minimum: float | None = wire(default=None, format="double")
    """The smallest number allowed."""
    multiple_of: float | None = wire(default=None, format="double")
    """What a number must be a multiple of."""
    not_: RawJson = wire(default=None, name="not", loose=PROPS)
    """A value validation that must not hold."""
    nullable: bool = False
    """``null`` is allowed, and kept."""
    one_of: tuple[RawJson, ...] = wire(default=(), list_type="atomic", loose=PROPS)
    """Value validations of which exactly one must hold."""
    pattern: str = ""
    """A regular expression that a text must match."""
    pattern_properties: Mapping[str, RawJson] = wire(default={}, loose=PROPS)
    """Fields by the form of their names. Not allowed in a CustomResourceDefinition."""
    properties: Mapping[str, RawJson] = wire(default={}, loose=PROPS)
    """The schemas of an object's fields."""
    required: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The fields that an object must have."""
    title: str = ""
    """A name for the value."""
    type: str = ""
    """``object``, ``array``, ``string``, ``integer``, ``number`` or ``boolean``."""
    unique_items: bool = False
    """Only false is allowed: use ``x-kubernetes-list-type: set``."""
    embedded_resource: bool = wire(default=False, name="x-kubernetes-embedded-resource")
    """The value is an object of its own, with kind, apiVersion and metadata."""
    int_or_string: bool = wire(default=False, name="x-kubernetes-int-or-string")
    """The value is a whole number or a text."""
    list_map_keys: tuple[str, ...] = wire(default=(), name="x-kubernetes-list-map-keys", list_type="atomic")
    """The fields by which the items of a list of type ``map`` are told apart."""
    list_type: str | None = wire(default=None, name="x-kubernetes-list-type", keep_zero=True)
    """``atomic``, ``set`` or ``map``."""
    map_type: str | None = wire(default=None, name="x-kubernetes-map-type", keep_zero=True)
    """``granular`` or ``atomic``."""
    preserve_unknown_fields: bool | None = wire(default=None, name="x-kubernetes-preserve-unknown-fields")
    """Fields that the schema does not name are kept."""
    validations: tuple[ValidationRule, ...] = wire(
        default=(),
        name="x-kubernetes-validations",
        list_type="map",
        map_keys=("rule",),
        merge_key="rule",
        patch_strategy=("merge",),
    )
    """Rules in CEL."""
