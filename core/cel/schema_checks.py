"""What is wrong with the rules (``x-kubernetes-validations``) of a schema, and which of them cost too much.

A rule may cost so much by itself, for each value that there may be of its part of an object, and all rules of a schema
together. How many values there may be is told by ``maxItems`` and ``maxProperties`` above; where there is none, by what
fits into a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from sampan.core.cel.checked import Checked
from sampan.core.cel.declared import Declared, declare, visible
from sampan.core.cel.environment import Environment
from sampan.core.cel.errors import CelError
from sampan.core.cel.estimate import estimate
from sampan.core.cel.ranges import MOST
from sampan.core.cel.schema_rules import OLD, RULES, environment_of, has_rules, reads_old
from sampan.core.classes import define, frozen
from sampan.core.errors import Cause
from sampan.core.model import causes
from sampan.core.model.rules.apiextensions_v1.structural import X, properties_of

Schema = Mapping[str, Any]

LIMIT: Final = 10_000_000
"""Cost of one rule, in Kubernetes' units."""
TOTAL_LIMIT: Final = 100_000_000
"""Cost of all rules of a schema."""
MOST_NAMED: Final = 4
"""Of the rules that make the total too high, those with at least a hundredth of the limit."""
RULE_FIELDS: Final = {
    "rule": "",
    "message": "",
    "messageExpression": "",
    "reason": None,
    "fieldPath": "",
    "optionalOldSelf": None,
}
NO_TYPE: Final = (
    "internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural"
    " schema to CEL declarations"
)
ADVICE: Final = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are"
    " declared)"
)


@frozen
class _Place:
    """A part of the schema: where it is, how often an object can have it, and where old values can no longer be told."""

    path: str
    times: int | None = 1
    """``None``: without a limit."""
    uncorrelated: str = ""
    is_object: bool = False

    def below(self, schema: Schema, word: str, inner: Schema, *, loses_old: bool = False) -> _Place:
        many = _most(schema)
        times = None if self.times is None or many is None else min(self.times * many, MOST)
        lost = self.uncorrelated or (self.path if loses_old else "")
        return _Place(f"{self.path}.{word}", times, lost, bool(inner.get(f"{X}embedded-resource")))


@define
class _Total:
    """What all rules cost, and which cost the most."""

    cost: int = 0
    dearest: list[tuple[int, str]] = attrs.field(factory=list)

    def add(self, cost: int, path: str) -> None:
        self.cost = min(self.cost + cost, MOST)
        if cost >= TOTAL_LIMIT // 100:
            self.dearest = sorted([*self.dearest, (cost, path)], key=lambda each: -each[0])[:MOST_NAMED]


def check_rules(schema: Schema, path: str, blamed: Sequence[str] = ()) -> list[Cause]:
    """What is wrong. ``blamed``: the places of other mistakes; the rules at or above them are not looked at."""
    total = _Total()
    found = list(_check(schema, _Place(path, is_object=True), blamed, total))
    if total.cost > TOTAL_LIMIT:
        words = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        found += [causes.forbidden(where, words) for _, where in total.dearest]
        name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        found.append(causes.forbidden(path, _excess(name, total.cost, TOTAL_LIMIT)))
    return found


def _check(schema: Schema, place: _Place, blamed: Sequence[str], total: _Total) -> Iterator[Cause]:
    if not has_rules(schema):
        return
    if isinstance(values := schema.get("additionalProperties"), Mapping):
        yield from _check(values, place.below(schema, "additionalProperties", values), blamed, total)
    for name, below in properties_of(schema).items():
        yield from _check(below, place.below(schema, f"properties[{name}]", below), blamed, total)
    if isinstance(items := schema.get("items"), Mapping):
        no_keys = schema.get(f"{X}list-type") != "map"
        yield from _check(items, place.below(schema, "items", items, loses_old=no_keys), blamed, total)
    if not schema.get(RULES) or any(each.startswith(f"{place.path}.") for each in blamed):
        return
    known = visible(schema, is_object=place.is_object)
    if known is None:
        yield causes.internal(f"{place.path}.{RULES}", NO_TYPE)
        return
    declared, environments = declare(known), _Environments(known)
    for index, about in enumerate(schema[RULES]):
        where = f"{place.path}.{RULES}[{index}]"
        yield from _Check(about, where, place, declared, environments.of(about), total).causes()


class _Environments:
    """One for rules that see the old value, and one for those to which it is optional. Each is made when it is needed."""

    def __init__(self, known: Schema) -> None:
        self._known = known
        self._made: dict[bool, Environment] = {}

    def of(self, about: Schema) -> Environment:
        optional = bool(about.get("optionalOldSelf"))
        if optional not in self._made:
            self._made[optional] = environment_of(self._known, optional=optional)
        return self._made[optional]


@frozen
class _Check:
    """One rule."""

    about: Schema
    where: str
    place: _Place
    declared: Declared
    environment: Environment
    total: _Total

    def causes(self) -> Iterable[Cause]:
        text = self.about.get("rule") or ""
        try:
            checked = self.environment.check(text)
        except CelError as error:
            yield self._wrong("rule", f"compilation failed: {error}")
            yield from self._of_old_values(reads=False)
            return
        if not _gives(checked, self.declared, "bool"):
            yield self._wrong("rule", "cel expression must evaluate to a bool")
            yield from self._of_old_values(reads=False)
            return
        times = self.declared.times if self.place.times is None else self.place.times
        yield from self._count("rule", "estimated rule cost", min(estimate(checked, self.declared) * times, MOST))
        yield from self._message()
        yield from self._of_old_values(reads=reads_old(checked))

    def _message(self) -> Iterator[Cause]:
        expression = self.about.get("messageExpression")
        if not expression:
            return
        try:
            checked = self.environment.check(expression)
        except CelError as error:
            yield self._wrong("messageExpression", f"messageExpression compilation failed: {error}")
            return
        if not _gives(checked, self.declared, "string"):
            yield self._wrong("messageExpression", "messageExpression must evaluate to a string")
            return
        name = "estimated messageExpression cost"
        yield from self._count("messageExpression", name, estimate(checked, self.declared))

    def _count(self, word: str, name: str, cost: int) -> Iterator[Cause]:
        path = f"{self.where}.{word}"
        if cost > LIMIT:
            yield causes.forbidden(path, _excess(name, cost, LIMIT))
        self.total.add(cost, path)

    def _of_old_values(self, *, reads: bool) -> Iterator[Cause]:
        optional = self.about.get("optionalOldSelf")
        if reads and self.place.uncorrelated:
            words = (
                f"oldSelf cannot be used on the uncorrelatable portion of the schema within {self.place.uncorrelated}"
            )
            yield causes.invalid(f"{self.where}.rule", self.about.get("rule") or "", words)
        elif not reads and optional is not None:
            words = f"may not be set if {OLD} is not used in rule"
            yield causes.invalid(f"{self.where}.optionalOldSelf", optional, words)

    def _wrong(self, word: str, words: str) -> Cause:
        return causes.invalid(f"{self.where}.{word}", causes.go_value(self.about, RULE_FIELDS), words)


def _gives(checked: Checked, declared: Declared, word: str) -> bool:
    """Whether an expression gives values of a type. Of lists within lists the checker cannot tell, and is believed."""
    kind = checked.type_of(checked.root)
    return kind.word == word or (kind.word == "dyn" and _is_unknown(checked, declared))


def _is_unknown(checked: Checked, declared: Declared) -> bool:
    """A part of a value within a list of lists, or a map of lists."""
    node, steps = checked.root, 0
    while node.form in ("call", "select") and (node.target is not None or node.parts):
        steps += node.form == "call" and node.name == "_[_]"
        node = node.target if node.target is not None else node.parts[0]
    return steps > 0 and node.form == "ident"


def _most(schema: Schema) -> int | None:
    """How many values there may be below one of a part of the schema; ``None``: without a limit."""
    match schema.get("type"):
        case "object" if schema.get("additionalProperties") is not None:
            own = schema.get("maxProperties")
        case "array":
            own = schema.get("maxItems")
        case _:
            return 1
    return None if own is None else max(own, 0)


def _excess(name: str, cost: int, limit: int) -> str:
    factor = cost / limit
    shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{name} exceeds budget by factor of {shown} {ADVICE}"
