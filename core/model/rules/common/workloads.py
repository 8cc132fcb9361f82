"""Checks that kinds share which make pods: selectors, templates whose pods run for ever, counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, negative, not_supported, required
from sampan.core.model.formats import percent
from sampan.core.model.labels import matches_selector
from sampan.core.model.rules.common.selectors import validate_selector
from sampan.core.model.rules.core_v1.pod_spec import validate_template

Value = Mapping[str, Any]

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
    total, ready = status.get("replicas") or 0, status.get("readyReplicas") or 0
    for word in ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"):
        if (status.get(word) or 0) > total:
            causes.append(invalid(f"status.{word}", status[word], "cannot be greater than status.replicas"))
    available = status.get("availableReplicas") or 0
    if available > ready:
        causes.append(invalid("status.availableReplicas", available, "cannot be greater than readyReplicas"))
    return causes


def validate_own_selector(selector: Value | None, path: str, kind: str) -> list[Cause]:
    """A selector that must be there and select something; ``kind`` is what the message calls the owner."""
    if selector is None:
        return [required(path)]
    causes = list(validate_selector(selector, path))
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        causes.append(invalid(path, selector, f"empty selector is invalid for {kind}"))
    return causes


def validate_selected_template(spec: Value) -> list[Cause]:
    """The template of a ReplicaSet or Deployment, whose labels its selector must match."""
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
