"""An object that an expression of a policy constructs, applied onto the object that is written.

As Kubernetes' mutating policies have it: taken as structured-merge-diff takes what a client applies, but that nothing may
be touched which would have to be replaced as a whole. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sampan.core.errors import SampanError
from sampan.core.schema.applied import listed, problems
from sampan.core.schema.granularity import is_leaf
from sampan.core.schema.structured_merge import merge
from sampan.core.schema.types import List, Map, Struct, Type


class RefusedConstruction(SampanError):
    """An object that cannot be applied, in Kubernetes' words."""


def apply_constructed(kind: Type, obj: Mapping[str, Any], constructed: Mapping[str, Any]) -> Any:
    """The object with all that is constructed. Raises `RefusedConstruction` where the type does not let it be."""
    constructed = {name: value for name, value in constructed.items() if name not in ("apiVersion", "kind")}
    if found := list(problems(kind, constructed)):
        raise RefusedConstruction(
            f"error applying patch: failed to convert patch object to typed object: {listed(found)}"
        )
    if found := list(_atomic(kind, constructed, "")):
        what = f"may not mutate atomic arrays, maps or structs: {', '.join(found)}"
        raise RefusedConstruction(f"error applying patch: invalid ApplyConfiguration: {what}")
    return merge(kind, obj, constructed)


def _atomic(kind: Type, value: Any, path: str) -> Iterator[str]:
    """Where the value has a list or an object that is owned as a whole, and so would lose what is not in it."""
    match kind, value:
        case ((Struct() | Map()), Mapping()):
            if is_leaf(kind):
                yield path
            fields = kind.fields if isinstance(kind, Struct) else {}
            for name, item in value.items():
                if name in fields:
                    yield from _atomic(fields[name].type, item, f"{path}.{name}")
        case List(), list():
            if is_leaf(kind):
                yield path
            for index, item in enumerate(value):
                yield from _atomic(kind.item, item, f"{path}[{index}]")
