"""The snapshot that decisions look at is always what one made afresh from the same objects would be."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.contracts.scheduler import Change, NodeState
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.scheduling.changes import pod_change
from sampan.core.scheduling.snapshot import Snapshot
from tests.plugins.schedulers.cases import node, pod

NODES = ("a", "b", "c")


def on(name: str, where: str, cpu: str = "100m", **more: Any) -> Pod:
    return pod(name, cpu=cpu, nodeName=where, **more)


def sums(state: NodeState) -> tuple[Any, ...]:
    uids = frozenset(each.metadata.uid for each in state.pods)
    used = {resource: number for resource, number in state.requested.items() if number}
    scored = {resource: number for resource, number in state.scored.items() if number}
    return (uids, used, scored, state.allocatable)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("node"), st.sampled_from(NODES), st.sampled_from(("2", "4"))),
        st.tuples(st.just("no node"), st.sampled_from(NODES), st.just("")),
        st.tuples(st.just("pod"), st.sampled_from("pqrs"), st.sampled_from(NODES)),
        st.tuples(st.just("assume"), st.sampled_from("pqrs"), st.sampled_from(NODES)),
        st.tuples(st.just("end"), st.sampled_from("pqrs"), st.just("")),
        st.tuples(st.just("drop"), st.sampled_from("pqrs"), st.just("")),
    ),
    max_size=30,
)


@settings(max_examples=200)
@given(STEPS)
def test_any_sequence_of_changes_leads_where_a_fresh_one_begins(steps: list[tuple[str, str, str]]) -> None:
    snapshot = Snapshot()
    nodes: dict[str, str] = {}
    places: dict[str, str] = {}
    seen = 0
    for what, name, value in steps:
        match what:
            case "node":
                nodes[name] = value
                snapshot.set_node(node(name, cpu=value))
            case "no node":
                nodes.pop(name, None)
                snapshot.drop_node(name)
            case "pod":
                places[name] = value
                snapshot.set_pod(on(name, value))
            case "assume" if name not in places:
                places[name] = value
                snapshot.assume(pod(name, cpu="100m"), value)
            case "end":
                places.pop(name, None)
                snapshot.set_pod(on(name, "a", status={"phase": "Succeeded"}))
            case "drop":
                places.pop(name, None)
                snapshot.drop_pod(pod(name))
        changed = set(snapshot.changed_since(seen))
        seen = snapshot.generation
        assert changed <= set(NODES)
        fresh = [
            NodeState(node=node(each, cpu=cpu), pods=tuple(on(p, w) for p, w in places.items() if w == each))
            for each, cpu in nodes.items()
        ]
        assert {each.name: sums(each) for each in snapshot.nodes} == {each.name: sums(each) for each in fresh}


def test_only_what_has_changed_is_told() -> None:
    snapshot = Snapshot.of(*(NodeState(node=node(name)) for name in NODES))
    before = snapshot.generation
    snapshot.assume(pod("p"), "b")
    assert list(snapshot.changed_since(before)) == ["b"]
    assert list(snapshot.changed_since(snapshot.generation)) == []


def test_a_heartbeat_and_the_bind_that_was_counted_on_are_no_change() -> None:
    snapshot = Snapshot.of(NodeState(node=node("a")))
    snapshot.assume(pod("p", cpu="1"), "a")
    before = snapshot.generation
    beat = node("a")
    snapshot.set_node(evolve(beat, metadata=evolve(beat.metadata, resource_version="9")))
    snapshot.set_pod(on("p", "a", cpu="1"))
    snapshot.set_pod(on("p", "a", cpu="1", status={"phase": "Running"}))
    assert snapshot.generation == before


def resized(asked: str, has: str) -> Pod:
    status = {
        "containerStatuses": [
            {"name": "c", "allocatedResources": {"cpu": has}, "resources": {"requests": {"cpu": has}}}
        ]
    }
    return on("p", "a", cpu=asked, metadata={"generation": 2}, status=status)


def test_a_resized_pod_takes_less_once_its_node_says_so() -> None:
    """Its spec, and with it its generation, changed long before."""
    snapshot, before, after = Snapshot.of(NodeState(node=node("a"))), resized("1", "2"), resized("1", "1")
    for told, cpu in ((before, 2000), (after, 1000)):
        snapshot.set_pod(told)
        state = snapshot.find("a")
        assert state is not None
        assert state.requested["cpu"] == cpu
    assert pod_change(before, after) == Change.POD_LEFT
    assert not pod_change(after, after)


def test_a_pod_is_promised_a_node_until_it_is_placed_or_gone() -> None:
    snapshot = Snapshot.of(NodeState(node=node("a")), NodeState(node=node("b")))
    waiting = pod("p")
    snapshot.promise(waiting, "a")
    assert snapshot.nominated("a") == (waiting,)
    snapshot.assume(waiting, "b")
    assert snapshot.nominated("a") == ()
    other = evolve(waiting, status=evolve(waiting.status, nominated_node_name="b"))
    snapshot.drop_pod(waiting)
    snapshot.set_pod(other)
    assert snapshot.nominated("b") == (other,)
    snapshot.drop_pod(other)
    assert snapshot.nominated("b") == ()


def test_a_promise_is_a_change_of_the_nodes_concerned() -> None:
    snapshot = Snapshot.of(*(NodeState(node=node(name)) for name in "abc"))
    before = snapshot.generation
    snapshot.promise(pod("p"), "a")
    assert snapshot.changed_since(before) == ["a"]
    snapshot.promise(pod("p"), "b")
    assert sorted(snapshot.changed_since(before)) == ["a", "b"]


def is_crowded(state: NodeState) -> bool:
    return len(state.pods) > 1


def test_those_that_are_asked_for_are_kept_up_to_date() -> None:
    snapshot = Snapshot.of(NodeState(node=node("a"), pods=(pod("p"), pod("q"))), NodeState(node=node("b")))
    assert [state.name for state in snapshot.those(is_crowded)] == ["a"]
    snapshot.assume(pod("r"), "b")
    snapshot.assume(pod("s"), "b")
    snapshot.drop_pod(pod("p"))
    assert list(snapshot.those(is_crowded)) == [snapshot.find("b")]
    snapshot.drop_node("b")
    assert list(snapshot.those(is_crowded)) == []
