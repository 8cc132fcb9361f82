"""The types that every schema algorithm works on.

Four shapes describe all of Kubernetes' API: `Scalar`, `List`, `Map` and `Struct`. They are read off the attrs classes
(`sampan.core.schema.builtin`) and off a CRD's OpenAPI schema (`sampan.core.schema.custom`); decode, default, validate,
prune, merge and OpenAPI know nothing of where a type came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Literal

import attrs

from sampan.core.classes import define, frozen
from sampan.core.errors import Cause
from sampan.core.model.kinds import StructRules
from sampan.core.model.meta import UNSET, Emit, ListType

ScalarKind = Literal[
    "string", "integer", "number", "boolean", "bytes", "time", "micro-time", "quantity", "int-or-string", "any"
]
"""``bytes`` is base64 text, ``any`` any JSON value."""


Junctors = Callable[[Any, str, list[Cause]], None]


@frozen(kw_only=True)
class Limits:
    """Checks on one value, in OpenAPI's words; ``None`` and empty mean unchecked."""

    format: str | None = None
    integer: str | None = None
    """The format of a custom resource's whole number; "" for one without."""
    enum: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    min_items: int | None = None
    max_items: int | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    junctors: Junctors | None = attrs.field(default=None, eq=False)
    """allOf, anyOf, oneOf and not, compiled (`sampan.core.schema.junctors`)."""


NO_LIMITS: Final = Limits()


@frozen(kw_only=True)
class Scalar:
    """One value without parts."""

    kind: ScalarKind
    limits: Limits = NO_LIMITS
    nullable: bool = False
    definition: str = ""
    """The OpenAPI name of an ``any`` that has one."""


@frozen(kw_only=True)
class List:
    """An array. ``list_type`` is for server-side apply and duplicates, ``merge_key`` for strategic merge."""

    item: Type
    list_type: ListType = "atomic"
    map_keys: tuple[str, ...] = ()
    merge_key: str | None = None
    patch_strategy: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    nullable: bool = False


@frozen(kw_only=True)
class Map:
    """An object with free keys and values of one type."""

    value: Type
    map_type: Literal["granular", "atomic"] = "granular"
    limits: Limits = NO_LIMITS
    nullable: bool = False


@frozen(kw_only=True)
class Field:
    """A named part of a `Struct`. ``name`` is the wire name; ``default`` a JSON value or `UNSET`.

    ``required``: an object without it is refused. ``always_there``: OpenAPI's "required", which for a built-in kind says
    that the field is always written, and may be more than what the API refuses to do without.

    ``keep_zero``: an explicit ``""``, ``0`` or ``false`` means something else than a missing field (Go's pointers).
    ``described``: not so where a schema only says that there must be a field of this name.
    """

    name: str
    type: Type
    required: bool = False
    always_there: bool = False
    described: bool = True
    default: Any = UNSET
    emit: Emit = "omit"
    keep_zero: bool = False
    immutable: bool = False
    patch_strategy: tuple[str, ...] = ()
    doc: str = ""


@define(kw_only=True, eq=False)
class Struct:
    """An object with named fields. Made with a function so that types may contain themselves.

    ``preserve_unknown`` keeps fields that are not named (``x-kubernetes-preserve-unknown-fields``). `rules` are run by
    validation after the fields' own checks. ``definition`` is the OpenAPI name (``io.k8s.api.core.v1.Container``).
    ``verbatim``: a custom resource, which keeps zeros and empty values as they were written, ``null`` where the schema
    allows it, and wrong types for validation to name; a built-in kind loses them as in Go's decoding and encoding.
    ``embedded``: an object with apiVersion, kind and metadata of its own. ``or_else``: JSON types that a value may have
    instead of being an object. ``find_docs`` gives documentation that is too dear to read with the fields (wire name →
    text). ``base``: the type as its definition has it, where this is a field that treats it otherwise (an atomic struct
    that is granular here). ``compiled`` is where each algorithm keeps what it prepared for this type.
    """

    make_fields: Callable[[], Mapping[str, Field]]
    definition: str = ""
    preserve_unknown: bool = False
    map_type: Literal["granular", "atomic"] = "granular"
    verbatim: bool = False
    embedded: bool = False
    nullable: bool = False
    or_else: tuple[type, ...] = ()
    limits: Limits = NO_LIMITS
    find_rules: Callable[[], StructRules | None] = attrs.field(default=lambda: None)
    doc: str = ""
    find_docs: Callable[[], Mapping[str, str]] = dict
    base: Struct | None = None
    compiled: dict[str, Any] = attrs.field(factory=dict, init=False, repr=False)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Wire name → field, in the order in which Kubernetes declares (and validates) them."""
        return self.make_fields()

    @cached_property
    def rules(self) -> StructRules | None:
        """Further checks on a value and its path, looked for on first use: they may be attached after the type is made."""
        return self.find_rules()

    @cached_property
    def docs(self) -> Mapping[str, str]:
        """Wire name → documentation, where there is any; a `Field.doc` wins. For the OpenAPI documents alone."""
        own = {field.name: field.doc for field in self.fields.values() if field.doc}
        return {**self.find_docs(), **own}


Type = Scalar | List | Map | Struct
