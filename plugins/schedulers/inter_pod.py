"""Pod affinity and anti-affinity: near some pods, away from others; and what pods that are there demand of a new one.

What a decision needs to know of all pods is found once for it and kept until the next decision.
https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, SchedulerPluginBase
from sampan.core.model.core_v1.affinity import Affinity, PodAffinityTerm, WeightedPodAffinityTerm
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.selector import LabelSelector, LabelSelectorRequirement
from sampan.core.reconcile.labels import matches
from sampan.plugins.schedulers.decision import OncePerDecision
from sampan.plugins.schedulers.normalize import between_extremes

AFFINITY = Refusal("node(s) didn't match pod affinity rules")
ANTI_AFFINITY = Refusal("node(s) didn't match pod anti-affinity rules", preemption_helps=True)
OTHERS = Refusal("node(s) didn't satisfy existing pods anti-affinity rules", preemption_helps=True)

Domain = tuple[str, str]
"""A topology key and its value: the nodes that have it are one place."""
NO_AFFINITY = Affinity()


@attrs.frozen
class _Survey:
    """Where the pods are that matter to one pod."""

    friends: frozenset[Domain]
    """Places with pods that match all of its affinity terms."""
    is_first: bool
    """No pod matches its affinity terms anywhere, but it does itself: somebody has to be the first."""
    rivals: frozenset[Domain]
    """Places with pods that it wants to be away from."""
    forbidden: frozenset[Domain]
    """Places with pods that want to be away from it."""
    wishes: dict[Domain, int]
    """Points for places, by its own wishes and by those of others."""


class InterPodAffinity(SchedulerPluginBase):
    name = "InterPodAffinity"
    weight = 2

    def __init__(self) -> None:
        self._survey = OncePerDecision(_look_around)

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        survey = self._survey(pod, state)
        labels = node.node.metadata.labels
        for term in _required(pod):
            place = (term.topology_key, labels.get(term.topology_key, ""))
            if term.topology_key not in labels or (place not in survey.friends and not survey.is_first):
                return AFFINITY
        places = set(labels.items())
        if places & survey.rivals:
            return ANTI_AFFINITY
        return OTHERS if places & survey.forbidden else None

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        wishes = self._survey(pod, state).wishes
        return sum(wishes.get(place, 0) for place in node.node.metadata.labels.items()) if wishes else 0.0

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        return between_extremes(scores)


def _look_around(pod: Pod, state: ClusterState) -> _Survey:
    required, avoided = _required(pod), _avoided(pod)
    friends: set[Domain] = set()
    rivals: set[Domain] = set()
    forbidden: set[Domain] = set()
    wishes: Counter[Domain] = Counter()
    for node in state.nodes:
        labels = node.node.metadata.labels
        for other in node.pods if _looks_at_pods(pod) else _that_look_at_pods(node):
            if required and all(_selects(term, pod, other, state) for term in required):
                friends.update(_domains(required, labels))
            rivals.update(_domains((term for term in avoided if _selects(term, pod, other, state)), labels))
            resented = (term for term in _avoided(other) if _selects(term, other, pod, state))
            forbidden.update(_domains(resented, labels))
            for wish, sign in (*_wishes(pod, other, state), *_wishes(other, pod, state)):
                for domain in _domains([wish.pod_affinity_term], labels):
                    wishes[domain] += sign * wish.weight
    is_first = bool(required) and not friends and all(_selects(term, pod, pod, state) for term in required)
    return _Survey(frozenset(friends), is_first, frozenset(rivals), frozenset(forbidden), dict(wishes))


def _looks_at_pods(pod: Pod) -> bool:
    affinity = pod.spec.affinity
    return affinity is not None and (affinity.pod_affinity is not None or affinity.pod_anti_affinity is not None)


def _that_look_at_pods(node: NodeState) -> Sequence[Pod]:
    """The node's pods that may want something of others: few have to be asked for a pod that itself wants nothing."""
    found: Sequence[Pod] | None = node.memo.get(InterPodAffinity.name)
    if found is None:
        found = node.memo[InterPodAffinity.name] = [pod for pod in node.pods if _looks_at_pods(pod)]
    return found


def _domains(terms: Iterable[PodAffinityTerm], labels: Mapping[str, str]) -> Iterator[Domain]:
    for term in terms:
        value = labels.get(term.topology_key)
        if value is not None:
            yield term.topology_key, value


def _required(pod: Pod) -> Sequence[PodAffinityTerm]:
    wanted = (pod.spec.affinity or NO_AFFINITY).pod_affinity
    return wanted.required_during_scheduling_ignored_during_execution if wanted is not None else ()


def _avoided(pod: Pod) -> Sequence[PodAffinityTerm]:
    unwanted = (pod.spec.affinity or NO_AFFINITY).pod_anti_affinity
    return unwanted.required_during_scheduling_ignored_during_execution if unwanted is not None else ()


def _wishes(pod: Pod, other: Pod, state: ClusterState) -> Iterator[tuple[WeightedPodAffinityTerm, int]]:
    """What ``pod`` would like (1) or not like (-1) about being near ``other``."""
    affinity = pod.spec.affinity
    if affinity is None:
        return
    for half, sign in ((affinity.pod_affinity, 1), (affinity.pod_anti_affinity, -1)):
        if half is not None:
            for wish in half.preferred_during_scheduling_ignored_during_execution:
                if _selects(wish.pod_affinity_term, pod, other, state):
                    yield wish, sign


def _selects(term: PodAffinityTerm, owner: Pod, other: Pod, state: ClusterState) -> bool:
    """Whether ``other`` is one of the pods that a term of ``owner`` speaks of."""
    return _in_namespaces(term, owner, other, state) and matches(_selector(term, owner), other.metadata.labels)


def _in_namespaces(term: PodAffinityTerm, owner: Pod, other: Pod, state: ClusterState) -> bool:
    """Without namespaces and selector a term speaks of the owner's own namespace."""
    namespace = other.metadata.namespace or ""
    if not term.namespaces and term.namespace_selector is None:
        return namespace == (owner.metadata.namespace or "")
    if namespace in term.namespaces:
        return True
    return term.namespace_selector is not None and matches(term.namespace_selector, _labels_of(namespace, state))


def _labels_of(namespace: str, state: ClusterState) -> dict[str, str]:
    for found in state.extra.get(Namespace, ()):
        if isinstance(found, Namespace) and found.metadata.name == namespace:
            return dict(found.metadata.labels)
    return {}


def _selector(term: PodAffinityTerm, owner: Pod) -> LabelSelector | None:
    """The term's selector with the labels of its owner that it asks to match, or not to match."""
    if term.label_selector is None or not (term.match_label_keys or term.mismatch_label_keys):
        return term.label_selector
    labels = owner.metadata.labels
    more = tuple(
        LabelSelectorRequirement(key=key, operator=operator, values=(labels[key],))
        for keys, operator in ((term.match_label_keys, "In"), (term.mismatch_label_keys, "NotIn"))
        for key in keys
        if key in labels
    )
    return evolve(term.label_selector, match_expressions=(*term.label_selector.match_expressions, *more))
