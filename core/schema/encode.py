"""Wire values to the canonical JSON bytes that are stored, sent and watched.

Called once per write. The bytes lack ``metadata.resourceVersion``, which is only known once the store has them:
`splice_resource_version` puts it into ready bytes, so that serving an object never decodes it. Pure functions, any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

import orjson

from sampan.core.classes import frozen
from sampan.core.errors import BadRequest
from sampan.core.model.cleared import Recurring
from sampan.core.schema.scalars import zero_of
from sampan.core.schema.types import Field, List, Map, Scalar, Struct, Type

Writer = Callable[[Any], Any]
_METADATA_HEAD: Final = re.compile(
    rb'"metadata":\{(?:"(?:name|generateName|namespace|selfLink|uid)":"(?:[^"\\]|\\.)*"(?:,|(?=\})))*'
)
"""Metadata up to where its resourceVersion belongs."""
_QUOTE: Final = ord('"')
_END: Final = ord("}")


def encode(struct: Struct, value: Mapping[str, Any]) -> bytes:
    """The object's bytes: kind, apiVersion and metadata first, then fields as declared, free keys sorted, no spaces.

    Fields that Kubernetes always writes are filled in. ``metadata`` is always there, and ``metadata.resourceVersion``
    never. Equal objects have equal bytes. Raises `BadRequest` for values nested too deeply to be written.
    """
    try:
        return orjson.dumps(_bare(_object_writer(struct)(value)))
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise BadRequest(f"the object cannot be written as JSON: {error}") from error


def ordered(struct: Struct, value: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in canonical order with the fields that are always written. ``value`` and its parts stay as they are."""
    written: dict[str, Any] = orjson.loads(orjson.dumps(writer_of(struct)(value)))
    return written


def splice_resource_version(raw: bytes, revision: int) -> bytes:
    """Insert ``"resourceVersion":"<revision>"`` into metadata where Kubernetes writes it. ``raw`` comes from `encode`.

    ``kind`` and ``apiVersion`` are identifiers, so the first ``"metadata":{`` is the object's own.
    """
    return _splice(raw, b'"%d"' % revision)


def splice_claimed_version(raw: bytes, version: str) -> bytes:
    """The same with what a client wrote there."""
    return _splice(raw, orjson.dumps(version))


def _splice(raw: bytes, version: bytes) -> bytes:
    found = _METADATA_HEAD.search(raw)
    assert found is not None, "an encoded object has metadata"
    place = found.end()
    before = b"," if raw[place - 1] == _QUOTE else b""
    after = b"" if before or raw[place] == _END else b","
    return b'%b%b"resourceVersion":%b%b%b' % (raw[:place], before, version, after, raw[place:])


def _bare(value: dict[str, Any]) -> dict[str, Any]:
    """The object in the shape that `splice_resource_version` relies on."""
    head = {"kind": value.pop("kind", ""), "apiVersion": value.pop("apiVersion", "")}
    metadata = value.pop("metadata", None) or {}
    metadata.pop("resourceVersion", None)
    return head | {"metadata": metadata} | value


def _object_writer(struct: Struct) -> Writer:
    """The writer of whole objects, of which many have equal parts: the spec of their template, the first status of all."""
    writer: Writer | None = struct.compiled.get("encode object")
    if writer is None:
        writer = struct.compiled["encode object"] = _struct_writer(struct, _written_before)
    return writer


def _written_before(name: str, field: Field) -> Writer | None:
    """A writer that writes equal values once; of metadata, which differs, and of custom objects each anew."""
    write = _writer_or_none(field.type)
    if write is None or name == "metadata" or not isinstance(field.type, Struct) or field.type.verbatim:
        return write
    return lambda value: _written.made(write, value, lambda: orjson.Fragment(orjson.dumps(write(value))))


def _written_anew(_: str, field: Field) -> Writer | None:
    return _writer_or_none(field.type)


_written: Final = Recurring[orjson.Fragment]()


def writer_of(kind: Type) -> Writer:
    """The compiled ordering of a type; the value itself where there is nothing to order."""
    if isinstance(kind, Struct):
        writer: Writer | None = kind.compiled.get("encode")
        if writer is None:
            writer = kind.compiled["encode"] = _struct_writer(kind, _written_anew)
        return writer
    if isinstance(kind, List):
        return _list_writer(kind)
    if isinstance(kind, Map):
        return _map_writer(kind)
    return _free if kind.kind == "any" else _as_it_is


Row = tuple[int, str, Any]
PartWriter = Callable[[str, Field], Writer | None]
"""The writer of a field (None for plain scalars)."""


@frozen
class _Layout:
    """A struct's fields: name → place and writer (None for plain scalars), and what is written when it is missing."""

    parts: dict[str, tuple[int, Writer | None]]
    always: tuple[Row, ...]
    nulls: frozenset[str]
    """Written as null where they are empty."""
    deep: tuple[tuple[int, str, Struct], ...]


def _layout(struct: Struct, writer: PartWriter) -> _Layout:
    placed = [(place, name, field) for place, (name, field) in enumerate(struct.fields.items())]
    return _Layout(
        parts={name: (place, writer(name, field)) for place, name, field in placed},
        always=tuple((place, name, _empty(field)) for place, name, field in placed if _emitted(field) == "value"),
        nulls=frozenset(name for _, name, field in placed if field.emit == "null"),
        deep=tuple(
            (place, name, field.type)
            for place, name, field in placed
            if _emitted(field) == "struct" and isinstance(field.type, Struct)
        ),
    )


def always_written(struct: Struct) -> dict[str, Any]:
    """What is written of a struct's fields where they are missing, by name."""
    layout = _layout(struct, _written_anew)
    return {name: zero for _, name, zero in layout.always} | {
        name: ordered(inner, {}) for _, name, inner in layout.deep
    }


def _writer_or_none(kind: Type) -> Writer | None:
    return None if isinstance(kind, Scalar) and kind.kind != "any" else writer_of(kind)


def _emitted(field: Field) -> str:
    if field.emit == "omit":
        return ""
    return "struct" if field.emit == "always" and isinstance(field.type, Struct) else "value"


def _empty(field: Field) -> Any:
    return None if field.emit == "null" else zero_of(field.type)


def _is_empty(item: Any) -> bool:
    """A number is a value, whatever it is."""
    return not item and not isinstance(item, int)


def _struct_writer(struct: Struct, part: PartWriter) -> Writer:
    layout: _Layout | None = None
    keeps_nulls = struct.verbatim
    shapes: dict[tuple[str, ...], tuple[Step, ...] | None] = {}
    """How values of fields without nulls are written: most objects of a kind have the same fields."""

    def write(value: Any) -> Any:
        nonlocal layout
        if value.__class__ is not dict and not isinstance(value, Mapping):
            return value
        if layout is None:
            layout = _layout(struct, part)
        names = tuple(value)
        if (steps := shapes.get(names, _UNSEEN)) is _UNSEEN:
            steps = _steps(layout, names) if len(shapes) < MOST_SHAPES else None
            if len(shapes) < MOST_SHAPES:
                shapes[names] = steps
        if steps is not None and None not in value.values():
            return {
                name: zero if write_item is _MISSING else value[name] if write_item is None else write_item(value[name])
                for name, write_item, zero in steps
            }
        return write_each(layout, value)

    def write_each(layout: _Layout, value: Any) -> Any:
        parts, nulls, unknown = layout.parts, layout.nulls, _UNKNOWN
        rows: list[Row] = []
        for key, item in value.items():
            if item is None and not keeps_nulls:
                continue
            part = parts.get(key)
            if part is None:
                rows.append((unknown, key, _free(item)))
                unknown += 1
                continue
            place, write_item = part
            if write_item is not None:
                item = write_item(item)
            rows.append((place, key, None if key in nulls and _is_empty(item) else item))
        rows.extend(row for row in layout.always if value.get(row[1]) is None)
        for place, key, inner in layout.deep:
            if value.get(key) is None:
                rows.append((place, key, writer_of(inner)({})))
        rows.sort(key=_place)
        return {key: item for _, key, item in rows}

    return write


Step = tuple[str, Writer | None, Any]
"""A field's name and writer (`_MISSING`: it is not there), and what is written of a missing one."""


def _steps(layout: _Layout, names: tuple[str, ...]) -> tuple[Step, ...] | None:
    """How a value with these fields is written; ``None`` where each value has to be looked at."""
    if any(name not in layout.parts or name in layout.nulls for name in names):
        return None
    rows: list[tuple[int, Step]] = [(layout.parts[name][0], (name, layout.parts[name][1], None)) for name in names]
    rows += [(place, (name, _MISSING, zero)) for place, name, zero in layout.always if name not in names]
    rows += [(place, (name, _MISSING, writer_of(inner)({}))) for place, name, inner in layout.deep if name not in names]
    return tuple(step for _, step in sorted(rows, key=_place))


def _list_writer(kind: List) -> Writer:
    write_item = _writer_or_none(kind.item)
    if write_item is None:
        return _as_it_is
    return lambda value: [write_item(item) for item in value] if isinstance(value, list | tuple) else value


def _map_writer(kind: Map) -> Writer:
    write_item = _writer_or_none(kind.value)

    def write(value: Any) -> Any:
        if value.__class__ is not dict and not isinstance(value, Mapping):
            return value
        if write_item is None:
            return value if len(value) < 2 else dict(sorted(value.items()))
        return {key: write_item(value[key]) for key in sorted(value)}

    return write


def _as_it_is(value: Any) -> Any:
    return value


def _free(value: Any) -> Any:
    """Free JSON, which orjson sorts and writes in one go."""
    if isinstance(value, dict | list):
        return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    return _sorted(value)


def _sorted(value: Any) -> Any:
    """Free JSON with sorted keys, as Go writes maps."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


_UNSEEN: Final[Any] = object()
_MISSING: Final[Any] = object()
MOST_SHAPES: Final = 64
"""Per type, so that clients cannot make it grow."""
_UNKNOWN: Final = 1 << 30
"""The place of the first field that no schema names: they come last, in the order they were given."""
_place: Final = itemgetter(0)
