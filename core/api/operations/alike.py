"""New objects that are alike but for their names: what is found out about the first one goes for the others.

Pods come in numbers, all of one template. Which defaults they lack, and which fields their creator owns, depends on type
and contents alone. Only small objects are remembered, and the last of them: a few megabytes, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

import orjson

from sampan.core.model.cleared import LARGEST, key_of, remember
from sampan.core.schema.field_sets import FieldSet
from sampan.core.schema.resource import Resource
from sampan.core.schema.types import Struct

Filler = Callable[[Resource, MutableMapping[str, Any]], None]

NAMES: Final = frozenset({"name", "namespace"})
MANY: Final = LARGEST // 8
"""Parts of a value that is too large to remember, if each were but a short text."""
UNLIKE: Final = b""
"""The key of objects that are not remembered."""

_owned: Final[dict[bytes, tuple[Struct, bytes]]] = {}
"""The fields as JSON. The type is held, as its place in memory is a part of the key."""
_completed: Final[dict[bytes, tuple[Struct, bytes]]] = {}
"""As JSON, what the objects have besides metadata once they are complete; empty where they are."""


def fields_of_new(struct: Struct, key: bytes, find: Callable[[], FieldSet]) -> FieldSet:
    """What ``find`` says the creator of an object owns, or has said of one alike. The answer is the caller's own."""
    if known := _owned.get(key):
        fields: FieldSet = orjson.loads(known[1])
        return fields
    fields = find()
    if key:
        remember(_owned, key, (struct, orjson.dumps(fields)))
    return fields


def complete(resource: Resource, obj: MutableMapping[str, Any], fill: Filler, key: bytes) -> None:
    """Let ``fill`` put the missing defaults into ``obj``, whose key this is, or put in what one alike was given."""
    if known := _completed.get(key):
        if known[1]:
            obj.update(orjson.loads(known[1]))
        return
    if not key:
        fill(resource, obj)
        return
    before = orjson.dumps(obj["metadata"]), set(obj)
    fill(resource, obj)
    rest = key_of({name: value for name, value in obj.items() if name != "metadata"})
    if rest and before[0] == orjson.dumps(obj["metadata"]) and before[1] <= set(obj):
        remember(_completed, key, (resource.struct, b"" if alike(resource.struct, obj) == key else rest))


def alike(struct: Struct, obj: Mapping[str, Any]) -> bytes:
    """A key that objects of one type share which differ in nothing but their names; `UNLIKE` for those without a key.

    Names belong to nobody and have no defaults; a ``generateName`` is a field, whatever it says.
    """
    meta = {key: value for key, value in obj["metadata"].items() if key not in NAMES}
    if "generateName" in meta:
        meta["generateName"] = ""
    if any(map(_is_bulky, obj.values())):
        return UNLIKE
    return key_of((id(struct), {**obj, "metadata": meta}))


def _is_bulky(value: Any) -> bool:
    """Whether there is no need to write it to know that it is too large: texts in numbers or by the megabyte.

    What is large further down costs so much more for its structure that it does not matter here.
    """
    if value.__class__ is dict and len(value) <= MANY:
        return any(each.__class__ is str and len(each) > LARGEST for each in value.values())
    return isinstance(value, dict | list | str) and len(value) > MANY
