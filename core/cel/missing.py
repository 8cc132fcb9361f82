"""What an expression asked for in vain, where the library says no more than that something has no fields.

An object that is deleted is ``null`` to rules about its new state, so users meet this often.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sampan.core.cel.checked import Node

NO_FIELDS: Final = "Applying SELECT to non-message type"
_UNKNOWN: Final = object()


def missing_field(root: Node, values: Mapping[str, Any]) -> str:
    """In Kubernetes' words, for the first field that is selected of a variable's part without fields.

    Empty where there is none, as with a loop's item.
    """
    for node in _in_order(root):
        if node.form == "select" and node.target is not None and not node.is_test:
            value = _value(node.target, values)
            if value is not _UNKNOWN and not isinstance(value, Mapping):
                is_list = isinstance(value, list)
                return "unsupported index type 'string' in list" if is_list else f"no such key: {node.name}"
    return ""


def _in_order(node: Node) -> Iterator[Node]:
    for each in node.below():
        yield from _in_order(each)
    yield node


def _value(node: Node, values: Mapping[str, Any]) -> Any:
    if node.form == "ident":
        return values.get(node.name, _UNKNOWN)
    if node.form != "select" or node.target is None:
        return _UNKNOWN
    holder = _value(node.target, values)
    return holder.get(node.name, _UNKNOWN) if isinstance(holder, Mapping) else _UNKNOWN
