"""Whether a typed label selector selects labels. Called by controllers and schedulers; pure.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.meta_v1.selector import LabelSelector, LabelSelectorRequirement


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """``None`` selects nothing, an empty selector everything."""
    if selector is None:
        return False
    if not contains(labels, selector.match_labels):
        return False
    return all(_holds(requirement, labels) for requirement in selector.match_expressions)


def contains(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether ``labels`` has all that is ``wanted``."""
    return all(labels.get(key) == value for key, value in wanted.items())


def is_empty(selector: LabelSelector) -> bool:
    return not selector.match_labels and not selector.match_expressions


def _holds(requirement: LabelSelectorRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False
