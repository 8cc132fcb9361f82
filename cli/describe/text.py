"""The pieces that descriptions are made of. Lines hold tabs; `sampan.cli.tabs.align` makes columns of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

Lines = list[str]
Object = Mapping[str, Any]

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_WIDEST = 140
"""Annotations with longer values go on lines of their own."""


def metadata(obj: Object) -> dict[str, Any]:
    found: dict[str, Any] = obj.get("metadata") or {}
    return found


def label_lines(title: str, values: Mapping[str, str] | None, *, separator: str = "=") -> Lines:
    """``Labels:  a=b``, each further one below the first."""
    if not values:
        return [f"{title}:\t<none>"]
    items = sorted(values.items())
    return [
        f"{title if not at else ''}{':' if not at else ''}\t{key}{separator}{value}"
        for at, (key, value) in enumerate(items)
    ]


def annotation_lines(title: str, values: Mapping[str, str] | None) -> Lines:
    """As labels; what is long or has several lines is indented below its key. What apply remembers is left out."""
    shown = {key: value for key, value in (values or {}).items() if key != _LAST_APPLIED}
    if not shown:
        return [f"{title}:\t<none>"]
    lines: Lines = []
    for at, (key, value) in enumerate(sorted(shown.items())):
        start = f"{title}:\t" if not at else "\t"
        text = value.removesuffix("\n")
        if len(key) + len(text) > _WIDEST or "\n" in text:
            lines.append(f"{start}{key}:")
            lines.extend(f"\t  {part[:_WIDEST]}{'...' if len(part) > _WIDEST else ''}" for part in text.split("\n"))
        else:
            lines.append(f"{start}{key}: {text}")
    return lines


def head(obj: Object, *, namespaced: bool = True) -> Lines:
    """Name, namespace, labels and annotations."""
    about = metadata(obj)
    place = [f"Namespace:\t{about.get('namespace', '')}"] if namespaced else []
    return [
        f"Name:\t{about.get('name', '')}",
        *place,
        *label_lines("Labels", about.get("labels")),
        *annotation_lines("Annotations", about.get("annotations")),
    ]


def moment(text: str | None) -> str:
    """An RFC 3339 time as kubectl writes it out: ``Mon, 23 Nov 2026 14:26:41 +0000``."""
    if not text:
        return "<unknown>"
    return datetime.fromisoformat(text.replace("Z", "+00:00")).strftime("%a, %d %b %Y %H:%M:%S %z")


def controlled_by(obj: Object) -> Lines:
    for owner in metadata(obj).get("ownerReferences") or []:
        if owner.get("controller"):
            return [f"Controlled By:\t{owner['kind']}/{owner['name']}"]
    return []


def selector(value: Object | None) -> str:
    """A label selector in its written form."""
    from sampan.cli.pods import selector_text

    return selector_text(dict(value)) if value else "<none>"


def toleration_lines(title: str, values: Sequence[Object] | None) -> Lines:
    if not values:
        return [f"{title}:\t<none>"]
    return [f"{f'{title}:' if not at else ''}\t{_toleration(each)}" for at, each in enumerate(values)]


def _toleration(each: Object) -> str:
    text = str(each.get("key", ""))
    text += f"={each['value']}" if each.get("value") else ""
    text += f":{each['effect']}" if each.get("effect") else ""
    if each.get("operator") == "Exists":
        text += " op=Exists" if text else "op=Exists"
    seconds = each.get("tolerationSeconds")
    return text + (f" for {seconds}s" if seconds is not None else "")


def condition_lines(values: Iterable[Object] | None, *, reasons: bool) -> Lines:
    """Nothing where there are none."""
    rows = list(values or [])
    if not rows:
        return []
    if not reasons:
        return ["Conditions:", "  Type\tStatus", *(f"  {row['type']} \t{row['status']} " for row in rows)]
    lines = ["Conditions:", "  Type\tStatus\tReason", "  ----\t------\t------"]
    return lines + [f"  {row['type']} \t{row['status']}\t{row.get('reason', '')}" for row in rows]
