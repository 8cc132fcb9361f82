"""Types by their signatures (``list(string)``, ``map(string, dyn)``), as the library's own objects."""

from __future__ import annotations

from functools import cache
from typing import Any

_SIMPLE = ("bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration", "dyn", "null")


@cache
def type_of(signature: str) -> Any:
    """A message's name is a signature too: also those of Kubernetes' own types (see `sampan.core.cel.types`)."""
    from cel_expr_python import cel

    if signature in _SIMPLE:
        return getattr(cel.Type, signature.upper())
    if signature.startswith("list("):
        return cel.Type.List(type_of(signature[len("list(") : -1]))
    if signature.startswith("map("):
        key, _, value = signature[len("map(") : -1].partition(", ")
        return cel.Type.Map(type_of(key), type_of(value))
    return cel.Type(signature)
