"""Labels of a pod itself in its selectors of other pods: ``matchLabelKeys`` and ``mismatchLabelKeys``.

A new pod's own values are merged into the selectors when it is created, so that who reads it needs the selectors alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid
from sampan.core.model.kinds import JsonObject
from sampan.core.model.rules.common.selectors import label_name

Value = Mapping[str, Any]

OPERATORS: Final = {"matchLabelKeys": "In", "mismatchLabelKeys": "NotIn"}
REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def merge_label_keys(spec: JsonObject, labels: Mapping[str, str]) -> None:
    """Add what the pod's ``labels`` say of each key to the selector beside it."""
    for term in _terms(spec):
        selector = term.get("labelSelector")
        added = [
            {"key": key, "operator": operator, "values": [labels[key]]}
            for word, operator in OPERATORS.items()
            for key in term.get(word) or ()
            if key in labels
        ]
        if selector is not None and added:
            term["labelSelector"] = {
                **selector,
                "matchExpressions": [*(selector.get("matchExpressions") or ()), *added],
            }


def _terms(spec: JsonObject) -> Iterator[JsonObject]:
    affinity = spec.get("affinity") or {}
    for word in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(word) or {}
        for weighted in rules.get(PREFERRED) or ():
            if weighted.get("podAffinityTerm") is not None:
                yield weighted["podAffinityTerm"]
        yield from rules.get(REQUIRED) or ()
    yield from spec.get("topologySpreadConstraints") or ()


def validate_label_keys(term: Value, path: str) -> list[Cause]:
    """``term`` has its keys merged where it is a pod's: a key that is there twice was in the selector before."""
    selector = term.get("labelSelector")
    keys, others = term.get("matchLabelKeys") or (), term.get("mismatchLabelKeys") or ()
    causes = []
    for word in OPERATORS:
        if term.get(word) and selector is None:
            causes.append(forbidden(f"{path}.{word}", "must not be specified when labelSelector is not set"))
            continue
        for index, key in enumerate(term.get(word) or ()):
            causes += label_name(key, f"{path}.{word}[{index}]")
    places = {key: index for index, key in enumerate(keys)}
    seen = set((selector or {}).get("matchLabels") or ())
    for expression in (selector or {}).get("matchExpressions") or ():
        key = expression.get("key") or ""
        if key in places and key in seen:
            causes.append(invalid(f"{path}[{places[key]}]", key, "exists in both matchLabelKeys and labelSelector"))
        seen.add(key)
    words = "exists in both matchLabelKeys and mismatchLabelKeys"
    return causes + [
        invalid(f"{path}.matchLabelKeys[{index}]", key, words) for index, key in enumerate(keys) if key in others
    ]
