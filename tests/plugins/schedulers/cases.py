"""Pods, nodes and states for scheduler tests, from as few words as possible."""

from __future__ import annotations

from typing import Any

from sampan.core.contracts.scheduler import NodeState
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.scheduling.snapshot import Snapshot
from sampan.core.schema.codec import from_wire


def pod(name: str = "p", cpu: str = "", memory: str = "", owner: str = "", **spec: Any) -> Pod:
    """``spec`` also takes ``metadata`` and ``status``."""
    requests = {resource: amount for resource, amount in (("cpu", cpu), ("memory", memory)) if amount}
    metadata: dict[str, Any] = {"name": name, "namespace": "default", "uid": f"uid-{name}", "generation": 1}
    if owner:
        metadata["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}
        ]
    metadata |= spec.pop("metadata", {})
    containers = [{"name": "c", "image": "i", "resources": {"requests": requests}}]
    status = spec.pop("status", {})
    return from_wire(Pod, {"metadata": metadata, "spec": {"containers": containers, **spec}, "status": status})


def node(name: str = "a", cpu: str = "2", memory: str = "1Gi", pods: str = "10", **more: Any) -> Node:
    value = {
        "metadata": {"name": name, "labels": more.pop("labels", {})},
        "spec": more,
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods}},
    }
    return from_wire(Node, value)


def state(*nodes: Node | NodeState) -> Snapshot:
    return Snapshot.of(*(each if isinstance(each, NodeState) else NodeState(node=each) for each in nodes))


def with_pods(made: Node, *pods: Pod) -> NodeState:
    return NodeState(node=made, pods=pods)
