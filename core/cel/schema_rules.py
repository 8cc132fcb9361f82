"""``x-kubernetes-validations`` of a schema, compiled. `schema_checks` says what is wrong with them, `rule_runs` asks them.

A schema becomes a tree of the places that have rules; everything without rules below is never visited. A rule that names
``oldSelf`` is a transition rule: it is run on an update, where a value and its old one can be told to belong together
(fields by their names, items of a list map by their keys). A rule that says nothing of the old value is not asked about
what an update leaves as it was, so that rules can be tightened while old objects live on.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sampan.core.cel.checked import Checked, nodes
from sampan.core.cel.declared import visible
from sampan.core.cel.environment import Environment, Program
from sampan.core.classes import frozen
from sampan.core.model.rules.apiextensions_v1.field_path import path_below
from sampan.core.model.rules.apiextensions_v1.structural import X
from sampan.core.schema.custom import type_from

Schema = Mapping[str, Any]

RULES: Final = f"{X}validations"
OLD: Final = "oldSelf"


@frozen
class Rule:
    """One compiled rule. ``without_old`` is what is run where an optional ``oldSelf`` is not there.

    ``is_transition``: it says something of the old value.
    """

    about: Schema
    program: Program
    message: Program | None
    is_transition: bool
    without_old: Program | None = None
    below: str = ""
    """The field that it blames, within its place."""

    @property
    def name(self) -> str:
        """What it is called where it cannot be asked: its message, or its text."""
        return (self.about.get("message") or self.about.get("rule") or "").strip()

    @property
    def said(self) -> str:
        """What is said when it does not hold."""
        return self.name if self.about.get("message") else f"failed rule: {self.name}"


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
    type_name: str
    """The schema's word for it: ``object``, ``array``, ``string`` … and "" for a number or text."""


def has_rules(schema: Schema) -> bool:
    """Whether there are rules anywhere in a schema."""
    return bool(schema.get(RULES)) or any(has_rules(below) for _, below in _parts(schema))


def compile_place(schema: Schema, *, is_root: bool = False) -> Place | None:
    """The rules of a valid schema; ``None`` where there are none. Raises `CelError`."""
    if not has_rules(schema):
        return None
    known = (
        visible(schema, is_object=is_root or bool(schema.get(f"{X}embedded-resource"))) if schema.get(RULES) else None
    )
    values = schema.get("additionalProperties")
    items = schema.get("items")
    found = {name: compile_place(below) for name, below in (schema.get("properties") or {}).items()}
    environments = {} if known is None else _environments(known, schema[RULES])
    return Place(
        rules=tuple(
            compile_rule(about, environments[bool(about.get("optionalOldSelf"))], schema)
            for about in (schema[RULES] if environments else ())
        ),
        environment=next(iter(environments.values()), None),
        fields={name: place for name, place in found.items() if place is not None},
        items=compile_place(items) if isinstance(items, Mapping) else None,
        values=compile_place(values) if isinstance(values, Mapping) else None,
        list_keys=tuple(schema.get(f"{X}list-map-keys") or ()) if schema.get(f"{X}list-type") == "map" else None,
        type_name=schema.get("type") or "",
    )


def _environments(known: Schema, rules: Sequence[Schema]) -> dict[bool, Environment]:
    """By whether the old value is optional to a rule."""
    needed = dict.fromkeys(bool(about.get("optionalOldSelf")) for about in rules)
    return {optional: environment_of(known, optional=optional) for optional in needed}


def environment_of(known: Schema, *, optional: bool = False) -> Environment:
    """What a rule can see of a schema of which all is visible: ``self`` and ``oldSelf``, which may be ``optional``."""
    kind = type_from(known)
    return Environment({"self": kind, OLD: kind}, optional=OLD if optional else "")


def reads_old(checked: Checked) -> bool:
    return any(checked.names.get(node.id) == OLD for node in nodes(checked.root))


def compile_rule(about: Schema, environment: Environment, schema: Schema) -> Rule:
    """A rule of a schema that was found right. Raises `CelError` where it is not."""
    text, optional = about.get("rule") or "", bool(about.get("optionalOldSelf"))
    is_transition = reads_old(environment.check(text))
    without = environment.compile(text, absent=True) if optional else None
    expression = about.get("messageExpression")
    message = environment.compile(expression) if expression else None
    below = path_below(schema, about.get("fieldPath") or "")
    return Rule(about, environment.compile(text), message, is_transition, without, below)


def _parts(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """What is below a schema, by name; the name is empty for items and values."""
    yield from (schema.get("properties") or {}).items()
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            yield "", schema[word]
