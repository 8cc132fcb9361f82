"""What turns a plain class into a part of the Kubernetes object model.

A model class is a frozen, slotted attrs class. Its annotations give the types, `wire` adds what Kubernetes' OpenAPI says
of a field in extensions. `sampan.core.schema` reads both; nothing here knows how they are used.

Annotations: ``str int bool float bytes`` (base64 on the wire), `Quantity`, `IntOrString`, `datetime` (RFC 3339, whole
seconds), `MicroTime`, `RawJson`, other model classes, ``tuple[X, ...]``, ``Mapping[str, X]``; ``X | None = None`` where
Kubernetes leaves the field out. An attribute ``snake_case`` is ``snakeCase`` on the wire unless `wire` names it. A string
literal right below an attribute is what ``kubectl explain`` says of the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NewType, TypeVar, dataclass_transform

import attrs

from sampan.core.classes import MISSING, Declared, frozen

T = TypeVar("T")

Quantity = NewType("Quantity", str)
"""A number with a unit (``500m``, ``1Gi``), kept as text: `sampan.core.model.quantity` computes with it."""

MicroTime = NewType("MicroTime", datetime)
"""A time with microseconds on the wire (Lease, Event)."""

IntOrString = int | str
RawJson = Any

ListType = Literal["atomic", "set", "map"]
Emit = Literal["omit", "always", "null"]
"""What the server writes for an empty field: nothing, the zero value (``{}``, ``0``), or ``null``."""

UNSET: Final[Any] = object()
METADATA_KEY: Final = "sampan"


@frozen(kw_only=True)
class Loose:
    """What is known of a value that is kept as JSON (annotation ``RawJson``), so that OpenAPI and decoding know it too.

    ``definition`` is its name in OpenAPI. ``like`` is the class that describes it where it is an object; ``or_else`` the
    JSON types that it may have besides. Without ``like`` it may be anything.
    """

    definition: str
    like: Callable[[], type] | None = None
    or_else: tuple[type, ...] = ()


@frozen(kw_only=True)
class Wire:
    """What is known of a field beyond its Python type (Kubernetes' OpenAPI extensions and validation words)."""

    name: str | None = None
    required: bool = False
    emit: Emit = "omit"
    keep_zero: bool | None = None
    api_default: Any = UNSET
    format: str | None = None
    enum: tuple[Any, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    list_type: ListType | None = None
    map_keys: tuple[str, ...] = ()
    merge_key: str | None = None
    patch_strategy: tuple[str, ...] = ()
    map_type: Literal["atomic", "granular"] | None = None
    immutable: bool = False
    loose: Loose | None = None
    doc: str = ""


def wire(
    *,
    default: Any = UNSET,
    name: str | None = None,
    required: bool = False,
    emit: Emit = "omit",
    keep_zero: bool | None = None,
    api_default: Any = UNSET,
    format: str | None = None,
    enum: Sequence[Any] = (),
    minimum: int | None = None,
    maximum: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
    list_type: ListType | None = None,
    map_keys: Sequence[str] = (),
    merge_key: str | None = None,
    patch_strategy: Sequence[str] = (),
    map_type: Literal["atomic", "granular"] | None = None,
    immutable: bool = False,
    loose: Loose | None = None,
    doc: str = "",
) -> Any:
    """A field with more to say than its annotation.

    ``default`` is what a Python constructor call may leave out; ``api_default`` is what the API server fills in (a JSON
    value). ``required``: the API refuses an object without it. ``format`` names a check of
    `sampan.core.model.formats` (``dns1123-label`` …) or OpenAPI's ``int32``/``int64``. ``merge_key``,
    ``patch_strategy``, ``list_type``, ``map_keys`` and ``map_type`` are ``x-kubernetes-…``. ``immutable``: an update that
    changes it is refused. ``keep_zero``: an explicit ``""``, ``0`` or ``false`` is kept, as by Go's pointers
    (``storageClassName: ""``) and fields without ``omitempty``. Left alone it follows the annotation: kept for
    ``int | None`` and ``bool | None`` (``replicas: 0``) and for required fields, dropped for ``int = 0``, ``bool = False``
    and every other string. ``loose`` describes raw JSON, or the raw items of a list or map. ``doc`` says what the field is
    for where no docstring below it can (or should) do so.
    """
    meta = Wire(
        name=name, required=required, emit=emit, keep_zero=keep_zero, api_default=api_default, format=format,
        enum=tuple(enum), minimum=minimum, maximum=maximum, max_length=max_length, pattern=pattern,
        list_type=list_type, map_keys=tuple(map_keys), merge_key=merge_key, patch_strategy=tuple(patch_strategy),
        map_type=map_type, immutable=immutable, loose=loose, doc=doc,
    )  # fmt: skip
    return Declared(MISSING if default is UNSET else default, {METADATA_KEY: meta})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(wire, attrs.field))
def model(cls: type[T]) -> type[T]:
    """Make a model class: ``attrs.frozen``, slots, keyword-only."""
    return frozen(kw_only=True)(cls)


def wire_of(field: attrs.Attribute[Any]) -> Wire:
    """The field's metadata; the empty one for a plain attribute."""
    meta: Wire = field.metadata.get(METADATA_KEY, PLAIN)
    return meta


def wire_name(field: attrs.Attribute[Any]) -> str:
    """The field's name in JSON: its own, or its attribute's in camelCase."""
    return wire_of(field).name or camel_case(field.name)


def camel_case(snake: str) -> str:
    head, *rest = snake.rstrip("_").split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def evolve(instance: T, **changes: Any) -> T:
    """A copy with some attributes changed (`attrs.evolve` for classes made by `model`)."""
    return attrs.evolve(instance, **changes)  # type: ignore[misc]


EMPTY: Final[Mapping[str, Any]] = {}
PLAIN: Final = Wire()
Rule = Callable[..., Any]
