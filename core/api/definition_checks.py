"""What a CustomResourceDefinition is refused for beyond its text: defaults that its own schema would not let pass, and
rules that are no expressions.

Attached to the kind's class here, because it takes the algorithms over schemas and expressions. Imported by the API server.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from sampan.core.cel.schema_rules import check_rules, has_rules
from sampan.core.errors import Cause
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.causes import invalid
from sampan.core.model.kinds import struct_rules
from sampan.core.model.rules.apiextensions_v1.definition import validate_definition
from sampan.core.model.rules.apiextensions_v1.structural import properties_of
from sampan.core.schema.custom import type_from
from sampan.core.schema.junctors import NO_FIELD
from sampan.core.schema.prune import prune
from sampan.core.schema.validate import value_causes

Schema = Mapping[str, Any]


@struct_rules(CustomResourceDefinition, whole=True)
def check_definition(obj: Mapping[str, Any], path: str) -> list[Cause]:
    return validate_definition(obj, path, _deeper)


def _deeper(schema: Schema, path: str) -> Iterable[Cause]:
    """Rules only where the defaults are right; the library of expressions is loaded for schemas that have some."""
    wrong = list(check_defaults(schema, path))
    return wrong or (check_rules(schema, path) if has_rules(schema) else ())


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
        words = f"must not have unknown fields, found {', '.join(pruned)}"
        yield invalid(path, default, words)
    for cause in value_causes(kind, value, ""):
        below = f".{cause.field}" if cause.field not in ("", NO_FIELD) else ""
        yield attrs.evolve(cause, field=path + below)
