"""The selectors of an access review, as a list would have them in its query.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access. What cannot be written there is
left out, which asks for more rather than less, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.errors import BadRequest
from sampan.core.model.labels import SelectorError, parse_selector
from sampan.core.schema.fields import terms

Wire = Mapping[str, Any]

SIGNS: Final = {"In": "=", "NotIn": "!="}
WORDS: Final = {"In": "in", "NotIn": "notin"}


@frozen
class Narrowing:
    """A selector's text, and whether something of what was asked is missing in it."""

    text: str = ""
    is_partial: bool = False

    def problem(self, word: str) -> list[str]:
        if not self.is_partial:
            return []
        how = "partially ignored" if self.text else "ignored"
        return [f"spec.resourceAttributes.{word} {how} due to parse error"]


def by_fields(asked: Wire | None) -> Narrowing:
    return _narrowing(asked, terms, _field)


def by_labels(asked: Wire | None) -> Narrowing:
    return _narrowing(asked, parse_selector, _label)


def _narrowing(asked: Wire | None, read: Callable[[str], object], write: Callable[[Wire], str | None]) -> Narrowing:
    asked = asked or {}
    if raw := asked.get("rawSelector"):
        try:
            read(raw)
        except (BadRequest, SelectorError):
            return Narrowing(is_partial=True)
        return Narrowing(raw)
    written = [write(each) for each in asked.get("requirements") or ()]
    return Narrowing(",".join(filter(None, written)), None in written)


def _field(requirement: Wire) -> str | None:
    """Only one value can be compared with."""
    sign, values = SIGNS.get(requirement.get("operator") or ""), list(requirement.get("values") or ())
    return f"{requirement['key']}{sign}{_escaped(values[0])}" if sign and len(values) == 1 else None


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _label(requirement: Wire) -> str | None:
    operator, key = requirement.get("operator") or "", requirement["key"]
    if operator in WORDS:
        return f"{key} {WORDS[operator]} ({','.join(requirement.get('values') or ())})"
    return {"Exists": key, "DoesNotExist": f"!{key}"}.get(operator)
