"""Bin packing: pods go to the fullest node that has room, so that others stay empty and can be switched off."""

from __future__ import annotations

from sampan.plugin import ClusterState, NodeState, Pod, Registry, SchedulerPluginBase, hookimpl


class BinPacking(SchedulerPluginBase):
    """Its weight makes it count for more than the built-in plugins, which spread."""

    name = "BinPacking"
    weight = 100

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        return min(100.0, float(len(node.pods)))


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.scheduler_plugin("bin-packing", BinPacking)
