"""Schema types in the words of CEL's type checker, there and back.

Apart from `types.py`, which needs protobuf: that is loaded with the first expression, not with the first policy plugin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sampan.core.schema.types import Limits, List, Map, Scalar, Type

SIGNATURES: Final[Mapping[str, str]] = {
    "string": "string",
    "integer": "int",
    "number": "double",
    "boolean": "bool",
    "bytes": "bytes",
    "time": "timestamp",
    "duration": "duration",
}

_SCALARS: Final[Mapping[str, Scalar]] = {
    "string": Scalar(kind="string"),
    "int": Scalar(kind="integer"),
    "double": Scalar(kind="number"),
    "bool": Scalar(kind="boolean"),
    "bytes": Scalar(kind="bytes"),
    "timestamp": Scalar(kind="time"),
    "duration": Scalar(kind="string", limits=Limits(format="duration")),
}


def schema_type(signature: str) -> Type:
    """The type of a field that holds what an expression of this type gives; what no schema can say may be anything."""
    if signature.startswith("list("):
        return List(item=schema_type(signature[len("list(") : -1]))
    if signature.startswith("map(string, "):
        return Map(value=schema_type(signature[len("map(string, ") : -1]))
    return _SCALARS.get(signature, Scalar(kind="any"))
