"""A Job's policies: which failures count, and when enough has succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import (
    duplicate,
    invalid,
    invalid_part,
    malformed,
    negative,
    not_supported,
    required,
    too_long,
    too_many,
)
from sampan.core.model.rules.batch_v1.indexes import count_indexes

Value = Mapping[str, Any]

ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
OPERATORS: Final = ("In", "NotIn")
STATUSES: Final = ("False", "True", "Unknown")
MAX_RULES: Final = 20
MAX_EXIT_CODES: Final = 255
MAX_INDEXES_BYTES: Final = 64 * 1024


def validate_failure_policy(spec: Value, path: str) -> list[Cause]:
    rules = spec["podFailurePolicy"].get("rules") or ()
    causes = _bounded(rules, f"{path}.rules", MAX_RULES)
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {each.get("name") for word in ("containers", "initContainers") for each in pod.get(word) or ()}
    for index, rule in enumerate(rules):
        causes += _failure_rule(rule, spec, names, f"{path}.rules[{index}]")
    return causes


def _bounded(items: Sequence[Any], path: str, limit: int) -> list[Cause]:
    return [too_many(path, len(items), limit)] if len(items) > limit else []


def _known(value: str, known: Sequence[str], path: str) -> list[Cause]:
    if not value:
        quoted = " ".join(f'"{each}"' for each in known)
        return [required(path, f"valid values: [{quoted}]")]
    return [] if value in known else [not_supported(path, value, known)]


def _failure_rule(rule: Value, spec: Value, names: set[Any], path: str) -> list[Cause]:
    action, codes, conditions = rule.get("action") or "", rule.get("onExitCodes"), rule.get("onPodConditions") or ()
    if action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        causes = [invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set")]
    else:
        causes = _known(action, ACTIONS, f"{path}.action")
    if codes is not None:
        causes += _exit_codes(codes, names, f"{path}.onExitCodes")
    causes += _bounded(conditions, f"{path}.onPodConditions", MAX_RULES)
    for index, condition in enumerate(conditions):
        where = f"{path}.onPodConditions[{index}]"
        causes += malformed(f"{where}.type", condition.get("type") or "", "qualified-name")
        causes += _known(condition.get("status") or "", STATUSES, f"{where}.status")
    if codes is not None and conditions:
        causes.append(invalid_part(path, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not conditions:
        causes.append(invalid_part(path, "specifying one of OnExitCodes and OnPodConditions is required"))
    return causes


def _exit_codes(codes: Value, names: Iterable[Any], path: str) -> list[Cause]:
    operator, values, name = codes.get("operator") or "", codes.get("values") or (), codes.get("containerName")
    causes = _known(operator, OPERATORS, f"{path}.operator")
    if name is not None and name not in names:
        words = "must be one of the container or initContainer names in the pod template"
        causes.append(invalid(f"{path}.containerName", name, words))
    where = f"{path}.values"
    if not values:
        causes.append(invalid(where, codes.get("values"), "at least one value is required"))
    causes += _bounded(values, where, MAX_EXIT_CODES)
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            causes.append(invalid(f"{where}[{index}]", value, "must not be 0 for the In operator"))
        if value in values[:index]:
            causes.append(duplicate(f"{where}[{index}]", value))
    if list(values) != sorted(values):
        causes.append(invalid(where, values, "must be ordered"))
    return causes


def validate_success_policy(spec: Value, path: str) -> list[Cause]:
    rules, where = spec["successPolicy"].get("rules") or (), f"{path}.rules"
    causes: list[Cause] = []
    if not rules:
        words = "at least one rules must be specified when the successPolicy is specified"
        causes.append(required(where, words))
    causes += _bounded(rules, where, MAX_RULES)
    for index, rule in enumerate(rules):
        causes += _success_rule(rule, spec.get("completions") or 0, f"{where}[{index}]")
    return causes


def _success_rule(rule: Value, completions: int, path: str) -> list[Cause]:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    causes: list[Cause] = []
    named = 0
    if count is None and indexes is None:
        causes.append(required(path, "at least one of succeededCount or succeededIndexes must be specified"))
    if indexes is not None:
        where = f"{path}.succeededIndexes"
        if len(indexes.encode()) > MAX_INDEXES_BYTES:
            causes.append(too_long(where, MAX_INDEXES_BYTES))
        try:
            named = count_indexes(indexes, completions)
        except ValueError as error:
            causes.append(invalid(where, indexes, f"error parsing succeededIndexes: {error}"))
    if count is None:
        return causes
    where = f"{path}.succeededCount"
    causes += negative(where, count)
    if count > completions:
        words = f"must be less than or equal to {completions} (the number of specified completions)"
        causes.append(invalid(where, count, words))
    if indexes is not None and count > named:
        words = f"must be less than or equal to {named} (the number of indexes in the specified succeededIndexes field)"
        causes.append(invalid(where, count, words))
    return causes
