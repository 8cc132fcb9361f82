"""Checks on conditions of the newer form (``metav1.Condition``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, invalid, malformed, negative, not_supported, required, too_long
from sampan.core.model.formats import regex_message

Value = Mapping[str, Any]

STATUSES: Final = ("False", "True", "Unknown")
REASON: Final = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
MAX_REASON: Final = 1024
MAX_MESSAGE: Final = 32768
BAD_REASON: Final = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_'"
)


def validate_conditions(conditions: Sequence[Value], path: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        kind = condition.get("type") or ""
        if kind in seen:
            causes.append(duplicate(f"{path}[{index}].type", kind))
        seen.add(kind)
        causes += _condition(condition, f"{path}[{index}]")
    return causes


def _condition(condition: Value, path: str) -> list[Cause]:
    status, reason = condition.get("status") or "", condition.get("reason") or ""
    causes = malformed(f"{path}.type", condition.get("type") or "", "qualified-name")
    if status not in STATUSES:
        causes.append(not_supported(f"{path}.status", status, STATUSES))
    causes += negative(f"{path}.observedGeneration", condition.get("observedGeneration"))
    if not condition.get("lastTransitionTime"):
        causes.append(required(f"{path}.lastTransitionTime", "must be set"))
    if not reason:
        causes.append(required(f"{path}.reason", "must be set"))
    elif not re.fullmatch(REASON, reason):
        words = regex_message(BAD_REASON, REASON, "my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")
        causes.append(invalid(f"{path}.reason", reason, words))
    if len(reason.encode()) > MAX_REASON:
        causes.append(too_long(f"{path}.reason", MAX_REASON))
    if len((condition.get("message") or "").encode()) > MAX_MESSAGE:
        causes.append(too_long(f"{path}.message", MAX_MESSAGE))
    return causes
