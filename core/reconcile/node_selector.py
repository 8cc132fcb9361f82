"""Whether a node selector selects a node: affinity of pods and of volumes. Pure.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity
"""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.affinity import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from sampan.core.model.core_v1.node import Node


def matches_selector(selector: NodeSelector, node: Node) -> bool:
    """One term that holds is enough."""
    return any(matches_term(term, node) for term in selector.node_selector_terms)


def matches_term(term: NodeSelectorTerm, node: Node) -> bool:
    """A term without any condition matches nothing."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node.metadata.name or ""}
    return all(matches_requirement(each, node.metadata.labels) for each in term.match_expressions) and all(
        matches_requirement(each, fields) for each in term.match_fields
    )


def matches_requirement(requirement: NodeSelectorRequirement, values: Mapping[str, str]) -> bool:
    found = values.get(requirement.key)
    match requirement.operator:
        case "In":
            return found is not None and found in requirement.values
        case "NotIn":
            return found is None or found not in requirement.values
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case _:
            return found is not None and _compares(requirement, found)


def _compares(requirement: NodeSelectorRequirement, found: str) -> bool:
    try:
        left, right = int(found), int(requirement.values[0])
    except (ValueError, IndexError):
        return False
    return left > right if requirement.operator == "Gt" else left < right
