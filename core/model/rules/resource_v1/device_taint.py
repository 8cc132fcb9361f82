"""Taints of devices, and tolerations for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, malformed, not_supported, required

Value = Mapping[str, Any]

EFFECTS: Final = ("NoExecute", "NoSchedule", "None")
OPERATORS: Final = ("Equal", "Exists")


def validate_device_taint(taint: Value, path: str) -> list[Cause]:
    causes = malformed(f"{path}.key", taint.get("key") or "", "qualified-name")
    causes += _label_value(taint.get("value") or "", f"{path}.value")
    effect = taint.get("effect") or ""
    return causes + (_effect(effect, f"{path}.effect") if effect else [required(f"{path}.effect")])


def validate_device_toleration(toleration: Value, path: str) -> list[Cause]:
    key, value, effect = (toleration.get(word) or "" for word in ("key", "value", "effect"))
    causes = malformed(f"{path}.key", key, "qualified-name") if key else []
    operator = toleration.get("operator") or ""
    if operator == "Exists":
        causes += [invalid(f"{path}.value", value, "must be empty for operator `Exists`")] if value else []
    elif operator == "Equal":
        causes += _label_value(value, f"{path}.value")
    else:
        where = f"{path}.operator"
        causes.append(not_supported(where, operator, OPERATORS) if operator else required(where))
    return causes + (_effect(effect, f"{path}.effect") if effect else [])


def _effect(effect: str, path: str) -> list[Cause]:
    return [] if effect in EFFECTS else [not_supported(path, effect, EFFECTS)]


def _label_value(value: str, path: str) -> list[Cause]:
    return [invalid(path, value, problem) for problem in formats.label_value(value)]
