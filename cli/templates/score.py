"""A scheduler plugin: pods that are labelled ``ferry: only`` go to nodes with that label, and the emptiest of them."""

from __future__ import annotations

from sampan.plugin import ClusterState, NodeState, Pod, Refusal, Registry, SchedulerPluginBase, hookimpl


class Ferry(SchedulerPluginBase):
    """One concern of the built-in scheduler. Pure and quick: it is asked for each pod and node."""

    name = "Ferry"
    weight = 2

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        """Why the pod cannot be on this node; ``None``: it can."""
        if pod.metadata.labels.get("ferry") == "only" and "ferry" not in node.node.metadata.labels:
            return Refusal("node(s) were no ferries")
        return None

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        """Points from 0 to 100; the highest weighted sum of all plugins wins."""
        return max(0.0, 100.0 - len(node.pods))


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.scheduler_plugin("ferry", Ferry)
