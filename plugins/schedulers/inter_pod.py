"""Pod affinity and anti-affinity: near some pods, away from others; and what pods that are there demand of a new one.

What each node's pods contribute is counted once and again when the node changes, so that a decision does not visit pods.
https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import attrs

from sampan.core.classes import define
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Refusal
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.affinity import Affinity, PodAffinityTerm, WeightedPodAffinityTerm
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.selector import LabelSelector, LabelSelectorRequirement
from sampan.core.reconcile.labels import matches
from sampan.plugins.schedulers.normalize import between_extremes

AFFINITY = Refusal("node(s) didn't match pod affinity rules")
ANTI_AFFINITY = Refusal("node(s) didn't match pod anti-affinity rules", preemption_helps=True)
OTHERS = Refusal("node(s) didn't satisfy existing pods anti-affinity rules", preemption_helps=True)

Domain = tuple[str, str]
"""A topology key and its value: the nodes that have it are one place."""
NO_AFFINITY = Affinity()


class InterPodAffinity(GroupedPlugin):
    name = "InterPodAffinity"
    weight = 2
    helped_by = (
        Change.NODE_ADDED | Change.NODE_LABELS | Change.POD_CAME | Change.POD_LEFT | Change.NAMESPACE
    )  # fmt: skip
    follows_from = (Namespace,)

    def sign(self, pod: Pod) -> Hashable:
        affinity = pod.spec.affinity if _looks_at_pods(pod) else None
        return (
            pod.metadata.namespace,
            tuple(sorted(pod.metadata.labels.items())),
            repr(affinity) if affinity else None,
        )

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        return _Survey(pod, state)


@define
class _Counts:
    """How many pods there are that matter to one pod, by place; and what places are worth for them."""

    friends: Counter[Domain] = attrs.field(factory=Counter)
    """Pods that match all of its affinity terms."""
    rivals: Counter[Domain] = attrs.field(factory=Counter)
    """Pods that it wants to be away from."""
    resentful: Counter[Domain] = attrs.field(factory=Counter)
    """Pods that want to be away from it."""
    wishes: Counter[Domain] = attrs.field(factory=Counter)
    """Points, by its own wishes and by those of others."""

    def change(self, other: _Counts, sign: int) -> None:
        """Add or take away, leaving no zeros."""
        for mine, theirs in (
            (self.friends, other.friends),
            (self.rivals, other.rivals),
            (self.resentful, other.resentful),
            (self.wishes, other.wishes),
        ):
            for domain, number in theirs.items():
                mine[domain] += sign * number
                if not mine[domain]:
                    del mine[domain]

    def domains(self) -> Iterator[Domain]:
        return chain(self.friends, self.rivals, self.resentful, self.wishes)

    def __bool__(self) -> bool:
        return bool(self.friends or self.rivals or self.resentful or self.wishes)


class _Survey(Judge):
    is_wide = is_relative = has_sorts = True

    def __init__(self, pod: Pod, state: ClusterState) -> None:
        self._pod = pod
        self._namespaces = _namespace_labels(state)
        self._required, self._avoided = _required(pod), _avoided(pod)
        self._looks = _looks_at_pods(pod)
        self._by_node: dict[str, _Counts] = {}
        self._all = _Counts()
        self._moved: set[Domain] = set()
        self.keys: dict[str, None] = {term.topology_key: None for term in self._required}
        self._likes_itself = all(self._selects(term, pod, pod) for term in self._required)

    @property
    def filters(self) -> bool:  # type: ignore[override]
        return bool(self._required or self._all.rivals or self._all.resentful)

    @property
    def scores(self) -> bool:  # type: ignore[override]
        return bool(self._all.wishes)

    def begin(self, state: ClusterState) -> None:
        for node in state.nodes if self._looks else state.those(_has_pods_that_look):
            self.update(node.name, node)

    def update(self, name: str, node: NodeState | None) -> None:
        if (known := self._by_node.pop(name, None)) is not None:
            self._all.change(known, -1)
            self._moved.update(known.domains())
        if node is not None and (counts := self._look_around(node)):
            self._by_node[name] = counts
            self._all.change(counts, 1)
            self._moved.update(counts.domains())
            self.keys.update(dict.fromkeys(key for key, _ in counts.domains()))

    def standing(self, key: str, value: str) -> Hashable:
        place, counts = (key, value), self._all
        return (place in counts.friends, place in counts.rivals, place in counts.resentful, counts.wishes.get(place, 0))

    def moved(self) -> Iterable[Domain]:
        found, self._moved = self._moved, set()
        return found

    def refuses(self, node: NodeState) -> Refusal | None:
        labels = node.node.metadata.labels
        # No pod matches anywhere, but this one does itself: somebody has to be the first.
        is_first = not self._all.friends and self._likes_itself
        for term in self._required:
            place = (term.topology_key, labels.get(term.topology_key, ""))
            if term.topology_key not in labels or (place not in self._all.friends and not is_first):
                return AFFINITY
        if self._all.rivals and not self._all.rivals.keys().isdisjoint(labels.items()):
            return ANTI_AFFINITY
        if self._all.resentful and not self._all.resentful.keys().isdisjoint(labels.items()):
            return OTHERS
        return None

    def score(self, node: NodeState) -> float:
        wishes = self._all.wishes
        return sum(wishes.get(place, 0) for place in node.node.metadata.labels.items())

    def normalize(self, scores: Sequence[float]) -> Sequence[float]:
        return between_extremes(scores)

    def _look_around(self, node: NodeState) -> _Counts:
        counts = _Counts()
        pod, labels = self._pod, node.node.metadata.labels
        for other in node.pods if self._looks else _that_look_at_pods(node):
            if self._required and all(self._selects(term, pod, other) for term in self._required):
                counts.friends.update(_domains(self._required, labels))
            rivals = (term for term in self._avoided if self._selects(term, pod, other))
            counts.rivals.update(_domains(rivals, labels))
            resentful = (term for term in _avoided(other) if self._selects(term, other, pod))
            counts.resentful.update(_domains(resentful, labels))
            for wish, sign in (*self._wishes(pod, other), *self._wishes(other, pod)):
                for domain in _domains([wish.pod_affinity_term], labels):
                    counts.wishes[domain] += sign * wish.weight
        return counts

    def _wishes(self, pod: Pod, other: Pod) -> Iterator[tuple[WeightedPodAffinityTerm, int]]:
        """What ``pod`` would like (1) or not like (-1) about being near ``other``."""
        affinity = pod.spec.affinity
        if affinity is None:
            return
        for half, sign in ((affinity.pod_affinity, 1), (affinity.pod_anti_affinity, -1)):
            if half is not None:
                for wish in half.preferred_during_scheduling_ignored_during_execution:
                    if self._selects(wish.pod_affinity_term, pod, other):
                        yield wish, sign

    def _selects(self, term: PodAffinityTerm, owner: Pod, other: Pod) -> bool:
        """Whether ``other`` is one of the pods that a term of ``owner`` speaks of."""
        return self._in_namespaces(term, owner, other) and matches(_selector(term, owner), other.metadata.labels)

    def _in_namespaces(self, term: PodAffinityTerm, owner: Pod, other: Pod) -> bool:
        """Without namespaces and selector a term speaks of the owner's own namespace."""
        namespace = other.metadata.namespace or ""
        if not term.namespaces and term.namespace_selector is None:
            return namespace == (owner.metadata.namespace or "")
        if namespace in term.namespaces:
            return True
        if term.namespace_selector is None:
            return False
        return matches(term.namespace_selector, self._namespaces.get(namespace, {}))


def _looks_at_pods(pod: Pod) -> bool:
    affinity = pod.spec.affinity
    return affinity is not None and (affinity.pod_affinity is not None or affinity.pod_anti_affinity is not None)


def _that_look_at_pods(node: NodeState) -> Sequence[Pod]:
    """The node's pods that may want something of others: few have to be asked for a pod that itself wants nothing."""
    found: Sequence[Pod] | None = node.memo.get(InterPodAffinity.name)
    if found is None:
        found = node.memo[InterPodAffinity.name] = [pod for pod in node.pods if _looks_at_pods(pod)]
    return found


def _has_pods_that_look(node: NodeState) -> bool:
    return bool(_that_look_at_pods(node))


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


def _namespace_labels(state: ClusterState) -> dict[str, Mapping[str, str]]:
    found = (each for each in state.extra.get(Namespace, ()) if isinstance(each, Namespace))
    return {each.metadata.name or "": each.metadata.labels for each in found}


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
