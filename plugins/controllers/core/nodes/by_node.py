"""Pods by the node they are on: the index that the node controllers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sampan.core.contracts.controller import Key, Lister
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject

BY_NODE = "sampan/pods-by-node"


def node_of(obj: KubeObject) -> Iterable[str]:
    if isinstance(obj, Pod) and obj.spec.node_name:
        yield obj.spec.node_name


INDEX: Mapping[str, Callable[[KubeObject], Iterable[str]]] = {BY_NODE: node_of}


def key_of_node(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    """The node that the pod is on."""
    return (Key("", name) for name in node_of(obj))


def pods_on(node: str, state: Lister) -> Sequence[Pod]:
    return state.indexed(Pod, BY_NODE, node)
