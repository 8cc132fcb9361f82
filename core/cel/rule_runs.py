"""The rules of a schema asked about an object, and about its change.

A rule that an object breaks is a cause at its place. What an update leaves as it was is no cause, but is told: so rules can
be tightened while old objects live on. That is so for a value that is the one before, and for all within a list or map that
is the one before where single items cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sampan.core.cel.environment import Program, Values
from sampan.core.cel.errors import CelError, CostExceeded
from sampan.core.cel.schema_rules import OLD, Place, Rule
from sampan.core.classes import frozen
from sampan.core.errors import Cause, Tolerated
from sampan.core.model import causes

BUDGET: Final = 10_000_000
"""Cost that all rules about one object may have together, in Kubernetes' units."""
NO_BUDGET: Final = "validation failed due to running out of cost budget, no further validation rules will be run"
LONGEST_MESSAGE: Final = 5120
WHOLE: Final = ("object", "array")
"""Types whose values are too large to be shown."""


@frozen
class _Spot:
    """A value with the one before it, where it is, and whether an update left it (or all around it) as it was."""

    value: Any
    old: Any
    path: str
    is_told: bool = True
    """Whether this value and its old one can be told to belong together."""
    unchanged_around: bool = False

    @property
    def unchanged(self) -> bool:
        return self.old is not None and self.value == self.old if self.is_told else self.unchanged_around


def run_rules(place: Place, obj: Any, old: Any = None) -> list[Cause]:
    """Every rule that an object breaks; with ``old`` the transition rules too."""
    return list(_Run().visit(place, _Spot(obj, old, "")))


class _Run:
    """The rules about one object, until the budget is spent."""

    def __init__(self) -> None:
        self._left: float = BUDGET

    def visit(self, place: Place, spot: _Spot) -> Iterator[Cause]:
        if spot.value is None or self._left < 0:
            return
        yield from self._rules(place, spot)
        if isinstance(spot.value, Mapping):
            yield from self._fields(place, spot)
        elif isinstance(spot.value, list) and place.items is not None:
            yield from self._items(place, place.items, spot)

    def _fields(self, place: Place, spot: _Spot) -> Iterator[Cause]:
        before = spot.old if isinstance(spot.old, Mapping) else {}
        for name, item in spot.value.items():
            below = place.fields.get(name)
            where = f"{spot.path}.{name}" if spot.path else name
            if below is None and place.values is not None:
                below, where = place.values, f"{spot.path}[{name}]"
            if below is not None:
                yield from self.visit(below, _Spot(item, before.get(name), where, spot.is_told, spot.unchanged_around))

    def _items(self, place: Place, items: Place, spot: _Spot) -> Iterator[Cause]:
        keys = place.list_keys
        known = {} if keys is None or not isinstance(spot.old, list) else {_key(item, keys): item for item in spot.old}
        is_told = spot.is_told and keys is not None
        around = spot.unchanged
        for index, item in enumerate(spot.value):
            old = None if keys is None else known.get(_key(item, keys))
            yield from self.visit(items, _Spot(item, old, f"{spot.path}[{index}]", is_told, around))

    def _rules(self, place: Place, spot: _Spot) -> Iterator[Cause]:
        if not place.rules or place.environment is None:
            return
        has_old = spot.old is not None
        values = place.environment.values({"self": spot.value, OLD: spot.old} if has_old else {"self": spot.value})
        for rule in place.rules:
            if rule.is_transition and not has_old and rule.without_old is None:
                continue
            program = rule.program if rule.without_old is None or has_old else rule.without_old
            cause = self._ask(rule, program, values, place, spot)
            if cause is not None:
                yield cause
            if self._left < 0:
                return

    def _ask(self, rule: Rule, program: Program, values: Values, place: Place, spot: _Spot) -> Cause | None:
        """The cause, where the rule does not hold or cannot be asked. A spent budget ends all."""
        cost = program.cost_over(values)
        self._left -= cost
        if self._left < 0:
            return _failed(place, spot.path, NO_BUDGET)
        try:
            holds = program.evaluate(values, cost)
        except CostExceeded as error:
            self._left = -1
            words = "no further validation rules will be run due to call cost exceeds limit for rule"
            return _failed(place, spot.path, f"'{error}': {words}: {rule.name}")
        except CelError as error:
            return _failed(place, spot.path, _failure(error, rule))
        if holds is True:
            return None
        cause = _broken(rule, place, spot, _message(rule, values))
        if spot.unchanged and not rule.is_transition:
            return Tolerated(cause.reason, cause.message, cause.field)
        return cause


def _key(item: Any, keys: tuple[str, ...]) -> Any:
    return tuple(str(item.get(key)) for key in keys) if isinstance(item, Mapping) else None


def _failure(error: CelError, rule: Rule) -> str:
    text = str(error)
    if text.startswith("no such overload"):
        words = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{text}': {words}: {rule.name}"
    return f"{text} evaluating rule: {rule.name}"


def _message(rule: Rule, values: Values) -> str:
    """The message that the rule makes itself, where it makes a good one."""
    if rule.message is not None:
        try:
            made = rule.message.evaluate(values)
        except CelError:
            return rule.said
        if (
            isinstance(made, str)
            and (text := made.strip())
            and "\n" not in text
            and len(text.encode()) <= LONGEST_MESSAGE
        ):
            return text
    return rule.said


def _failed(place: Place, path: str, words: str) -> Cause:
    """Of a rule that could not be asked the value's type is told, not the value."""
    return causes.invalid(path or "<nil>", place.type_name, words)


def _broken(rule: Rule, place: Place, spot: _Spot, words: str) -> Cause:
    path = f"{spot.path}.{rule.below}" if spot.path and rule.below else spot.path or rule.below or "<nil>"
    is_whole = place.type_name in WHOLE
    match rule.about.get("reason"):
        case "FieldValueForbidden":
            return causes.forbidden(path, words)
        case "FieldValueRequired":
            return causes.required(path, words)
        case "FieldValueDuplicate" if is_whole:
            return Cause("FieldValueDuplicate", "Duplicate value", path)
        case "FieldValueDuplicate":
            return causes.duplicate(path, spot.value)
    return causes.invalid_part(path, words) if is_whole else causes.invalid(path, spot.value, words)
