"""How Go prints values and names types: the parts of Kubernetes' messages that come from its language.

Used by the error paths of decoding, patching and validation alone.
"""

from __future__ import annotations

from typing import Any

from sampan.core.model.causes import go_float, quoted
from sampan.core.schema.types import List, Map, Struct, Type

_TYPE_NAMES = {
    "string": "string",
    "number": "float64",
    "boolean": "bool",
    "bytes": "[]uint8",
    "time": "v1.Time",
    "micro-time": "v1.MicroTime",
    "quantity": "resource.Quantity",
    "int-or-string": "intstr.IntOrString",
    "any": "interface {}",
}


def struct_name(struct: Struct) -> str:
    """``Container`` for ``io.k8s.api.core.v1.Container``."""
    return struct.definition.rpartition(".")[2]


def type_name(kind: Type) -> str:
    """``int32``, ``[]v1.Container``, ``map[string]string``."""
    if isinstance(kind, Struct):
        package, _, name = kind.definition.rpartition(".")
        return f"{package.rpartition('.')[2]}.{name}" if package else name
    if isinstance(kind, List):
        return f"[]{type_name(kind.item)}"
    if isinstance(kind, Map):
        return f"map[string]{type_name(kind.value)}"
    if kind.kind == "integer":
        return kind.limits.format if kind.limits.format in ("int32", "int64") else "int32"
    return _TYPE_NAMES[kind.kind]


def type_kind(kind: Type) -> str:
    """Go's kind of a type: ``int32``, ``slice``, ``map``, ``struct``."""
    if isinstance(kind, Struct):
        return "struct"
    if isinstance(kind, List):
        return "slice"
    if isinstance(kind, Map):
        return "map"
    return type_name(kind)


def json_word(value: Any) -> str:
    """What ``encoding/json`` calls a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def value_kind(value: Any) -> str:
    """Go's kind of a decoded JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "int64"
    if isinstance(value, float):
        return "float64"
    return "slice" if isinstance(value, list) else "map"


def plus_v(value: Any) -> str:
    """``%+v`` of a decoded JSON value: ``map[spec:map[replicas:3]]``."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plus_v(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(plus_v(item) for item in value) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return go_float(value) if isinstance(value, float) else str(value)


def sharp_v(value: Any) -> str:
    """``%#v`` of a decoded JSON value: ``map[string]interface {}{"x":1}``."""
    if isinstance(value, dict):
        items = ", ".join(f"{quoted(key)}:{sharp_v(value[key])}" for key in sorted(value))
        return f"{value_type(value)}{{{items}}}"
    if isinstance(value, list):
        return f"{value_type(value)}{{{', '.join(map(sharp_v, value))}}}"
    if value is None:
        return "interface {}(nil)"
    return quoted(value) if isinstance(value, str) else plus_v(value)


def value_type(value: Any) -> str:
    """``%T`` of a decoded JSON value."""
    return {"slice": "[]interface {}", "map": "map[string]interface {}"}.get(kind := value_kind(value), kind)


def in_order(value: Any) -> Any:
    """A decoded JSON value with the fields of its objects in the order in which Go writes those of a map."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value
