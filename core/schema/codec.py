"""Wire values to frozen model objects and back.

Controllers, the scheduler and the node agent work on objects; the API server and the store on bytes and wire values. An
object is made at most once per revision and shared, so nothing here may be mutated: a decoded object's maps are read-only
views, perhaps of the wire value's own. One `cattrs` converter serves all classes; the code for a class is generated on its
first use, so that importing the model stays cheap. Any thread.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from sampan.core.classes import frozen, has_fields
from sampan.core.model.cleared import Recurring
from sampan.core.model.kinds import kind_of
from sampan.core.model.meta import MicroTime, Quantity, wire_name, wire_of
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.unstructured import Unstructured
from sampan.core.schema.scalars import format_micro_time, format_time

T = TypeVar("T")
Hook = Callable[..., Any]


def from_wire(cls: type[T], value: Mapping[str, Any]) -> T:
    """The object that a canonical wire value stands for. Fields that the class lacks are passed over.

    Raises `TypeError` or `ValueError` for a value that decoding would have refused.
    """
    structured: T = _reader(cast(Hashable, cls))(value, cls)
    return structured


def from_wire_after(cls: type[T], value: Mapping[str, Any], before: Mapping[str, Any], known: T) -> T:
    """What `from_wire` gives for ``value``, with all parts of ``known`` that are still right.

    ``known`` is the object that ``before`` stands for. A new revision differs little from the one before it: comparing the
    two wire values is many times as cheap as making the object anew, and readers that compare objects find the same ones.
    """
    if _is_unstructured(cls):
        return from_wire(cls, value)
    changes: dict[str, Any] = {}
    for part in _parts(cast(Hashable, cls)):
        now, was = value.get(part.wire), before.get(part.wire)
        if now == was and type(now) is type(was):
            continue
        there = getattr(known, part.attribute)
        if part.model is not None and type(there) is part.model and isinstance(now, dict) and isinstance(was, dict):
            changes[part.attribute] = from_wire_after(part.model, now, was, there)
        elif now is None:
            changes[part.attribute] = part.missing()
        else:
            changes[part.attribute] = part.read(now, part.type)
    return attrs.evolve(known, **changes) if changes else known  # type: ignore[misc]


@frozen
class _Part:
    """A field of a model class, and how it is read by itself."""

    attribute: str
    wire: str
    type: Any
    model: type | None
    """Its class, where it is a model class (or may be missing)."""
    read: Hook
    missing: Callable[[], Any]


@cache
def _parts(cls: type) -> tuple[_Part, ...]:
    attrs.resolve_types(cls)
    return tuple(_part(field) for field in attrs.fields(cls))


def _part(field: Any) -> _Part:
    default = field.default
    missing = default.factory if isinstance(default, attrs.Factory) else lambda: default  # type: ignore[arg-type]
    read = converter().get_structure_hook(field.type)
    return _Part(field.name, wire_name(field), field.type, _model_of(field), read, missing)


def _model_of(field: Any) -> type | None:
    """The model class of a field's values, where they have one (and may be missing)."""
    kinds = [kind for kind in get_args(field.type) or (field.type,) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 and has_fields(kinds[0]) else None


def to_wire(instance: Any) -> dict[str, Any]:
    """The object as a wire value: camelCase, without what is at its default; apiVersion and kind for a kind's object.

    Fields that Kubernetes always writes are there even when empty. The value is the caller's to change.
    """
    cls = type(instance)
    value: dict[str, Any] = _writer(cast(Hashable, cls))(instance)
    about = kind_of(cls)
    if about is not None:
        return {"kind": about.kind, "apiVersion": about.api_version} | value
    return value


@cache
def converter() -> cattrs.Converter:
    """The one converter, for code that structures parts which are not model classes (``tuple[Container, ...]``)."""
    made = cattrs.Converter(detailed_validation=False)
    for plain in (str, int, float, bool):
        made.register_structure_hook(plain, _as_it_is)
        made.register_unstructure_hook(plain, _same)
    made.register_structure_hook(bytes, lambda value, _: base64.b64decode(value))
    made.register_unstructure_hook(bytes, lambda value: base64.b64encode(value).decode())
    made.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    made.register_unstructure_hook(datetime, format_time)
    made.register_structure_hook_func(lambda kind: kind is MicroTime, lambda value, _: datetime.fromisoformat(value))
    made.register_unstructure_hook_func(lambda kind: kind is MicroTime, format_micro_time)
    made.register_structure_hook_func(_is_free, _as_it_is)
    made.register_unstructure_hook_func(_is_free, _same)
    made.register_structure_hook_factory(_is_optional, _optional_reader)
    made.register_structure_hook_factory(_is_tuple, _tuple_reader)
    made.register_unstructure_hook_factory(_is_tuple, _tuple_writer)
    made.register_structure_hook_factory(_is_mapping, _mapping_reader)
    made.register_unstructure_hook_factory(_is_mapping, _mapping_writer)
    made.register_structure_hook_factory(has_fields, lambda cls: _on_first_use(_reader, cls))
    made.register_unstructure_hook_factory(has_fields, lambda cls: _on_first_use(_writer, cls))
    return made


def _on_first_use(make: Callable[[type], Hook], cls: type) -> Hook:
    """A hook that generates its code when a value comes: most classes of a pod are never met."""
    return lambda *arguments: make(cls)(*arguments)


@cache
def _reader(cls: type) -> Hook:
    if _is_unstructured(cls):
        return lambda value, _: cls(metadata=from_wire(ObjectMeta, value.get("metadata") or {}), content=value)
    attrs.resolve_types(cls)
    names = {
        field.name: override(rename=wire_name(field), struct_hook=_part_hook(cls, field)) for field in attrs.fields(cls)
    }
    generated: Hook = make_dict_structure_fn(cls, converter(), **names)  # type: ignore[arg-type]
    empties = tuple(wire_name(field) for field in attrs.fields(cls) if wire_of(field).emit == "null")

    def read(value: Mapping[str, Any], kind: Any = cls) -> Any:
        if empties:
            value = {key: item for key, item in value.items() if item is not None}
        return generated(value, kind)

    return read if empties else generated


_read: Final = Recurring[Any]()


def _part_hook(cls: type, field: Any) -> Hook | None:
    """How a part of a kind's object is read, where that is not by its type alone.

    Objects are made in numbers, of one template: they share the object of a spec, which is made and kept once. ``metadata``
    is another in each of them.
    """
    model = _model_of(field)
    if model is None or model is ObjectMeta or kind_of(cls) is None:
        return None
    read = converter().get_structure_hook(field.type)
    return lambda value, kind: _read.made(read, value, lambda: read(value, kind)) if value else read(value, kind)


@cache
def _writer(cls: type) -> Hook:
    if _is_unstructured(cls):
        return _write_unstructured
    attrs.resolve_types(cls)
    names = {
        field.name: override(rename=wire_name(field), omit_if_default=wire_of(field).emit == "omit")
        for field in attrs.fields(cls)
    }
    return make_dict_unstructure_fn(cls, converter(), **names)  # type: ignore[arg-type]


def _write_unstructured(obj: Unstructured) -> dict[str, Any]:
    """The content with the metadata that the object has now; fields that its class lacks stay."""
    known = obj.content.get("metadata") or {}
    unknown = {name: value for name, value in known.items() if name not in metadata_names()}
    return {**obj.content, "metadata": {**unknown, **to_wire(obj.metadata)}}


@cache
def metadata_names() -> frozenset[str]:
    """The wire names of all fields of ``metadata``."""
    return frozenset(wire_name(field) for field in attrs.fields(cast(Any, ObjectMeta)))


def _is_unstructured(cls: Any) -> bool:
    return issubclass(cls, Unstructured)


def _as_it_is(value: Any, _: Any) -> Any:
    return value


def _same(value: Any) -> Any:
    return value


def _is_free(kind: Any) -> bool:
    """Values that are written as they are: quantities, raw JSON (``Any``) and ``int | str``."""
    return kind is Quantity or kind is Any or set(get_args(kind)) in ({int, str}, {int, str, type(None)})


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType) and len(get_args(kind)) == 2 and type(None) in get_args(kind)


def _optional_reader(kind: Any) -> Hook:
    inner = next(each for each in get_args(kind) if each is not type(None))
    read = converter().get_structure_hook(inner)
    if read is _as_it_is:
        return _as_it_is
    return lambda value, _: None if value is None else read(value, inner)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _tuple_reader(kind: Any) -> Hook:
    item_type = get_args(kind)[0]
    read = converter().get_structure_hook(item_type)
    if read is _as_it_is:
        return lambda value, _: tuple(value)
    return lambda value, _: tuple([read(item, item_type) for item in value])


def _tuple_writer(kind: Any) -> Hook:
    write = converter().get_unstructure_hook(get_args(kind)[0])
    return lambda value: [write(item) for item in value]


def _mapping_reader(kind: Any) -> Hook:
    item_type = get_args(kind)[1]
    read = converter().get_structure_hook(item_type)
    if read is _as_it_is:
        return lambda value, _: MappingProxyType(value)
    return lambda value, _: MappingProxyType({key: read(item, item_type) for key, item in value.items()})


def _mapping_writer(kind: Any) -> Hook:
    write = converter().get_unstructure_hook(get_args(kind)[1])
    return lambda value: {key: write(item) for key, item in value.items()}
