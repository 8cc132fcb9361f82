"""Any object without words of its own: all of its fields, with titles made of their names."""

from __future__ import annotations

import re
from typing import Any

from sampan.cli.describe.text import Lines, Object, head, metadata
from sampan.cli.session import Session

_LEFT_OUT = {"name", "namespace", "labels", "annotations", "managedFields"}


def describe_generic(_session: Session, obj: Object) -> Lines:
    fields = {key: value for key, value in obj.items() if key != "metadata"}
    fields["metadata"] = {key: value for key, value in metadata(obj).items() if key not in _LEFT_OUT}
    return [*head(obj, namespaced=bool(metadata(obj).get("namespace"))), *_fields(fields, 0)]


def _fields(fields: dict[str, Any], level: int) -> Lines:
    indent = "  " * level
    lines: Lines = []
    for key, value in sorted(fields.items()):
        title = f"{indent}{_title(key)}:"
        if isinstance(value, dict):
            lines += [title, *_fields(value, level + 1)]
        elif isinstance(value, list):
            lines += [title, *_items(value, level + 1)]
        else:
            lines.append(f"{title}\t{_word(value)}")
    return lines


def _items(values: list[Any], level: int) -> Lines:
    lines: Lines = []
    for value in values:
        if isinstance(value, dict):
            lines += _fields(value, level)
        else:
            lines.append(f"{'  ' * level}{_word(value)}")
    return lines


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def _title(key: str) -> str:
    """``apiVersion`` → ``API Version``."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", key).split()
    known = {"api": "API", "url": "URL", "uid": "UID", "ip": "IP", "cidr": "CIDR"}
    return " ".join(known.get(word.lower(), word[:1].upper() + word[1:]) for word in words)
