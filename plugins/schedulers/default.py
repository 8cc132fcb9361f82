"""``default-scheduler``: every filter must agree, the highest weighted score wins, ties are broken by a hash.

What is remembered from one decision to the next (`group.Group`, and where the search for nodes goes on in a large cluster)
makes decisions cheap; it never changes whether a node is feasible. The tie-break depends on the pod, so that pods without
any preference do not all land on the first node.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from itertools import islice

import attrs

from sampan.core.contracts.scheduler import (
    ByNode,
    Change,
    ClusterState,
    NodeState,
    Placed,
    Ready,
    Refusal,
    Unschedulable,
    Wait,
)
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, SchedulerPlugin
from sampan.core.model.core_v1.pod import Pod
from sampan.plugins.schedulers.group import Group, Opinion, Said, Seat, add, with_promised
from sampan.plugins.schedulers.preemption import make_room, not_eligible
from sampan.plugins.schedulers.sample import nodes_to_find

DEFAULT_SCHEDULER = "default-scheduler"
NO_VICTIMS = "No preemption victims found for incoming pod."
NOT_HELPFUL = "Preemption is not helpful for scheduling."
MOST_GROUPS = 256

Refusals = dict[str, Said]
"""Node → the plugin that refuses it, and why."""


class DefaultScheduler:
    """See `sampan.core.contracts.scheduler.Scheduler`."""

    def __init__(self, plugins: Sequence[SchedulerPlugin], name: str = DEFAULT_SCHEDULER) -> None:
        self.name = name
        ordered = sorted(plugins, key=filter_order)
        self._grouped = [plugin for plugin in ordered if isinstance(plugin, GroupedPlugin)]
        self._plain = [each for each in ordered if not isinstance(each, GroupedPlugin)]
        self._plugins = ordered
        self._helped_by = {plugin.name: plugin.helped_by for plugin in ordered}
        self._groups: OrderedDict[Hashable, Group] = OrderedDict()
        self._next = 0
        """Where the search begins that does not look at all nodes."""

    def place(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait:
        group = self._group(pod, state)
        nominated = state.find(pod.status.nominated_node_name) if pod.status.nominated_node_name else None
        if nominated is not None:  # where others have left for it
            feasible, refused = self._feasible(pod, group, [nominated], state)
            if feasible and self._reserve(pod, nominated) is None:
                return self._placed(pod, nominated, refused, state)
        elif group.refusal is not None and not self._plain:
            return group.refusal
        if not self._plain and (ranking := group.rank(state)) is not None:
            best = group.best(pod, ranking)
            if best is None and not group.wide_filters():
                return self._refuse(pod, group, state, group.refused)
            if best is not None and self._reserve(pod, best) is None:
                return self._placed(pod, best, group.refused_by(ranking), state)
        feasible, refused = self._feasible(pod, group, self._in_turn(group, state), state)
        while feasible:
            best = self._best(pod, group, feasible, state)
            if reason := self._reserve(pod, best):
                refused[best.name] = ("", Refusal(reason))
                feasible = [each for each in feasible if each.state is not best]
                continue
            return self._placed(pod, best, refused, state)
        return self._refuse(pod, group, state, refused)

    def _placed(self, pod: Pod, best: NodeState, refused: ByNode, state: ClusterState) -> Placed | Wait:
        seconds = max((plugin.permit(pod, best) for plugin in self._plugins), default=0.0)
        if seconds > 0:
            return Wait(seconds=seconds, message=f"waiting {seconds:g} s before binding to {best.name}")
        before = tuple(action for plugin in self._plugins for action in plugin.before(pod, best, state))
        held = any(plugin.ready(pod, best.name, state) is not Ready.YES for plugin in self._plugins)
        return Placed(node=best.name, before=before, held=held, by_node=refused)

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        """What the most hesitant plugin says."""
        said = {plugin.ready(pod, node, state) for plugin in self._plugins}
        return Ready.NO_MORE if Ready.NO_MORE in said else Ready.NOT_YET if Ready.NOT_YET in said else Ready.YES

    def _group(self, pod: Pod, state: ClusterState) -> Group:
        rights = (pod.spec.priority, pod.spec.preemption_policy)
        signature = (rights, *(plugin.sign(pod) for plugin in self._grouped))
        group = self._groups.get(signature)
        if group is None or not group.stands(state):
            group = self._groups[signature] = Group(pod, state, self._grouped)
            if len(self._groups) > MOST_GROUPS:
                self._groups.popitem(last=False)
        self._groups.move_to_end(signature)
        group.catch_up(state)
        return group

    def _in_turn(self, group: Group, state: ClusterState) -> Sequence[NodeState]:
        """The nodes to look at, from where the last search ended on."""
        nodes = group.nodes(state)
        start = self._next % len(nodes) if nodes_to_find(len(nodes)) < len(nodes) else 0
        return (*nodes[start:], *nodes[:start]) if start else nodes

    def _feasible(
        self, pod: Pod, group: Group, nodes: Sequence[NodeState], state: ClusterState
    ) -> tuple[list[Opinion], Refusals]:
        """As many feasible nodes as are enough to choose from, and who refuses those that were looked at in vain."""
        enough = nodes_to_find(len(nodes))
        feasible: list[Opinion] = []
        refused: Refusals = {}
        looks = self._looks(pod, group, nodes, refused, state)
        looked_at = 0
        while found := list(islice(looks, enough - len(feasible))):
            looked_at = found[-1][0]
            feasible += self._filtered_at_once(pod, [opinion for _, opinion in found], refused, state)
        if enough < len(nodes):
            self._next += looked_at if len(feasible) == enough else 0
        return feasible, refused

    def _looks(
        self, pod: Pod, group: Group, nodes: Sequence[NodeState], refused: Refusals, state: ClusterState
    ) -> Iterator[tuple[int, Opinion]]:
        """Those that are feasible by all that is asked about one node, each with how many have been looked at."""
        wide = group.wide_filters()
        for number, node in enumerate(nodes, 1):
            opinion = group.own_opinion(node, pod, state)
            if opinion.refusal is not None:
                refused[node.name] = (opinion.by, opinion.refusal)
                continue
            if (refusal := self._wide_refusal(pod, node, wide, state)) is not None:
                refused[node.name] = refusal
                continue
            promised = with_promised(node, pod, state)
            if promised is not node and (refusal := group.if_kept(node, promised)) is not None:
                refused[node.name] = refusal
                continue
            yield number, opinion

    def _wide_refusal(self, pod: Pod, node: NodeState, wide: Sequence[Seat], state: ClusterState) -> Said | None:
        for plugin, judge in wide:
            if (refusal := judge.refuses(node)) is not None:
                return plugin.name, refusal
        for outside in self._plain:
            if (refusal := outside.filter(pod, node, state)) is not None:
                return outside.name, refusal
        return None

    def _filtered_at_once(
        self, pod: Pod, feasible: list[Opinion], refused: Refusals, state: ClusterState
    ) -> list[Opinion]:
        """Of those that are feasible so far, the ones that are so by what is asked about several nodes, too."""
        for outside in self._plain if feasible else ():
            answer = outside.filter_all(pod, tuple(each.state for each in feasible), state)
            if answer:
                refused |= {name: (outside.name, refusal) for name, refusal in answer.items()}
                feasible = [each for each in feasible if each.state.name not in answer]
        return feasible

    def _best(self, pod: Pod, group: Group, feasible: Sequence[Opinion], state: ClusterState) -> NodeState:
        if len(feasible) == 1:
            return feasible[0].state
        totals = group.totals(feasible)
        for outside in self._plain:
            if outside.weight:
                measures = outside.score_all(pod, [each.state for each in feasible], state)
                add(totals, outside.normalize(pod, measures), outside.weight)
        most = max(totals)
        best = [each.state for each, total in zip(feasible, totals, strict=True) if total == most]
        return best[0] if len(best) == 1 else min(best, key=lambda node: _lot(pod, node))

    def _reserve(self, pod: Pod, node: NodeState) -> str | None:
        reasons = (plugin.reserve(pod, node) for plugin in self._plugins)
        return next((reason for reason in reasons if reason), None)

    def _refuse(self, pod: Pod, group: Group, state: ClusterState, refused: ByNode) -> Unschedulable:
        said = group.tally(refused, state)
        helped_by = Change.NODE_ADDED
        for by, _ in said:
            helped_by |= self._helped_by.get(by, Change.any())
        verdict = attrs.evolve(
            unschedulable(len(state.nodes), said, not_eligible(pod, state)),
            helped_by=helped_by,
            preemption=make_room(pod, group, state, refused),
            by_node=refused,
        )
        lasts = verdict.preemption is None and not pod.status.nominated_node_name
        group.refusal = verdict if lasts else None
        return verdict


def _lot(pod: Pod, node: NodeState) -> bytes:
    """Breaks ties, for each pod in another way."""
    return hashlib.blake2b(f"{pod.metadata.uid}/{node.name}".encode(), digest_size=8).digest()


def filter_order(plugin: SchedulerPlugin) -> tuple[int, str]:
    """Kubernetes asks its filters in this order, so that the first refusal is the one it would name."""
    try:
        return (KUBERNETES_ORDER.index(plugin.name), plugin.name)
    except ValueError:
        return (len(KUBERNETES_ORDER), plugin.name)


KUBERNETES_ORDER = (
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "VolumeRestrictions",
    "NodeVolumeLimits",
    "VolumeBinding",
    "VolumeZone",
    "PodTopologySpread",
    "InterPodAffinity",
)


def unschedulable(nodes: int, said: Counter[Said], not_eligible: str = "") -> Unschedulable:
    """The verdict in Kubernetes' words: each reason with the number of nodes that gave it, then what preemption can do.

    ``not_eligible``: why the pod may not preempt at all.
    """
    if not nodes:
        return Unschedulable(
            reasons={}, message="no nodes available to schedule pods. preemption: 0/0 nodes are available: ."
        )
    of_pod = sorted({refusal.reason for _, refusal in said if refusal.of_pod})
    reasons: Counter[str] = Counter()
    preemption: Counter[str] = Counter()
    for (_, refusal), number in said.items():
        preemption[NO_VICTIMS if refusal.preemption_helps else NOT_HELPFUL] += number
        for reason in refusal.reasons if not refusal.of_pod else ():
            reasons[reason] += number
    hope = f"{not_eligible}" if not_eligible else _counted(preemption)
    message = (
        f"0/{nodes} nodes are available: {of_pod[0] if of_pod else _counted(reasons)}. no new claims to deallocate, "
        f"preemption: 0/{nodes} nodes are available: {hope}"
    )
    return Unschedulable(reasons=dict(reasons), message=message)


def _counted(reasons: Counter[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
