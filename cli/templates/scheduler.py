"""A whole scheduler, for pods with ``schedulerName: ferry``: the first node by name that takes pods."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.plugin import ClusterState, Placed, Pod, Registry, SchedulerPlugin, Unschedulable, Wait, hookimpl


class Ferry:
    """The first node by name. See `sampan.plugin.Scheduler`: pure and quick, it is asked for one pod at a time."""

    name = "ferry"

    def __init__(self, plugins: Sequence[SchedulerPlugin]) -> None:
        """``plugins`` are the concerns of the built-in scheduler, for those who want to ask them too."""

    def place(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait:
        open_nodes = [node.name for node in state.nodes if not node.node.spec.unschedulable]
        if open_nodes:
            return Placed(node=min(open_nodes))
        reasons = {"node(s) were unschedulable": len(state.nodes)}
        return Unschedulable(reasons=reasons, message="no node takes pods")


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.scheduler("ferry", Ferry)
