"""What a hook may return, checked before anybody else sees it; what is returned here is immutable.

Each check gets the plugin's result (never ``None``) and the call's arguments, and returns the result in the form that the
core works on. It raises `TypeError` or `ValueError` with a sentence for the plugin's author.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from sampan.core.contracts.runtime_config import (
    LABEL_ATTEMPT,
    LABEL_CLUSTER,
    LABEL_CONTAINER,
    LABEL_KIND,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_POD,
    LABEL_SPEC_HASH,
    LABEL_UID,
    ContainerConfig,
)

Arguments = Mapping[str, Any]
MOST_POINTS = 100.0
_IDENTITY = (
    LABEL_ATTEMPT,
    LABEL_CLUSTER,
    LABEL_CONTAINER,
    LABEL_KIND,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_POD,
    LABEL_SPEC_HASH,
    LABEL_UID,
)
"""Labels by which a container is found again after a restart."""


def checked(hook: str, result: Any, arguments: Arguments) -> Any:
    """``result`` as the core uses it. Raises `TypeError` or `ValueError` where the hook may not return it."""
    check = _CHECKS.get(hook)
    if check is None:
        raise TypeError(f"it returned {_shown(result)}, but {hook} returns nothing")
    return check(result, arguments)


def _nodes(result: Any, arguments: Arguments) -> frozenset[str]:
    # An iterator may have no end, and a single text is iterable too.
    if not isinstance(result, list | tuple | set | frozenset):
        raise TypeError(f"it must return a list of node names or None, not {_shown(result)}")
    for name in result:
        _check_node(name, arguments)
    return frozenset(result)


def _points(result: Any, arguments: Arguments) -> Mapping[str, float]:
    if not isinstance(result, Mapping):
        raise TypeError(f"it must return a dict of node name to points or None, not {_shown(result)}")
    for name, points in result.items():
        _check_node(name, arguments)
        if isinstance(points, bool) or not isinstance(points, int | float) or not math.isfinite(points):
            raise TypeError(f"the points of node {name!r} must be a number, not {_shown(points)}")
        if not 0 <= points <= MOST_POINTS:
            raise ValueError(f"the points of node {name!r} must be between 0 and {MOST_POINTS:g}, not {points:g}")
    return MappingProxyType({name: float(points) for name, points in result.items()})


def _config(result: Any, arguments: Arguments) -> ContainerConfig:
    given: ContainerConfig = arguments["config"]
    if not isinstance(result, ContainerConfig):
        raise TypeError(f"it must return a ContainerConfig or None, not {_shown(result)}")
    for label in _IDENTITY:
        if result.labels.get(label) != given.labels.get(label):
            raise ValueError(f"it changed the label {label}, by which sampan finds the container again")
    if (result.name, result.attempt) != (given.name, given.attempt):
        raise ValueError("it changed the container's name or attempt, by which sampan finds it again")
    return own_copy(result)


def own_copy(config: ContainerConfig) -> ContainerConfig:
    """With maps that nobody else holds: what a plugin does to them later stays its own."""
    return attrs.evolve(config, labels=dict(config.labels), annotations=dict(config.annotations))


_CHECKS: Mapping[str, Callable[[Any, Arguments], Any]] = {
    "sampan_filter_nodes": _nodes,
    "sampan_score_nodes": _points,
    "sampan_container_creating": _config,
}


def _check_node(name: Any, arguments: Arguments) -> None:
    if not any(node.name == name for node in arguments["nodes"]):
        raise ValueError(f"it names {_shown(name)}, which is none of the nodes that it was asked about")


def _shown(value: Any) -> str:
    """A value in few words: its author's ``__repr__`` is not to be trusted with more."""
    if isinstance(value, str | int | float | bool):
        text = repr(value)
        return text if len(text) <= 60 else text[:60] + "…"
    return f"a {type(value).__name__}"
