"""Checks that kinds share which make pods: selectors, templates whose pods run for ever, counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, invalid_part, negative, not_supported, required, shown
from sampan.core.model.formats import percent
from sampan.core.model.labels import matches_selector
from sampan.core.model.rules.common.selectors import validate_selector
from sampan.core.model.rules.core_v1.pod_spec import validate_template

Value = Mapping[str, Any]

MORE_THAN_ALL: Final = "must not be greater than 100%"
MISMATCH: Final = "`selector` does not match template `labels`"


def validate_lasting_template(template: Value, path: str, kind: str) -> list[Cause]:
    """A template whose pods run for ever."""
    causes = validate_template(template, path)
    spec = template.get("spec") or {}
    if spec.get("restartPolicy") != "Always":
        causes.append(not_supported(f"{path}.spec.restartPolicy", spec.get("restartPolicy") or "", ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        words = f"activeDeadlineSeconds in {kind} is not Supported"
        causes.append(forbidden(f"{path}.spec.activeDeadlineSeconds", words))
    return causes


def validate_replica_status(status: Value) -> list[Cause]:
    """Counts of a ReplicationController's or ReplicaSet's pods: none below zero, no part above its whole."""
    words = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    causes = [cause for word in words for cause in negative(f"status.{word}", status.get(word))]
    parts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    return causes + parts_of_replicas(status, parts, "readyReplicas")


def validate_own_selector(selector: Value | None, path: str, kind: str) -> list[Cause]:
    """A selector that must be there and select something; ``kind`` is what the message calls the owner."""
    if selector is None:
        return [required(path)]
    causes = list(validate_selector(selector, path))
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        causes.append(invalid(path, selector, f"empty selector is invalid for {kind}"))
    return causes


def unusable_selector(selector: Value | None, path: str, words: str = "") -> list[Cause]:
    """One cause more for a selector that is there and cannot be asked anything: nobody looks at what it selects then."""
    if selector is None or not validate_selector(selector, path):
        return []
    expressions = [{"key": "", "operator": "", **each} for each in selector.get("matchExpressions") or ()]
    kept = {"matchLabels": selector.get("matchLabels"), "matchExpressions": expressions}
    written = shown({word: item for word, item in kept.items() if item})
    return [invalid_part(path, f"{written}: {words}" if words else written)]


def validate_selected_template(spec: Value) -> list[Cause]:
    """The template of a ReplicaSet or Deployment, whose labels its selector must match."""
    if unusable := unusable_selector(spec.get("selector"), "spec.selector", "invalid label selector"):
        return unusable
    selector, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    empty = selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions")
    causes: list[Cause] = []
    if not empty and (selector is None or not matches_selector(selector, labels or {})):
        causes.append(invalid("spec.template.metadata.labels", labels, MISMATCH))
    return causes + validate_lasting_template(template, "spec.template", "ReplicaSet")


def count_or_percent(value: int | str, path: str) -> list[Cause]:
    """A count that is not negative, or a percentage."""
    if isinstance(value, int):
        return negative(path, value)
    return [invalid(path, value, problem) for problem in percent(value)]


def amount(value: int | str) -> int:
    """The number in a count or a percentage."""
    if isinstance(value, int):
        return value
    return int(value[:-1]) if re.fullmatch("[0-9]+%", value) else 0


def at_most_all(value: int | str, path: str) -> list[Cause]:
    """A percentage is at most 100."""
    return [invalid(path, value, MORE_THAN_ALL)] if isinstance(value, str) and amount(value) > 100 else []


def never_less(status: Value, old: Value, word: str) -> list[Cause]:
    """A counter of the status that only goes up."""
    count = status.get(word) or 0
    return [invalid(f"status.{word}", count, "cannot be decremented")] if count < (old.get(word) or 0) else []


def parts_of_replicas(status: Value, words: Sequence[str], ready: str) -> list[Cause]:
    """No part is above its whole. ``ready`` is what the message calls the count of ready pods."""
    total, available = status.get("replicas") or 0, status.get("availableReplicas") or 0
    causes = [
        invalid(f"status.{word}", status.get(word) or 0, "cannot be greater than status.replicas")
        for word in words
        if (status.get(word) or 0) > total
    ]
    if available > (status.get("readyReplicas") or 0):
        causes.append(invalid("status.availableReplicas", available, f"cannot be greater than {ready}"))
    return causes
