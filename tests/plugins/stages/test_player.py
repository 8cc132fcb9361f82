"""Stages at work: which one a pod is in, when it is played, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Action, Delete, Emit, Patch, Plan
from sampan.core.errors import ConfigError
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import from_wire
from sampan.core.testing.live_cluster import LiveCluster
from sampan.core.testing.state import State
from sampan.plugins.stages.files import read_stages
from sampan.plugins.stages.player import StagePlayer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WEB = Key("default", "web")
READY = """
{{ $now := Now }}
conditions:
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) | Quote }}
phase: Running
startTime: {{ $now | Quote }}
"""
"""As the stages do that KWOK is known for."""
PENDING = {"key": ".status.phase", "operator": "In", "values": ["Pending"]}
STAYS = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
GOES = {"key": ".metadata.deletionTimestamp", "operator": "Exists"}


def stage(name: str = "ready", kind: str = "Pod", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {"resourceRef": {"apiGroup": "v1", "kind": kind}, "selector": {}, **spec},
    }


def fast() -> list[dict[str, Any]]:
    return [
        stage("ready", selector={"matchExpressions": [STAYS, PENDING]}, next={"statusTemplate": READY}),
        stage("gone", selector={"matchExpressions": [GOES]}, next={"delete": True}),
    ]


def player(tmp_path: Path, *stages: dict[str, Any]) -> StagePlayer:
    (tmp_path / "stages.yaml").write_text(yaml.safe_dump_all(stages))
    return StagePlayer(read_stages([str(tmp_path / "stages.yaml")]), Random(1))


def pod(name: str = "web", status: dict[str, Any] | None = None, **metadata: Any) -> Pod:
    meta = {"name": name, "namespace": "default", "uid": f"uid-{name}", **metadata}
    spec = {
        "nodeName": "n",
        "containers": [{"name": "c", "image": "i:1"}],
        "readinessGates": [{"conditionType": "x/y"}],
    }
    return from_wire(Pod, {"metadata": meta, "spec": spec, "status": {"phase": "Pending", **(status or {})}})


def node(runtime: str = "simulated://1") -> Node:
    status = {
        "nodeInfo": {"containerRuntimeVersion": runtime},
        "addresses": [{"type": "InternalIP", "address": "10.0.0.5"}],
    }
    return from_wire(Node, {"metadata": {"name": "n"}, "spec": {"podCIDR": "10.9.0.0/28"}, "status": status})


def plan(played: StagePlayer, *pods: Pod, key: Key = WEB, now: datetime = NOW) -> Plan:
    return played.reconcile(key, State(node(), *pods, controller=played), now)


def actions(tmp_path: Path, spec: dict[str, Any], pods: Pod | None = None) -> Sequence[Action]:
    return plan(player(tmp_path, stage(**spec)), pods or pod()).actions


def test_a_stage_writes_the_status_that_its_template_makes(tmp_path: Path) -> None:
    (patch,) = plan(player(tmp_path, *fast()), pod()).actions
    assert isinstance(patch, Patch)
    assert (patch.subresource, patch.type) == ("status", "strategic")
    status = patch.patch["status"]
    assert status["phase"] == "Running"
    assert [each["type"] for each in status["conditions"]] == ["x/y", "Ready"]
    assert status["containerStatuses"][0]["state"] == {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    assert status["podIP"].startswith("10.9.0.")


def test_a_pod_that_goes_is_deleted_at_once(tmp_path: Path) -> None:
    (gone,) = plan(player(tmp_path, *fast()), pod(deletionTimestamp="2026-01-01T00:00:00Z")).actions
    assert gone == Delete(kind=Pod, namespace="default", name="web", uid="uid-web", grace_period=0)


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({"matchAnnotations": {"a": "b"}}, True),
        ({"matchAnnotations": {"a": "c"}}, False),
        ({"matchExpressions": [{"key": ".metadata.labels.app", "operator": "In", "values": ["web", "x"]}]}, True),
        ({"matchExpressions": [{"key": ".metadata.labels.app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": ".metadata.labels.none", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": ".metadata.labels.none", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"jq": {"key": ".spec.containers[].name", "operator": "In", "values": ["c"]}}]}, True),
    ],
)
def test_a_selector_says_which_pods_are_in_a_stage(tmp_path: Path, selector: dict[str, Any], holds: bool) -> None:
    found = actions(
        tmp_path, {"selector": selector, "next": {"delete": True}}, pod(labels={"app": "web"}, annotations={"a": "b"})
    )
    assert bool(found) == holds


def test_without_a_selector_no_pod_is_in_it(tmp_path: Path) -> None:
    assert actions(tmp_path, {"selector": None, "next": {"delete": True}}) == ()


@pytest.mark.parametrize(
    ("delay", "least", "most"),
    [
        ({"durationMilliseconds": 1500}, 1.5, 1.5),
        ({"durationMilliseconds": 1000, "jitterDurationMilliseconds": 5000}, 1, 5),
        ({"durationMilliseconds": 1000, "jitterDurationMilliseconds": 500}, 0.5, 0.5),
        ({"durationMilliseconds": 1, "durationFrom": {"expressionFrom": '.metadata.annotations["delay"]'}}, 62.5, 62.5),
        ({"durationFrom": {"jq": {"expression": ".metadata.annotations.until"}}}, 30, 30),
        ({"durationMilliseconds": 7000, "durationFrom": {"expressionFrom": ".metadata.annotations.none"}}, 7, 7),
    ],
)
def test_a_stage_is_played_when_its_time_has_come(
    tmp_path: Path, delay: dict[str, Any], least: float, most: float
) -> None:
    played = player(tmp_path, stage(delay=delay, next={"delete": True}))
    web = pod(annotations={"delay": "1m2s500ms", "until": "2026-01-01T00:00:30Z"})
    first = plan(played, web)
    assert first.actions == ()
    assert first.requeue_after is not None
    assert least <= first.requeue_after <= most
    assert plan(played, web, now=NOW + timedelta(seconds=first.requeue_after - 0.01)).actions == ()
    assert plan(played, web, now=NOW + timedelta(seconds=first.requeue_after)).actions != ()


def test_a_pod_that_has_left_its_stage_meanwhile_is_in_another(tmp_path: Path) -> None:
    slow, *others = fast()
    slow["spec"]["delay"] = {"durationMilliseconds": 60_000}
    played = player(tmp_path, slow, *others)
    assert plan(played, pod()).requeue_after == 60
    (gone,) = plan(played, pod(deletionTimestamp="2026-01-01T00:00:00Z")).actions
    assert isinstance(gone, Delete)


def test_weights_decide_between_stages(tmp_path: Path) -> None:
    heavy = stage("heavy", weight=3, next={"event": {"reason": "Heavy"}})
    light = stage(
        "light", weightFrom={"expressionFrom": ".metadata.annotations.weight"}, next={"event": {"reason": "Light"}}
    )
    none = stage("none", next={"event": {"reason": "None"}})
    played = player(tmp_path, heavy, light, none)
    reasons = []
    for number in range(400):
        (said,) = plan(played, pod(f"p{number}", annotations={"weight": "1"}), key=Key("default", f"p{number}")).actions
        assert isinstance(said, Emit)
        reasons.append(said.reason)
    assert reasons.count("None") == 0
    assert 0.6 < reasons.count("Heavy") / 400 < 0.9


def test_steps_come_in_their_order(tmp_path: Path) -> None:
    steps = [
        {"event": {"type": "Warning", "reason": "Odd", "message": "it went"}},
        {"finalizers": {"add": [{"value": "x.example.com/f"}], "remove": [{"value": "old.example.com/f"}]}},
        {"patch": {"root": "metadata", "type": "merge", "template": "labels: {seen: yes-it-was}"}},
        {"delete": True},
    ]
    web = pod(finalizers=["old.example.com/f", "kept.example.com/f"], resourceVersion="7")
    said, held, labelled, gone = actions(tmp_path, {"steps": steps}, web)
    assert said == Emit(regarding=web, type="Warning", reason="Odd", message="it went")
    assert isinstance(held, Patch)
    finalizers = ["kept.example.com/f", "x.example.com/f"]
    assert held.patch == {"metadata": {"finalizers": finalizers, "resourceVersion": "7"}}
    assert isinstance(labelled, Patch)
    assert (labelled.patch, labelled.type) == ({"metadata": {"labels": {"seen": "yes-it-was"}}}, "merge")
    assert isinstance(gone, Delete)


def test_a_template_that_fails_is_told_by_an_event(tmp_path: Path) -> None:
    (said,) = actions(tmp_path, {"next": {"statusTemplate": "{{ upper 3 }}"}})
    assert isinstance(said, Emit)
    assert (said.type, said.reason) == ("Warning", "StageFailed")


@pytest.mark.parametrize("runtime", ["docker://27", ""])
def test_pods_of_other_nodes_are_left_alone(tmp_path: Path, runtime: str) -> None:
    played = player(tmp_path, *fast())
    assert played.reconcile(WEB, State(node(runtime), pod(), controller=played), NOW) == Plan()


def test_no_two_pods_have_one_address_and_a_restart_takes_none_away(tmp_path: Path) -> None:
    pods = [pod(f"p{number}") for number in range(5)]
    kept = pod("kept", status={"phase": "Running", "podIP": "10.9.0.11"})
    played = player(tmp_path, *fast())
    given = []
    for each in pods:
        (patch,) = plan(played, kept, *pods, key=Key(*each.key)).actions
        assert isinstance(patch, Patch)
        given.append(patch.patch["status"]["podIP"])
    free = [address for address in given if address]
    assert len(set(free)) == len(free) == 4, "the range has no more"
    assert "10.9.0.11" not in free
    played.reconcile(Key("default", "p0"), State(node(), kept, *pods[1:], controller=played), NOW)
    late = pod("late")
    (patch,) = plan(played, kept, *pods[1:], late, key=Key("default", "late")).actions
    assert isinstance(patch, Patch)
    assert patch.patch["status"]["podIP"] == given[0], "what a pod gave back is free again"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"kind": "Pod"}, "something else than a Stage of kwok.x-k8s.io/v1alpha1"),
        (stage(nxt={}), "nxt is not served"),
        (stage(next={"patches": [{"template": "", "type": "json"}]}), "json"),
        (stage(delay={"durationMilliseconds": "1s"}), "'1s' is not of type int"),
        (stage(kind="Deployment"), "only pods have stages here"),
        (stage(kind="Node"), "there are no stages of pods"),
        (
            stage(next={"statusTemplate": "{{ nonsense }}"}),
            "the stage 'ready' cannot be played: a template calls nonsense",
        ),
        (stage(selector={"matchExpressions": [{"key": ".a[", "operator": "Exists"}]}), "none of jq's"),
        (stage(selector={"matchExpressions": [{"key": ".a", "operator": "In"}]}), "In needs values"),
        (stage(selector={"matchExpressions": [{"cel": {"expression": "true"}}]}), "cel is not served"),
        ({"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "spec": {}}, "resourceRef"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_in_words(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        player(tmp_path, document)
    assert words in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the stages .*none.yaml"):
        read_stages([str(tmp_path / "none.yaml")])


STAGES = "stages.yaml"


@pytest.fixture
def stage_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(STAGES).write_text(yaml.safe_dump_all(fast()))


@pytest.mark.sampan(settings={"plugins": {"stages": [STAGES]}})
def test_a_cluster_follows_its_stages(stage_file: None, sampan_cluster: LiveCluster) -> None:
    """A controller, not the node agent, says what becomes of pods: they are as ready as their file has them."""
    spec = {"containers": [{"name": "c", "image": "i:1"}], "readinessGates": [{"conditionType": "example.com/gate"}]}
    sampan_cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec})
    running = sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
    assert running.status.pod_ip
    assert "example.com/gate" in {each.type for each in running.status.conditions}
    sampan_cluster.delete(Pod, "default", "web")
    sampan_cluster.wait_gone(Pod, "default", "web")
