"""Static pods: a folder's manifests as mirror pods."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Create, Delete
from sampan.core.errors import BadRequest
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.identity import node_uid
from sampan.core.node.static_pods import (
    FolderWatch,
    ManifestFollower,
    Manifests,
    StaticPodController,
    mirror_pod,
    read_manifests,
)
from sampan.core.testing.clock import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: kube-system}
spec:
  containers: [{name: c, image: nginx}]
"""
KEY = Key("kube-system", "web-a")


class Cache:
    """A `Lister` over a few pods, and the node ``a`` unless it is not there."""

    def __init__(self, *pods: Pod, node: bool = True) -> None:
        self._pods = pods
        self._node = node

    def get(self, kind: Any, namespace: str, name: str) -> Any:
        if kind is Node:
            return Node(metadata=ObjectMeta(name="a", uid="n-1")) if self._node and name == "a" else None
        return next((pod for pod in self._pods if pod.key == (namespace, name)), None)

    def list(self, kind: Any, namespace: str | None = None) -> Sequence[Any]:
        return self._pods

    def owned_by(self, kind: Any, uid: str) -> Sequence[Any]:
        return ()

    def indexed(self, kind: Any, index: str, value: str) -> Sequence[Any]:
        return ()

    def tally(self, kind: Any, tally: str, value: str) -> Mapping[Hashable, int]:
        return {}


@pytest.fixture
def controller(tmp_path: Path) -> StaticPodController:
    (tmp_path / "web.yaml").write_text(MANIFEST)
    made = StaticPodController(tmp_path, "a")
    assert made.reload() == {KEY}
    return made


def made_by(controller: StaticPodController) -> Pod:
    """The pod that the controller asks for where there is none."""
    (action,) = controller.reconcile(KEY, Cache(), NOW).actions
    assert isinstance(action, Create)
    assert isinstance(action.obj, Pod)
    return action.obj


def test_a_manifest_becomes_a_mirror_pod_on_its_node(controller: StaticPodController) -> None:
    pod = made_by(controller)
    assert pod.key == ("kube-system", "web-a")
    assert pod.spec.node_name == "a"
    assert pod.metadata.annotations["kubernetes.io/config.source"] == "file"
    assert set(pod.metadata.annotations) >= {"kubernetes.io/config.hash", "kubernetes.io/config.mirror"}


def test_a_mirror_pod_belongs_to_its_node_and_waits_for_it(controller: StaticPodController) -> None:
    (owner,) = made_by(controller).metadata.owner_references
    assert (owner.kind, owner.name, owner.uid, owner.controller) == ("Node", "a", "n-1", True)
    assert controller.reconcile(KEY, Cache(node=False), NOW).actions == ()
    arrival = Node(metadata=ObjectMeta(name="a"))
    assert [tuple(each.keys(arrival, Cache())) for each in controller.watches if each.kind is Node] == [(KEY,)]


@pytest.mark.parametrize(
    ("spec", "resource"),
    [
        ("serviceAccountName: robot", "serviceaccounts"),
        ("imagePullSecrets: [{name: s}]", "secrets"),
        ("volumes: [{name: v, configMap: {name: c}}]", "configmaps"),
        ("volumes: [{name: v, projected: {sources: [{secret: {name: s}}]}}]", "secrets"),
        ("volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]", "persistentvolumeclaims"),
        ("initContainers: [{name: i, image: x, envFrom: [{configMapRef: {name: c}}]}]", "configmaps"),
    ],
)
def test_a_static_pod_refers_to_nothing_that_only_the_api_has(spec: str, resource: str) -> None:
    with pytest.raises(BadRequest, match=f"static pods may not reference {resource}"):
        mirror_pod(f"{MANIFEST}  {spec}\n".encode(), ".yaml", "a")


def test_what_is_there_as_wanted_is_left_alone(controller: StaticPodController) -> None:
    assert controller.reconcile(KEY, Cache(made_by(controller)), NOW).actions == ()


def test_a_changed_manifest_replaces_the_pod(controller: StaticPodController, tmp_path: Path) -> None:
    before = made_by(controller)
    (tmp_path / "web.yaml").write_text(MANIFEST.replace("nginx", "redis"))
    assert controller.reload() == {KEY}
    (action,) = controller.reconcile(KEY, Cache(before), NOW).actions
    assert isinstance(action, Delete)
    assert made_by(controller).spec.containers[0].image == "redis"


def test_a_removed_manifest_removes_the_pod(controller: StaticPodController, tmp_path: Path) -> None:
    pod = made_by(controller)
    (tmp_path / "web.yaml").unlink()
    assert controller.reload() == {KEY}
    (action,) = controller.reconcile(KEY, Cache(pod), NOW).actions
    assert isinstance(action, Delete)
    ending = evolve(pod, metadata=evolve(pod.metadata, deletion_timestamp=NOW))
    assert controller.reconcile(KEY, Cache(ending), NOW).actions == ()


def test_a_mirror_pod_that_somebody_deletes_goes_at_once_to_be_made_anew(controller: StaticPodController) -> None:
    pod = made_by(controller)
    ending = evolve(pod, metadata=evolve(pod.metadata, uid="u", deletion_timestamp=NOW))
    (action,) = controller.reconcile(KEY, Cache(ending), NOW).actions
    assert action == Delete(kind=Pod, namespace=KEY.namespace, name=KEY.name, uid="u", grace_period=0)
    assert made_by(controller) == pod


class TestIdentity:
    """A static pod stays the same while its mirror pod is made anew; nothing else passes for it."""

    def test_any_other_pod_is_known_by_its_uid(self) -> None:
        assert node_uid(Pod(metadata=ObjectMeta(name="web", uid="u"))) == "u"

    def test_a_mirror_pod_is_known_by_its_name_and_manifest(self, controller: StaticPodController) -> None:
        mirror = made_by(controller)
        again = evolve(mirror, metadata=evolve(mirror.metadata, uid="another"))
        assert {node_uid(mirror), node_uid(again)} == controller.uids()
        forged = evolve(mirror, metadata=evolve(mirror.metadata, name="forged"))
        assert node_uid(forged) not in controller.uids()


def test_a_file_that_cannot_be_read_for_a_moment_keeps_its_pod(controller: StaticPodController, tmp_path: Path) -> None:
    pod = made_by(controller)
    (tmp_path / "web.yaml").write_text("")
    assert controller.reload() == set()
    assert controller.reconcile(KEY, Cache(pod), NOW).actions == ()
    assert made_by(controller) == pod
    (tmp_path / "web.yaml").unlink()
    assert controller.reload() == {KEY}


def test_while_a_file_has_never_been_read_no_pod_is_taken_for_unwanted(
    controller: StaticPodController, tmp_path: Path
) -> None:
    pod = made_by(controller)
    (tmp_path / "web.yaml").write_text("")
    restarted = StaticPodController(tmp_path, "a")
    restarted.reload()
    assert restarted.reconcile(KEY, Cache(pod), NOW).actions == ()
    (tmp_path / "web.yaml").unlink()
    assert restarted.reload() == {KEY}
    (action,) = restarted.reconcile(KEY, Cache(pod), NOW).actions
    assert isinstance(action, Delete)


def test_a_pod_of_that_name_that_is_no_mirror_is_not_touched(controller: StaticPodController) -> None:
    pod = made_by(controller)
    stranger = evolve(pod, metadata=evolve(pod.metadata, annotations={}))
    assert controller.reconcile(KEY, Cache(stranger), NOW).actions == ()


@pytest.mark.parametrize(
    "text", ["{", "kind: Service\napiVersion: v1\n", "kind: Pod\napiVersion: v1\nspec: {containers: 7}"]
)
def test_a_bad_manifest_is_left_out_and_holds_nobody_up(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(MANIFEST)
    (tmp_path / "notes.txt").write_text("not a manifest")
    found = read_manifests(tmp_path, "a")
    assert [pod.metadata.name for pod in found.pods.values()] == ["web-a"]
    assert found.unread == {tmp_path / "a.yaml"}
    assert "a.yaml is left out" in caplog.text


@pytest.mark.anyio
async def test_a_change_of_the_folder_is_heard_of(tmp_path: Path) -> None:
    heard = asyncio.Event()
    watch = FolderWatch(tmp_path, heard.set)
    (tmp_path / "web.yaml").write_text(MANIFEST)
    await asyncio.wait_for(heard.wait(), 10)
    await watch.stop()


@pytest.mark.anyio
async def test_changes_in_a_row_are_one_and_are_read_off_the_event_loop(
    controller: StaticPodController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, reads, seen = FakeClock(), list[threading.Thread](), asyncio.Queue[Key]()
    read = controller.read

    def watched() -> Manifests:
        reads.append(threading.current_thread())
        return read()

    monkeypatch.setattr(controller, "read", watched)
    follower = ManifestFollower(controller, seen.put_nowait, clock)
    follower.start()
    assert await asyncio.wait_for(seen.get(), 10) == KEY, "what is wanted is looked at once"
    await clock.asked()
    (tmp_path / "web.yaml").write_text("")
    (tmp_path / "web.yaml").write_text(MANIFEST.replace("nginx", "redis"))
    clock.advance(0.1)
    assert await asyncio.wait_for(seen.get(), 10) == KEY
    assert made_by(controller).spec.containers[0].image == "redis"
    await follower.stop()
    assert len(reads) == 1
    assert reads[0] is not threading.main_thread()
