"""Server-side apply's merge: a configuration into an object, and fields out of an object, by what can be owned.

The rules are those of sigs.k8s.io/structured-merge-diff. Pure: arguments stay as they are, results may share parts with
them; any thread. `sampan.core.schema.strategic` is another merge with other rules, of which the client says what to remove.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.schema.field_sets import FieldSet, is_member
from sampan.core.schema.granularity import Part, deduced, is_container, parts_of, repeated
from sampan.core.schema.types import List, Type

_NOTHING: Final[Any] = object()


def merge(kind: Type, live: Any, config: Any) -> Any:
    """``live`` with all that ``config`` says. Items of ``config`` stand as it lists them, others keep their place."""
    if config is None:
        return live if live and is_container(deduced(kind, live), live) else None
    kind = deduced(kind, config)
    if not is_container(kind, config) or not is_container(kind, live) or not live:
        return config
    if not config:
        return live
    if isinstance(config, Mapping):
        return _merge_fields(kind, live, config)
    return _merge_items(list(parts_of(kind, live)), list(parts_of(kind, config)))


def _merge_fields(kind: Type, live: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(live)
    for part in parts_of(kind, config):
        name = part.element[2:]
        merged[name] = merge(part.kind, live[name], part.value) if name in live else part.value
    return merged


def _merge_items(live: list[Part], config: list[Part]) -> list[Any]:
    """Keyed lists and sets. Items that were there several times already are replaced, not merged."""
    twice = repeated([part.element for part in live])
    theirs = {part.element: part.value for part in live if part.element not in twice}
    order = [part.element for part in config]
    shared = iter([element for element in order if element in theirs or element in twice])
    listed, placed = set(order), set[str]()
    awaited = next(shared, None)
    merged: list[Any] = []
    left = right = 0
    while left < len(live) or right < len(config):
        mine = live[left] if left < len(live) else None
        if mine is not None and right < len(config):
            at_both = mine.element == order[right]
            if not at_both and mine.element in listed and awaited not in (None, mine.element):
                left += 1  # the configuration wants it in another place
                continue
            left += at_both
        else:
            at_both = False
        if mine is not None and not at_both:
            if mine.element not in listed:
                merged.append(mine.value)
                left += 1
                continue
            left += mine.element in placed
        if right < len(config):
            part = config[right]
            right += 1
            placed.add(part.element)
            before = theirs.get(part.element, _NOTHING)
            merged.append(part.value if before is _NOTHING else merge(part.kind, before, part.value))
            if part.element == awaited:
                awaited = next(shared, None)
    return merged


def remove(kind: Type, value: Any, fields: FieldSet) -> Any:
    """``value`` without ``fields`` and what is below them. A container of which all parts go stays, empty."""
    kind = deduced(kind, value)
    if not is_container(kind, value):
        return value
    kept: dict[str, Any] = {}
    items: list[Any] = []
    for part in parts_of(kind, value):
        node = fields.get(part.element)
        if node is not None and is_member(node):
            continue
        left = part.value if node is None else remove(part.kind, part.value, node)
        if isinstance(kind, List):
            items.append(left)
        else:
            kept[part.element[2:]] = left
    return items if isinstance(kind, List) else kept
