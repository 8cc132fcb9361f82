"""Checks on label selectors (``metav1.LabelSelector``), wherever a kind has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import forbidden, invalid, required
from sampan.core.model.kinds import struct_rules
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.common.metadata import validate_labels


@struct_rules(LabelSelector, whole=True)
def validate_selector(selector: Mapping[str, Any], path: str) -> list[Cause]:
    """``matchLabels`` first, then the expressions."""
    causes = validate_labels(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        causes += _requirement(requirement, f"{path}.matchExpressions[{index}]")
    return causes


def _requirement(requirement: Mapping[str, Any], path: str) -> list[Cause]:
    causes = []
    operator = requirement.get("operator") or ""
    values = requirement.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            causes.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            causes.append(
                forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            )
    else:
        causes.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    causes += label_name(requirement.get("key") or "", f"{path}.key")
    for index, value in enumerate(values):
        causes += [invalid(f"{path}.values[{index}]", value, problem) for problem in formats.label_value(value)]
    return causes


def label_name(name: str, path: str) -> list[Cause]:
    """A label's key, as selectors and topologies name it."""
    return [invalid(path, name, problem) for problem in formats.qualified_name(name)]
