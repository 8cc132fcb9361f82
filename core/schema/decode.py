"""JSON values to canonical wire values: what a client sent becomes what Kubernetes would store.

For built-in kinds this does what decoding into Go types and encoding again does: drops nulls, unknown fields and empty
values that mean nothing, and writes quantities and times canonically. Custom resources keep what was written, but for
unknown fields and nulls that their schema does not allow. `decode_value` is called for patched objects, `decode_body` for
request bodies (create, update); pure functions, any thread.

Each `Struct` is compiled on first use into a table of its fields and one closure, which keeps a pod under 0.1 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from sampan.core.classes import frozen
from sampan.core.errors import BadRequest
from sampan.core.model.causes import shown
from sampan.core.schema import go_words
from sampan.core.schema.parse import SyntaxProblem, duplicate_fields, parse_json, parse_yaml, written_fields
from sampan.core.schema.resource import Resource
from sampan.core.schema.scalars import Mismatch, scalar_reader, zero_of
from sampan.core.schema.scheme import misfit
from sampan.core.schema.types import Field, List, Map, Scalar, Struct, Type

FieldValidation = Literal["Ignore", "Warn", "Strict"]

WHOLE = 2.0**63
"""A number without a fraction below it is a whole one, as JSON that was stored and read again has it."""

Where = tuple[Any, str | int] | None
"""The way to a value: its parent's way and its own key. Written out only for an unknown field."""

Reader = Callable[[Any, list[str], Where], Any]
"""Takes a value, the list that collects unknown fields, and the way to the value."""


@frozen
class Decoded:
    """A canonical wire value, and what strict decoding would have refused (``unknown field "spec.foo"``)."""

    value: dict[str, Any]
    problems: tuple[str, ...] = ()


def decode_body(
    resource: Resource, raw: bytes, *, media_type: str = "application/json", validation: FieldValidation = "Warn"
) -> Decoded:
    """A request body as an object of ``resource``.

    ``problems`` are for ``Warning`` headers (none with Ignore). Raises `BadRequest` with kube-apiserver's message for
    malformed text, another kind, wrong types, and with Strict for unknown and repeated fields.
    """
    value, repeated = _parse_body(resource, raw, media_type, validation)
    _check_type_meta(resource, raw, value)
    try:
        decoded = decode_value(resource, value)
    except Mismatch as mismatch:
        raise _unfit(resource, json_problem(mismatch)) from mismatch
    except RecursionError as error:
        raise _unfit(resource, "exceeded max depth") from error
    if validation == "Ignore":
        return Decoded(decoded.value)
    problems = (*repeated, *decoded.problems)
    if repeated and decoded.problems and not resource.custom and not media_type.endswith("yaml"):
        problems = tuple(_in_the_order_of_the_text(raw, set(problems)))
    if problems and validation == "Strict":
        raise _unfit(resource, strict_problem(problems))
    return Decoded(decoded.value, problems)


def decode_value(resource: Resource, value: Mapping[str, Any]) -> Decoded:
    """A JSON object as an object of ``resource``, with its apiVersion and kind. Raises `Mismatch`."""
    unknown: list[str] = []
    decoded = reader_of(resource.struct)(value, unknown, None)
    head = {"kind": resource.info.kind, "apiVersion": resource.info.api_version}
    if resource.custom:  # Kubernetes looks at the metadata first, and then sorts what it has found
        own = [each for each in unknown if each.startswith('unknown field "metadata.')]
        unknown = [*own, *sorted(set(unknown) - set(own))]
    return Decoded(head | decoded | head, tuple(unknown))


def strict_problem(problems: tuple[str, ...]) -> str:
    return f"strict decoding error: {', '.join(problems)}"


def json_problem(mismatch: Mismatch) -> str:
    """Go's ``encoding/json`` error for a value of the wrong type."""
    if mismatch.text:
        return mismatch.text
    word = go_words.json_word(mismatch.value)
    if word == "number" and isinstance(mismatch.expected, Scalar) and mismatch.expected.kind == "integer":
        word = f"number {mismatch.value}"
    name = go_words.type_name(mismatch.expected)
    if not mismatch.path:
        return f"json: cannot unmarshal {word} into Go value of type {name}"
    return (
        f"json: cannot unmarshal {word} into Go struct field {mismatch.owner}.{'.'.join(mismatch.path)} of type {name}"
    )


def converter_problem(mismatch: Mismatch) -> str:
    """What Kubernetes' converter from unstructured values says (strategic merge patch and apply)."""
    if mismatch.text:
        return mismatch.text
    kind = go_words.type_kind(mismatch.expected)
    value = go_words.value_kind(mismatch.value)
    if kind == "struct":
        return f"cannot restore struct from: {value}"
    if kind in ("slice", "map"):
        return f"cannot restore {kind} from {value}"
    return f"unrecognized type: {kind}"


def _parse_body(
    resource: Resource, raw: bytes, media_type: str, validation: FieldValidation
) -> tuple[dict[str, Any], list[str]]:
    repeated: list[str] = []
    try:
        if media_type.endswith("yaml"):
            value, repeated = parse_yaml(raw)
        else:
            value = parse_json(raw)
            if validation != "Ignore":
                repeated = [f'duplicate field "{path}"' for path in duplicate_fields(raw, value)]
    except (SyntaxProblem, RecursionError) as error:
        raise _unrecognized(resource, raw, str(error), is_yaml=media_type.endswith("yaml")) from error
    if value is None:
        value = {}
    if problem := no_type_meta(value):
        raise _unrecognized(resource, raw, problem)
    return value, repeated


def no_type_meta(value: Any) -> str:
    """Go's words for a JSON value of which kind and apiVersion cannot be read; empty where they can."""
    if not isinstance(value, dict):
        meta = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
        return f"json: cannot unmarshal {go_words.json_word(value)} into Go value of type {meta}"
    for word in value.keys() & {"kind", "apiVersion"}:
        if not isinstance(value[word] or "", str):
            return (
                f"json: cannot unmarshal {go_words.json_word(value[word])} into Go struct field .{word} of type string"
            )
    return ""


def _in_the_order_of_the_text(raw: bytes, problems: set[str]) -> Iterator[str]:
    """Go finds both sorts on one way through the text, and looks at nothing below a field that it does not know."""
    unknown: list[str] = []
    for path, again in written_fields(raw):
        said = f'{"duplicate" if again else "unknown"} field "{path}"'
        if said in problems and not any(path.startswith((f"{one}.", f"{one}[")) for one in unknown):
            yield said
            if not again:
                unknown.append(path)


def _check_type_meta(resource: Resource, raw: bytes, value: Mapping[str, Any]) -> None:
    """apiVersion and kind may be left out of a built-in kind's body; what is there must be what the path names."""
    about = resource.info
    kind, api_version = value.get("kind") or "", value.get("apiVersion") or about.api_version
    if resource.custom and not kind:
        raise _unfit(resource, f"Object 'Kind' is missing in '{shown(value)}'")
    kind = kind or about.kind
    if api_version.count("/") > 1:
        raise _unrecognized(resource, raw, f"unexpected GroupVersion string: {api_version}", is_yaml=True)
    if (kind, api_version) == (about.kind, about.api_version):
        return
    if resource.custom:
        if kind != about.kind:
            raise _unfit(resource, f"the kind of the object is {shown(kind)}", kind)
    elif problem := misfit(about, kind, api_version):
        raise _unfit(resource, problem, kind, api_version.rpartition("/")[2])
    said = f"the API version in the data ({api_version}) does not match the expected API version"
    raise BadRequest(f"{said} ({about.api_version})")


def _unfit(resource: Resource, problem: str, kind: str = "", version: str = "") -> BadRequest:
    about = resource.info
    what = f'{kind or about.kind} in version "{version or about.version}"'
    return BadRequest(f"{what} cannot be handled as a {about.kind}: {problem}")


def _unrecognized(resource: Resource, raw: bytes, problem: str, *, is_yaml: bool = False) -> BadRequest:
    said = f"the object provided is unrecognized (must be of type {resource.info.kind})"
    where = "" if is_yaml else "couldn't get version/kind; json parse error: "
    return BadRequest(f"{said}: {where}{problem} ({_summary(raw)})")


def _summary(raw: bytes, length: int = 30) -> str:
    """The beginning of a body, as text where it looks like JSON and else in hexadecimal."""
    if not raw:
        return "<empty>"
    head = raw[:length]
    text = head.decode(errors="replace") if raw[:1] == b"{" else head.hex()
    return f"{text} ..." if len(raw) > length else text


def reader_of(kind: Type) -> Reader:
    """The compiled decoder of a type."""
    if isinstance(kind, Struct):
        reader = kind.compiled.get("decode")
        if reader is None:
            reader = kind.compiled["decode"] = _verbatim_reader(kind) if kind.verbatim else _struct_reader(kind)
        return reader
    if isinstance(kind, List):
        return _list_reader(kind)
    if isinstance(kind, Map):
        return _map_reader(kind)
    read = scalar_reader(kind)
    return lambda value, unknown, where: read(value)


_PLAIN: Mapping[str, type] = {"string": str, "boolean": bool}


@frozen
class _Part:
    """A field, ready to decode: values of exactly type ``plain`` need no reading."""

    plain: type | None
    read: Reader
    drops_empty: bool


def _part(field: Field) -> _Part:
    kind = field.type
    if isinstance(kind, Scalar):
        drops = not field.keep_zero and kind.kind != "any"
        return _Part(_PLAIN.get(kind.kind), reader_of(kind), drops)
    return _Part(None, reader_of(kind), not isinstance(kind, Struct) and field.emit == "omit" and not field.keep_zero)


def _struct_reader(struct: Struct) -> Reader:
    parts: dict[str, _Part] | None = None

    def read(value: Any, unknown: list[str], where: Where) -> Any:
        if not isinstance(value, dict):
            if isinstance(value, struct.or_else):
                return value
            raise Mismatch(value, struct)
        nonlocal parts
        if parts is None:
            parts = {name: _part(field) for name, field in struct.fields.items()}
        out: dict[str, Any] = {}
        key = ""
        try:
            for key, item in value.items():
                part = parts.get(key)
                if part is None:
                    unknown.append(f'unknown field "{path_of((where, key))}"')
                elif item is not None:
                    if type(item) is not part.plain:
                        item = part.read(item, unknown, (where, key))
                    if item or not part.drops_empty:
                        out[key] = item
        except Mismatch as mismatch:
            mismatch.owner = mismatch.owner or go_words.struct_name(struct)
            mismatch.path.insert(0, key)
            raise
        return out

    return read


def _list_reader(kind: List) -> Reader:
    read_item = reader_of(kind.item)

    def read(value: Any, unknown: list[str], where: Where) -> Any:
        if not isinstance(value, list):
            raise Mismatch(value, kind)
        return [
            zero_of(kind.item) if item is None else read_item(item, unknown, (where, index))
            for index, item in enumerate(value)
        ]

    return read


def _map_reader(kind: Map) -> Reader:
    read_item = reader_of(kind.value)
    plain = _PLAIN.get(kind.value.kind) if isinstance(kind.value, Scalar) else None

    def read(value: Any, unknown: list[str], where: Where) -> Any:
        if not isinstance(value, dict):
            raise Mismatch(value, kind)
        out = {}
        for key, item in value.items():
            if type(item) is plain:
                out[key] = item
            else:
                out[key] = zero_of(kind.value) if item is None else read_item(item, unknown, (where, key))
        return out

    return read


def _verbatim_reader(struct: Struct) -> Reader:
    """A custom resource's object: wrong types pass (validation names them), unknown fields and forbidden nulls go."""

    def read(value: Any, unknown: list[str], where: Where) -> Any:
        if not isinstance(value, dict):
            return value if struct.preserve_unknown else _without_fields(value, unknown, where)
        out: dict[str, Any] = {}
        for key, item in value.items():
            field = struct.fields.get(key)
            if field is None:
                if struct.preserve_unknown:
                    out[key] = item
                else:
                    unknown.append(f'unknown field "{path_of((where, key))}"')
            elif item is None and struct.embedded and key == "metadata":
                out[key] = {}
            elif item is not None or field.type.nullable:
                if struct.embedded and key in ("apiVersion", "kind") and not isinstance(item, str):
                    raise _of_object(item, field.type, (where, key), "must be a string")
                try:
                    out[key] = _read_verbatim(field.type, item, unknown, (where, key))
                except Mismatch as mismatch:
                    if struct.embedded and key == "metadata":
                        raise _of_object(item, field.type, (where, key), json_problem(mismatch)) from mismatch
                    mismatch.path.insert(0, key)
                    raise
        return out

    return read


def _of_object(value: Any, kind: Type, where: Where, words: str) -> Mismatch:
    """Of an object within a custom one, what its type and metadata are is said at once, with the way to it."""
    return Mismatch(value, kind, f"{path_of(where)}: Invalid value: {shown(go_words.in_order(value))}: {words}")


def _read_verbatim(kind: Type, value: Any, unknown: list[str], where: Where) -> Any:
    if value is None:
        return None
    if isinstance(kind, Struct):
        return reader_of(kind)(value, unknown, where)
    if isinstance(kind, List) and isinstance(value, list):
        return [_read_verbatim(kind.item, item, unknown, (where, index)) for index, item in enumerate(value)]
    if isinstance(kind, Map) and isinstance(value, dict):
        return {
            key: _read_verbatim(kind.value, item, unknown, (where, key))
            for key, item in value.items()
            if item is not None or kind.value.nullable
        }
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < WHOLE else value
    return value if isinstance(kind, Scalar) and kind.kind == "any" else _without_fields(value, unknown, where)


def _without_fields(value: Any, unknown: list[str], where: Where) -> Any:
    """A value of another type than its schema says: objects in it have no field that the schema knows."""
    if isinstance(value, dict):
        unknown.extend(f'unknown field "{path_of((where, key))}"' for key in value)
        return {}
    if isinstance(value, list):
        return [_without_fields(item, unknown, (where, index)) for index, item in enumerate(value)]
    return value


def path_of(where: Where) -> str:
    """The way to a value as Kubernetes writes it: ``spec.containers[0].name``."""
    keys: list[str] = []
    while where is not None:
        where, key = where
        keys.append(f"[{key}]" if isinstance(key, int) else f".{key}")
    return "".join(reversed(keys)).removeprefix(".")
