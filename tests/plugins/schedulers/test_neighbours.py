"""Places that depend on other pods: pod affinity, anti-affinity and topology spread constraints."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.contracts.scheduler import ClusterState, NodeState, Placed, Unschedulable
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import from_wire
from tests.plugins.schedulers.cases import node, pod, state, with_pods
from tests.plugins.schedulers.test_filters import scheduler

NO_FRIEND = "didn't match pod affinity rules"
RIVAL = "didn't match pod anti-affinity rules"
RESENTED = "didn't satisfy existing pods anti-affinity rules"
SKEWED = "didn't match pod topology spread constraints"


def zone(name: str, where: str) -> Node:
    return node(name, labels={"zone": where, "kubernetes.io/hostname": name})


def labelled(name: str, app: str, *, namespace: str = "default", **spec: Any) -> Pod:
    return pod(name, metadata={"labels": {"app": app}, "namespace": namespace}, **spec)


def term(app: str, key: str = "zone", **more: Any) -> dict[str, Any]:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}


def near(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}}


def away(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}}


def rather(half: str, wanted: dict[str, Any]) -> dict[str, Any]:
    wish = {"weight": 100, "podAffinityTerm": wanted}
    return {"affinity": {half: {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}}


def even(skew: int = 1, when: str = "DoNotSchedule", app: str = "web", **more: Any) -> dict[str, Any]:
    selector = {"matchLabels": {"app": app}}
    constraint = {"maxSkew": skew, "topologyKey": "zone", "whenUnsatisfiable": when, "labelSelector": selector, **more}
    return {"topologySpreadConstraints": [constraint]}


def verdict(wanted: Pod, given: ClusterState) -> str:
    """The node's name, or the reasons."""
    found = scheduler().place(wanted, given)
    if isinstance(found, Placed):
        return found.node
    assert isinstance(found, Unschedulable)
    return "; ".join(found.reasons)


EAST = with_pods(zone("a", "east"), labelled("db-0", "db"))
"""A node with a database in its zone."""
WEST = with_pods(zone("b", "west"))

CASES: dict[str, tuple[Pod, tuple[Node | NodeState, ...], str]] = {
    "near the database": (labelled("p", "web", **near(term("db"))), (EAST, WEST), "a"),
    "near the database in the same zone, on another node": (
        labelled("p", "web", **near(term("db")), nodeSelector={"kubernetes.io/hostname": "c"}),
        (EAST, WEST, zone("c", "east")),
        "c",
    ),
    "near what is nowhere": (labelled("p", "web", **near(term("cache"))), (EAST, WEST), NO_FRIEND),
    "the first of those that want to be together": (labelled("p", "web", **near(term("web"))), (WEST,), "b"),
    "near both of two": (
        labelled("p", "web", **near(term("db"), term("cache"))),
        (EAST, with_pods(zone("b", "west"), labelled("cache-0", "cache"))),
        NO_FRIEND,
    ),
    "near what another namespace has": (
        labelled("p", "web", **near(term("db", namespaces=["other"]))),
        (EAST, with_pods(zone("b", "west"), labelled("db-1", "db", namespace="other"))),
        "b",
    ),
    "near on a key that no node has": (labelled("p", "web", **near(term("db", "rack"))), (EAST, WEST), NO_FRIEND),
    "away from the database": (labelled("p", "web", **away(term("db"))), (EAST, WEST), "b"),
    "away from it where it is everywhere": (
        labelled("p", "web", **away(term("db"))),
        (EAST, zone("c", "east")),
        RIVAL,
    ),
    "one that wants to be alone is there": (
        labelled("p", "web"),
        (with_pods(zone("a", "east"), labelled("hermit", "hermit", **away(term("web")))),),
        RESENTED,
    ),
    "would rather be near": (labelled("p", "web", **rather("podAffinity", term("db"))), (EAST, WEST), "a"),
    "would rather be away": (labelled("p", "web", **rather("podAntiAffinity", term("db"))), (EAST, WEST), "b"),
    "evenly over zones": (
        labelled("p", "web", **even()),
        (with_pods(zone("a", "east"), labelled("w", "web")), WEST),
        "b",
    ),
    "evenly, and the other zone is cordoned": (
        labelled("p", "web", **even()),
        (
            with_pods(zone("a", "east"), labelled("w", "web")),
            node("b", labels={"zone": "west"}, unschedulable=True),
        ),
        SKEWED,
    ),
    "evenly, but a zone that its selector excludes does not count": (
        labelled("p", "web", **even(), nodeSelector={"zone": "east"}),
        (with_pods(zone("a", "east"), labelled("w", "web")), WEST),
        "a",
    ),
    "a skew of two": (
        labelled("p", "web", **even(2), nodeSelector={"kubernetes.io/hostname": "a"}),
        (with_pods(zone("a", "east"), labelled("w", "web")),),
        "a",
    ),
    "fewer zones than there should be": (
        labelled("p", "web", **even(minDomains=2)),
        (with_pods(zone("a", "east"), labelled("w", "web")),),
        SKEWED,
    ),
    "a node outside of all zones": (labelled("p", "web", **even()), (node("n"),), "missing required label"),
    "evenly, if possible": (
        labelled("p", "web", **even(when="ScheduleAnyway")),
        (with_pods(zone("a", "east"), labelled("w", "web")), WEST),
        "b",
    ),
}


@pytest.mark.parametrize(("wanted", "nodes", "expected"), CASES.values(), ids=CASES.keys())
def test_neighbours(wanted: Pod, nodes: tuple[Node | NodeState, ...], expected: str) -> None:
    found = verdict(wanted, state(*nodes))
    assert found == expected or (len(expected) > 1 and expected in found)


def test_a_namespace_selector_is_asked_of_the_namespaces() -> None:
    wanted = labelled("p", "web", **near(term("db", namespaceSelector={"matchLabels": {"team": "sea"}})))
    there = state(EAST, with_pods(zone("b", "west"), labelled("db-1", "db", namespace="other")))
    other = from_wire(Namespace, {"metadata": {"name": "other", "labels": {"team": "sea"}}})
    assert NO_FRIEND in verdict(wanted, there)
    there.set_extra({Namespace: (other,)})
    assert verdict(wanted, there) == "b"


def test_only_pods_of_the_same_revision_are_spread_where_that_is_asked_for() -> None:
    revision = {"labels": {"app": "web", "hash": "2"}}
    wanted = pod("p", metadata=revision, nodeSelector={"zone": "east"}, **even(matchLabelKeys=["hash"]))
    there = with_pods(zone("a", "east"), pod("w", metadata={"labels": {"app": "web", "hash": "1"}}))
    assert verdict(wanted, state(there, WEST)) == "a"
