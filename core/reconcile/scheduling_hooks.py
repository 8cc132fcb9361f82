"""The scheduling hooks of outside plugins, as one more concern of the built-in scheduler."""

from __future__ import annotations

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, SchedulerPluginBase
from sampan.core.model.core_v1.pod import Pod
from sampan.core.plugins import Plugins


class Hooked(SchedulerPluginBase):
    """Asks `sampan_filter_nodes` and `sampan_score_nodes`, node by node."""

    name = "Hooks"
    weight = 1

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._filters = plugins.has("sampan_filter_nodes")
        self._scores = plugins.has("sampan_score_nodes")

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        if self._filters:
            for names in self._plugins.call("sampan_filter_nodes", pod=pod, nodes=[node]):
                if node.name not in names:
                    return Refusal("node(s) were refused by a plugin")
        return None

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        if not self._scores:
            return 0.0
        points = self._plugins.call("sampan_score_nodes", pod=pod, nodes=[node])
        return float(sum(each.get(node.name, 0.0) for each in points))
