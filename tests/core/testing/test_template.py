"""What clusters of one session share, and what none of them sees of another."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sampan.core.errors import NotFound
from sampan.core.model.builtin import ClusterRole, ConfigMap, Namespace, Node, Service, ServiceAccount
from sampan.core.schema.codec import from_wire
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.start import live_cluster
from sampan.core.testing.template import Template

MINE = from_wire(ConfigMap, {"metadata": {"name": "mine", "namespace": "default"}})


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    made = LoopThread()
    yield made
    made.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Template:
    return Template(tmp_path_factory.mktemp("shared") / "template", loop)


def test_a_cluster_sees_nothing_of_the_one_before(tmp_path: Path, loop: LoopThread, template: Template) -> None:
    with live_cluster(tmp_path / "a", loop, template=template) as first:
        first.create(MINE)
        assert len(first.list(Node)) == 1
    with live_cluster(tmp_path / "b", loop, nodes=0, template=template) as second:
        assert second.list(Node) == []
        with pytest.raises(NotFound):
            second.get(ConfigMap, "default", "mine")


@pytest.mark.parametrize("nodes", [0, 1])
def test_with_a_template_a_cluster_has_what_it_has_without(
    tmp_path: Path, loop: LoopThread, template: Template, nodes: int
) -> None:
    with live_cluster(tmp_path / "a", loop, nodes=nodes) as made:
        made.settle()
        anew = {kind: {obj.key for obj in made.list(kind)} for kind in (Namespace, ServiceAccount, ClusterRole)}
    with live_cluster(tmp_path / "b", loop, nodes=nodes, template=template) as begun:
        assert {kind: {obj.key for obj in begun.list(kind)} for kind in anew} == anew
        assert begun.request("GET", "/readyz") == "ok"


def test_the_systems_own_objects_are_as_new_as_the_cluster(
    tmp_path: Path, loop: LoopThread, template: Template
) -> None:
    """In times, uids and revisions."""
    seen = set()
    for year in (2030, 2031):
        clock = FakeClock(datetime(year, 1, 1, tzinfo=UTC))
        with live_cluster(tmp_path / str(year), loop, nodes=0, template=template, clock=clock) as made:
            for kind in (Namespace, ServiceAccount, ClusterRole, ConfigMap, Service):
                for obj in made.list(kind):
                    assert obj.metadata.creation_timestamp == clock.now(), obj.key
                    assert int(obj.metadata.resource_version or 0) < 1000
                    seen.add((obj.key, obj.metadata.uid))
                    assert {each.time for each in obj.metadata.managed_fields} <= {clock.now()}
    assert len({uid for _, uid in seen}) == len(seen) == 2 * len({key for key, _ in seen})


def test_the_kubernetes_service_leads_to_the_port_of_this_cluster(
    tmp_path: Path, loop: LoopThread, template: Template
) -> None:
    for name in ("a", "b"):
        with live_cluster(tmp_path / name, loop, nodes=0, template=template) as made:
            ports = made.get(Service, "default", "kubernetes").spec.ports
            assert [port.target_port for port in ports] == [int(made.server.rpartition(":")[2])]


def test_clusters_of_one_template_trust_one_authority(tmp_path: Path, loop: LoopThread, template: Template) -> None:
    found = set()
    for name in ("a", "b"):
        with live_cluster(tmp_path / name, loop, nodes=0, template=template) as made:
            root = made.get(ConfigMap, "default", "kube-root-ca.crt").data["ca.crt"]
            assert root == (tmp_path / name / "pki" / "ca.crt").read_text()
            found.add(root)
    assert len(found) == 1


def test_a_cluster_in_a_test_leaves_the_machine_as_it_is(
    tmp_path: Path, loop: LoopThread, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts no program: no nft for its services or policies, nothing to ask an engine."""
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **_: pytest.fail(f"it runs {words}"))
    with live_cluster(tmp_path / "a", loop, template=template) as made:
        made.apply(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "all"},
                "spec": {"podSelector": {}},
            }
        )
        made.settle()
        assert made.events("all") == []
