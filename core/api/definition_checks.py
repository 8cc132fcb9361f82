"""What a CustomResourceDefinition is refused for beyond its text: defaults that its own schema would not let pass, and
rules that are no expressions.

Attached to the kind's class here, because it takes the algorithms over schemas and expressions. Imported by the API server.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from sampan.core.cel.declared import visible
from sampan.core.cel.errors import CelError
from sampan.core.cel.rule_runs import run_rules
from sampan.core.cel.schema_checks import check_rules
from sampan.core.cel.schema_rules import RULES, compile_place, has_rules
from sampan.core.errors import Cause
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.causes import invalid
from sampan.core.model.kinds import struct_rules
from sampan.core.model.rules.apiextensions_v1.definition import validate_definition
from sampan.core.model.rules.apiextensions_v1.structural import properties_of
from sampan.core.model.rules.apiextensions_v1.versions import Deeper
from sampan.core.schema.custom import type_from
from sampan.core.schema.go_words import in_order
from sampan.core.schema.junctors import NO_FIELD
from sampan.core.schema.prune import prune
from sampan.core.schema.validate import value_causes

Schema = Mapping[str, Any]


@struct_rules(CustomResourceDefinition, whole=True)
def check_definition(obj: Mapping[str, Any], path: str) -> list[Cause]:
    return validate_definition(obj, path, DEEPER)


def _rules(schema: Schema, path: str, blamed: Sequence[str]) -> Iterable[Cause]:
    """The library of expressions is loaded for schemas that have some."""
    return check_rules(schema, path, blamed) if has_rules(schema) else ()


def check_defaults(schema: Schema, path: str) -> Iterable[Cause]:
    """Every default must be what its schema describes, without unknown fields. Those of a map's values are let be."""
    if (default := schema.get("default")) is not None:
        yield from _check_default(schema, default, f"{path}.default")
    if isinstance(schema.get("items"), Mapping):
        yield from check_defaults(schema["items"], f"{path}.items")
    for name, below in properties_of(schema).items():
        yield from check_defaults(below, f"{path}.properties[{name}]")


def _check_default(schema: Schema, default: Any, path: str) -> Iterable[Cause]:
    kind = type_from(schema)
    value = copy.deepcopy(default)
    pruned = prune(kind, value)
    if pruned:
        yield invalid(path, in_order(default), "must not have unknown fields")
    wrong = value_causes(kind, value, "")
    for cause in wrong or _broken_rules(schema, default):
        below = cause.field if cause.field not in ("", NO_FIELD) else ""
        is_index = below.startswith("[") and not wrong  # the schema's validation puts a dot before it
        yield attrs.evolve(cause, field=path + (f".{below}" if below and not is_index else below))


def _broken_rules(schema: Schema, default: Any) -> list[Cause]:
    """Rules are asked about a default as one that was there before, and as a new one."""
    if schema.get(RULES) and visible(schema) is None:
        words = "rule compiler initialization error: failed to convert to declType for CEL validation rules"
        return [invalid("", schema.get("type") or "", words)]
    try:
        place = compile_place(schema)
    except CelError as error:
        return [invalid("", schema.get("type") or "", f"rule compile error: compilation failed: {error}")]
    if place is None:
        return []
    return run_rules(place, default, default) or run_rules(place, default)


DEEPER: Final = Deeper(check_defaults, _rules)
