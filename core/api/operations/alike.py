"""New objects that are alike but for their names: what is found out about the first one goes for the others.

Pods come in numbers, all of one template. Which fields their creator owns, and that no default is missing, depends on
type and contents alone. Only small objects are remembered, and the last of them: a few megabytes, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

import orjson

from sampan.core.model.cleared import key_of, remember
from sampan.core.schema.field_sets import FieldSet
from sampan.core.schema.resource import Resource
from sampan.core.schema.types import Struct

Filler = Callable[[Resource, MutableMapping[str, Any]], None]

NAMES: Final = frozenset({"name", "namespace"})

_owned: Final[dict[bytes, tuple[Struct, bytes]]] = {}
"""The fields as JSON. The type is held, as its place in memory is a part of the key."""
_complete: Final[dict[bytes, Struct]] = {}


def fields_of_new(struct: Struct, obj: Mapping[str, Any], find: Callable[[], FieldSet]) -> FieldSet:
    """What ``find`` says the creator of ``obj`` owns, or has said of one alike. The answer is the caller's own."""
    key = alike(struct, obj)
    if known := _owned.get(key):
        fields: FieldSet = orjson.loads(known[1])
        return fields
    fields = find()
    if key:
        remember(_owned, key, (struct, orjson.dumps(fields)))
    return fields


def complete(resource: Resource, obj: MutableMapping[str, Any], fill: Filler) -> None:
    """Let ``fill`` put the missing defaults into ``obj``, unless it had none for one alike."""
    key = alike(resource.struct, obj)
    if key in _complete:
        return
    fill(resource, obj)
    if key and alike(resource.struct, obj) == key:
        remember(_complete, key, resource.struct)


def alike(struct: Struct, obj: Mapping[str, Any]) -> bytes:
    """A key that objects of one type share which differ in nothing but their names; empty for those without a key.

    Names belong to nobody and have no defaults; a ``generateName`` is a field, whatever it says.
    """
    meta = {key: value for key, value in obj["metadata"].items() if key not in NAMES}
    if "generateName" in meta:
        meta["generateName"] = ""
    return key_of((id(struct), {**obj, "metadata": meta}))
