"""Checks on label selectors (``metav1.LabelSelector``), wherever a kind has one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import forbidden, invalid, required
from sampan.core.model.kinds import struct_rules
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.common.metadata import validate_labels

WITH_VALUES: Final = ("In", "NotIn")
WITHOUT_VALUES: Final = ("Exists", "DoesNotExist")


@struct_rules(LabelSelector, whole=True)
def validate_selector(selector: Mapping[str, Any], path: str) -> list[Cause]:
    """``matchLabels`` first, then the expressions."""
    causes = validate_labels(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        causes += validate_requirement(requirement, f"{path}.matchExpressions[{index}]")
    return causes


def validate_requirement(
    requirement: Mapping[str, Any], path: str, *, known_operators_only: bool = True
) -> list[Cause]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    causes = values_fit(operator, values, f"{path}.values")
    if known_operators_only and operator not in (*WITH_VALUES, *WITHOUT_VALUES):
        causes.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    causes += label_name(requirement.get("key") or "", f"{path}.key")
    for index, value in enumerate(values):
        causes += [invalid(f"{path}.values[{index}]", value, problem) for problem in formats.label_value(value)]
    return causes


def values_fit(operator: str, values: Collection[Any], path: str) -> list[Cause]:
    """Whether there are values just where the operator compares with some."""
    if operator in WITH_VALUES and not values:
        return [required(path, "must be specified when `operator` is 'In' or 'NotIn'")]
    if operator in WITHOUT_VALUES and values:
        return [forbidden(path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
    return []


def label_name(name: str, path: str) -> list[Cause]:
    """A label's key, as selectors and topologies name it."""
    return [invalid(path, name, problem) for problem in formats.qualified_name(name)]
