"""``x-kubernetes-validations`` of a schema: compiled, checked and run over objects.

A schema becomes a tree of the places that have rules; everything without rules below is never visited. A rule that names
``oldSelf`` is a transition rule: it is run on an update, where a value and its old one can be told to belong together
(fields by their names, items of a list map by their keys). A rule that says nothing of the old value is not asked about
what an update leaves as it was, so that rules can be tightened while old objects live on.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sampan.core.cel.cost import Sizes
from sampan.core.cel.environment import Environment, Program
from sampan.core.cel.errors import CelError, CostExceeded
from sampan.core.classes import frozen
from sampan.core.errors import Cause
from sampan.core.model import causes
from sampan.core.model.rules.apiextensions_v1.field_path import split_path
from sampan.core.model.rules.apiextensions_v1.structural import X
from sampan.core.schema.custom import type_from

Schema = Mapping[str, Any]

RULES: Final = f"{X}validations"
BUDGET: Final = 10_000_000
"""Cost that all rules about one object may have together, in Kubernetes' units."""
NO_BUDGET: Final = "validation failed due to running out of cost budget, no further validation rules will be run"
LONGEST_MESSAGE: Final = 5120
UNBOUNDED: Final = 1 << 20
"""Items of a list, or characters of a text, that a schema sets no limit for: about what fits into a request."""
_LITERAL: Final = re.compile(r"""r?("([^"\\]|\\.)*"|'([^'\\]|\\.)*')""")
_OLD: Final = re.compile(r"\boldSelf\b")
_BOUND: Final = "cel.bind(oldSelf, {}, {})"


def uses_old(text: str) -> bool:
    return bool(_OLD.search(_LITERAL.sub("''", text)))


@frozen
class Rule:
    """One compiled rule. ``without_old`` is what is run where an optional ``oldSelf`` is not there."""

    about: Schema
    program: Program
    message: Program | None
    is_transition: bool
    without_old: Program | None = None

    @property
    def said(self) -> str:
        """What is said when it does not hold."""
        return (self.about.get("message") or "").strip() or f"failed rule: {(self.about.get('rule') or '').strip()}"


@frozen
class Place:
    """A part of the schema with rules of its own, or with such parts below it."""

    environment: Environment | None
    rules: tuple[Rule, ...]
    fields: Mapping[str, Place]
    items: Place | None
    values: Place | None
    list_keys: tuple[str, ...] | None
    """By which the items of an old list are found; ``None`` where they cannot be."""
    is_atomic: bool


def has_rules(schema: Schema) -> bool:
    """Whether there are rules anywhere in a schema."""
    return bool(schema.get(RULES)) or any(has_rules(below) for _, below in _parts(schema))


def compile_place(schema: Schema, *, is_root: bool = False) -> Place | None:
    """The rules of a valid schema; ``None`` where there are none. Raises `CelError`."""
    if not has_rules(schema):
        return None
    environment = environment_of(schema, is_root=is_root) if schema.get(RULES) else None
    values = schema.get("additionalProperties")
    items = schema.get("items")
    found = {name: compile_place(below) for name, below in (schema.get("properties") or {}).items()}
    return Place(
        environment=environment,
        rules=tuple(compile_rule(about, environment) for about in schema.get(RULES) or () if environment is not None),
        fields={name: place for name, place in found.items() if place is not None},
        items=compile_place(items) if isinstance(items, Mapping) else None,
        values=compile_place(values) if isinstance(values, Mapping) else None,
        list_keys=tuple(schema.get(f"{X}list-map-keys") or ()) if schema.get(f"{X}list-type") == "map" else None,
        is_atomic=schema.get(f"{X}map-type") == "atomic",
    )


def environment_of(schema: Schema, *, is_root: bool) -> Environment:
    """What a rule can see: ``self`` and ``oldSelf``. Of an object's metadata that is its name alone."""
    if is_root or schema.get(f"{X}embedded-resource"):
        text = {"type": "string"}
        meta = {"type": "object", "properties": {"name": text, "generateName": text}}
        own = {"apiVersion": text, "kind": text, "metadata": meta}
        without = {word: value for word, value in schema.items() if word != f"{X}embedded-resource"}
        schema = {**without, "properties": {**(schema.get("properties") or {}), **own}}
    kind = type_from(schema)
    return Environment({"self": kind, "oldSelf": kind})


def compile_rule(about: Schema, environment: Environment) -> Rule:
    """Raises `CelError` for a rule that is wrong, or that is no truth value."""
    text = about.get("rule") or ""
    old = uses_old(text)
    optional = bool(old and about.get("optionalOldSelf"))
    program = environment.compile(_BOUND.format("optional.of(oldSelf)", text) if optional else text)
    if program.return_type not in ("bool", "dyn"):
        raise CelError("must evaluate to a bool")
    without = environment.compile(_BOUND.format("optional.none()", text)) if optional else None
    expression = about.get("messageExpression")
    message = environment.compile(expression) if expression else None
    return Rule(about, program, message, is_transition=old and not optional, without_old=without)


# Checking a definition's rules


def check_rules(schema: Schema, path: str, *, is_root: bool = True, uncorrelated: str = "") -> Iterable[Cause]:
    """What is wrong with the rules of a schema that is right otherwise."""
    for name, below in sorted((schema.get("properties") or {}).items()):
        lost = uncorrelated or (path if schema.get(f"{X}map-type") == "atomic" else "")
        yield from check_rules(below, f"{path}.properties[{name}]", is_root=False, uncorrelated=lost)
    if isinstance(values := schema.get("additionalProperties"), Mapping):
        yield from check_rules(values, f"{path}.additionalProperties", is_root=False, uncorrelated=uncorrelated)
    if isinstance(items := schema.get("items"), Mapping):
        lost = uncorrelated or ("" if schema.get(f"{X}list-type") == "map" else path)
        yield from check_rules(items, f"{path}.items", is_root=False, uncorrelated=lost)
    if not schema.get(RULES):
        return
    environment = environment_of(schema, is_root=is_root)
    for index, about in enumerate(schema[RULES]):
        yield from _check_rule(schema, about, environment, f"{path}.{RULES}[{index}]", uncorrelated)


def _check_rule(
    schema: Schema, about: Schema, environment: Environment, path: str, uncorrelated: str
) -> Iterable[Cause]:
    text = about.get("rule") or ""
    try:
        rule = compile_rule({**about, "messageExpression": ""}, environment)
        if rule.program.cost.depth > 1 and (excess := _excess(schema, text, rule.program)):
            yield causes.forbidden(f"{path}.rule", excess)
    except CelError as error:
        words = str(error) if str(error).startswith("must evaluate") else f"compilation failed: {error}"
        yield causes.invalid(f"{path}.rule", dict(about), words)
    if expression := about.get("messageExpression"):
        try:
            if environment.compile(expression).return_type not in ("string", "dyn"):
                yield causes.invalid(f"{path}.messageExpression", dict(about), "must evaluate to a string")
        except CelError as error:
            words = f"messageExpression compilation failed: {error}"
            yield causes.invalid(f"{path}.messageExpression", dict(about), words)
    if uses_old(text):
        if uncorrelated:
            words = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"
            yield causes.invalid(f"{path}.rule", text, words)
    elif about.get("optionalOldSelf") is not None:
        words = "may not be set if oldSelf is not used in rule"
        yield causes.invalid(f"{path}.optionalOldSelf", about["optionalOldSelf"], words)


def _excess(schema: Schema, text: str, program: Program) -> str:
    """Why a rule with loops within loops may cost too much, by the limits of the lists and texts that it names."""
    factor = program.cost.at_run_time(_limits(schema, text)) / BUDGET
    if factor <= 1:
        return ""
    shown = "more than 100x" if factor > 100 else f"{factor:.1f}x"
    advice = (
        "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings"
    )
    return f"estimated rule cost exceeds budget by factor of {shown} ({advice} are declared)"


def _limits(schema: Schema, text: str) -> Sizes:
    kind, items, characters = schema.get("type"), 0, 0
    if kind == "array":
        items = schema.get("maxItems", UNBOUNDED)
    elif isinstance(schema.get("additionalProperties"), Mapping):
        items = schema.get("maxProperties", UNBOUNDED)
    elif kind == "string":
        longest = max((len(str(each)) for each in schema.get("enum") or ()), default=UNBOUNDED)
        characters = schema.get("maxLength", longest)
    below = [
        _limits(each, text) for name, each in _parts(schema) if not name or re.search(rf"\b{re.escape(name)}\b", text)
    ]
    return Sizes(max([items, *(each.items for each in below)]), max([characters, *(each.characters for each in below)]))


def _parts(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """What is below a schema, by name; the name is empty for items and values."""
    yield from (schema.get("properties") or {}).items()
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            yield "", schema[word]


# Running them


class _Run:
    """The rules about one object, until the budget is spent."""

    def __init__(self) -> None:
        self.left: float = BUDGET

    def visit(self, place: Place, value: Any, old: Any, has_old: bool, path: str) -> Iterator[Cause]:
        if value is None or self.left < 0:
            return
        yield from self._rules(place, value, old, has_old, path)
        if isinstance(value, Mapping):
            before: Any = old if isinstance(old, Mapping) and has_old and not place.is_atomic else {}
            for name, item in value.items():
                below = place.fields.get(name)
                where = f"{path}.{name}" if path else name
                if below is None and place.values is not None:
                    below, where = place.values, f"{path}[{name}]"
                if below is not None:
                    yield from self.visit(below, item, before.get(name), name in before, where)
        elif isinstance(value, list) and place.items is not None:
            known = _by_keys(old, place.list_keys) if has_old and place.list_keys is not None else {}
            for index, item in enumerate(value):
                key = _key(item, place.list_keys or ())
                yield from self.visit(place.items, item, known.get(key), key in known, f"{path}[{index}]")

    def _rules(self, place: Place, value: Any, old: Any, has_old: bool, path: str) -> Iterator[Cause]:
        if not place.rules or place.environment is None:
            return
        unchanged = has_old and value == old
        variables = {"self": value, "oldSelf": old} if has_old else {"self": value}
        values = place.environment.values(variables)
        for rule in place.rules:
            if (rule.is_transition and not has_old) or (unchanged and not rule.is_transition):
                continue
            program = rule.program if rule.without_old is None or has_old else rule.without_old
            self.left -= program.cost.at_run_time(values.sizes)
            if self.left < 0:
                yield _cause(rule, path, NO_BUDGET, plain=True)
                return
            try:
                holds = program.evaluate(values)
            except CostExceeded as error:
                words = f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule: "
                yield _cause(rule, path, words + _named(rule), plain=True)
                return
            except CelError as error:
                yield _cause(rule, path, _failure(error, rule), plain=True)
                continue
            if holds is not True:
                yield _cause(rule, path, _message(rule, values))


def run_rules(place: Place, obj: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> list[Cause]:
    """Every rule that an object breaks; with ``old`` the transition rules too."""
    return list(_Run().visit(place, obj, old, old is not None, ""))


def _by_keys(old: Any, keys: tuple[str, ...]) -> dict[Any, Any]:
    return {_key(item, keys): item for item in old} if isinstance(old, list) else {}


def _key(item: Any, keys: tuple[str, ...]) -> Any:
    return tuple(str(item.get(key)) for key in keys) if isinstance(item, Mapping) else None


def _named(rule: Rule) -> str:
    return (rule.about.get("message") or "").strip() or (rule.about.get("rule") or "").strip()


def _failure(error: CelError, rule: Rule) -> str:
    text = str(error)
    if text.startswith("no such overload"):
        words = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{text}': {words}: {_named(rule)}"
    return f"{text} evaluating rule: {_named(rule)}"


def _message(rule: Rule, values: Any) -> str:
    """The message that the rule makes itself, where it makes a good one."""
    if rule.message is not None:
        try:
            made = rule.message.evaluate(values)
        except CelError:
            return rule.said
        if isinstance(made, str) and made.strip() and "\n" not in made and len(made) <= LONGEST_MESSAGE:
            return made.strip()
    return rule.said


def _cause(rule: Rule, path: str, message: str, *, plain: bool = False) -> Cause:
    """Kubernetes leaves the value out, and calls an empty path ``<nil>``."""
    for name in split_path(rule.about.get("fieldPath") or "") or ():
        path = f"{path}.{name}" if path else name
    path = path or "<nil>"
    reason = None if plain else rule.about.get("reason")
    if reason == "FieldValueForbidden":
        return causes.forbidden(path, message)
    if reason == "FieldValueRequired":
        return causes.required(path, message)
    if reason == "FieldValueDuplicate":
        return Cause("FieldValueDuplicate", "Duplicate value", path)
    return Cause("FieldValueInvalid", f"Invalid value: {message}", path)
