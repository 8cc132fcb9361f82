"""Contract suites on every part that comes with sampan: whatever is registered is held to what its sort promises."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, cast

import attrs

from sampan.core.api.server import make_gates
from sampan.core.api.webhook_client import WebhookClient
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.access import Authenticator
from sampan.core.contracts.controller import Controller
from sampan.core.contracts.metrics import MetricsProvider
from sampan.core.contracts.source import Source
from sampan.core.contracts.streams import ContainerUsage, NodeUsage, PodRef, PodUsage
from sampan.core.model.apps_v1.daemon_set import DaemonSet
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget
from sampan.core.plugins import load_plugins
from sampan.core.schema.codec import from_wire
from sampan.core.testing.access_contracts import (
    AdmissionContract,
    AuthenticatorContract,
    AuthorizerContract,
    NoObjects,
)
from sampan.core.testing.decision_contracts import ControllerContract
from sampan.core.testing.object_contracts import (
    GroundworkContract,
    MetricsProviderContract,
    SourceContract,
    source_context,
)
from sampan.plugins.metrics.kinds import NODES, PODS, NodeMetrics, PodMetrics
from tests.plugins.controllers.autoscaling.cases import Fleet
from tests.support.node import FakeNode

REGISTRY = load_plugins().registry
CONTEXT = ClusterContext(
    config=Config(data_dir=Path("/nowhere")), service_cidr="10.96.0.0/16", kinds=tuple(REGISTRY.kinds)
)


class SomeObjects(NoObjects):
    """Of a cluster that has just begun."""

    OBJECTS: Mapping[tuple[str, str, str], Mapping[str, Any]] = {
        ("namespaces", "", "default"): {"metadata": {"name": "default"}, "status": {"phase": "Active"}},
        ("serviceaccounts", "default", "default"): {"metadata": {"name": "default", "namespace": "default"}},
    }

    def get(self, resource: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        return self.OBJECTS.get((resource, namespace, name))

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Mapping[str, Any]]:
        return [obj for key, obj in self.OBJECTS.items() if key[0] == resource and namespace in (None, key[1])]


class NoTokens:
    """Knows none."""

    audiences = ("https://kubernetes.default.svc",)

    def read(self, token: str) -> None:
        return None


GATES = make_gates(REGISTRY, CONTEXT, SomeObjects(), cast(Any, NoTokens()), WebhookClient(SomeObjects()))


def suites(contract: type, parts: Iterable[Any], **more: Any) -> dict[str, type]:
    """The contract's tests for each part, by a name of its own."""
    found = {}
    for part in parts:
        name = f"Test{type(part).__name__}"
        found[name] = type(name, (contract,), {"make": lambda _self, part=part: part, **more})
    return found


globals().update(suites(AdmissionContract, GATES.admissions))
globals().update(suites(AuthorizerContract, GATES.authorizers))
STRANGERS = next(each for each in GATES.authenticators if type(each).__name__ == "Anonymous")
globals().update(suites(AuthenticatorContract, [each for each in GATES.authenticators if each is not STRANGERS]))


class TestAnonymous(AuthenticatorContract):
    """Who knows everybody that the others do not: those without credentials."""

    knows_strangers = True

    def make(self) -> Authenticator:
        return STRANGERS


LABELS = {"app": "web"}
CONTAINERS = [{"name": "c", "image": "i:1"}]
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": CONTAINERS, "restartPolicy": "Always"}}
WORKLOAD = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": TEMPLATE}
ONCE = {"metadata": {"labels": {"job": "j"}}, "spec": {"containers": CONTAINERS, "restartPolicy": "Never"}}
STORY: Sequence[tuple[type[KubeObject], dict[str, Any]]] = (
    (Namespace, {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}),
    (Node, {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
    (Deployment, {"spec": WORKLOAD}),
    (ReplicaSet, {"spec": WORKLOAD}),
    (StatefulSet, {"spec": {**WORKLOAD, "serviceName": "web"}}),
    (DaemonSet, {"spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}}),
    (Job, {"spec": {"completions": 1, "parallelism": 1, "selector": {"matchLabels": {"job": "j"}}, "template": ONCE}}),
    (Service, {"spec": {"selector": LABELS, "ports": [{"port": 80}], "clusterIP": "10.96.0.9"}}),
    (
        PersistentVolumeClaim,
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
    ),
    (PodDisruptionBudget, {"spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}}}),
    (Pod, {"spec": {"containers": CONTAINERS, "nodeName": "web"}, "status": {"phase": "Running"}}),
)


def story(controller: Controller) -> Sequence[Sequence[KubeObject]]:
    """One object of each kind that the controller follows, by itself and with the others."""
    followed = {watch.kind for watch in controller.watches}
    objects = [_made(cls, body) for cls, body in STORY]
    return [[obj] for obj in objects if type(obj) in followed]


def _made(cls: type[KubeObject], body: dict[str, Any]) -> KubeObject:
    namespace = {"namespace": "default"} if info(cls).namespaced else {}
    labels = body.get("spec", {}).get("selector", {}).get("matchLabels", LABELS)
    name = "default" if cls is Namespace else "web"
    metadata = {"name": name, "uid": f"uid-{cls.__name__}", "generation": 1, "labels": labels, **namespace}
    return from_wire(cls, {"metadata": metadata, **body})


def _suites_of_controllers() -> dict[str, type]:
    """Each is made anew for each test: controllers remember."""
    found = {}
    for part in REGISTRY.controllers:
        stories = story(part.make(CONTEXT))
        methods = {"make": lambda _self, part=part: part.make(CONTEXT), "stories": lambda _self, found=stories: found}
        found[f"Test_{part.name.replace('-', '_')}"] = type(part.name, (ControllerContract,), methods)
    return found


globals().update(_suites_of_controllers())


def _suites_of_groundworks() -> dict[str, type]:
    found = {}
    for part in REGISTRY.groundworks:
        methods = {"make": lambda _self, part=part: part.make(FULL)}
        found[f"Test_{part.name.replace('-', '_')}"] = type(part.name, (GroundworkContract,), methods)
    return found


FULL = attrs.evolve(CONTEXT, ca_pem="-----BEGIN CERTIFICATE-----", clock=lambda: datetime(2026, 5, 1, 12, tzinfo=UTC))
"""What groundworks look at is there, and stands still."""
globals().update(_suites_of_groundworks())


class OneNode(FakeNode):
    async def usage(self) -> NodeUsage:
        at = FULL.clock()
        container = ContainerUsage(name="c", cpu_nanocores=1500, cpu_nanos=9, memory_bytes=4 << 20, started_at=at)
        pod = PodUsage(
            pod=PodRef(namespace="default", name="web", uid="u"), containers=(container,), at=at, window=15.0
        )
        return NodeUsage(node="n", cpu_nanocores=7, memory_bytes=1 << 20, at=at, window=15.0, pods=(pod,))


class MetricsContract(SourceContract):
    """Of a cluster with a node and a pod on it."""

    source: ClassVar[str]

    def make(self) -> Source:
        context = source_context()
        context.nodes.enter("n", OneNode())
        return REGISTRY.sources.find(self.source).make(context)


class TestNodeMetrics(MetricsContract):
    kind, source = NodeMetrics, NODES

    def expected(self) -> Collection[tuple[str, str]]:
        return (("", "n"),)


class TestPodMetrics(MetricsContract):
    kind, source = PodMetrics, PODS

    def expected(self) -> Collection[tuple[str, str]]:
        return (("default", "web"),)


class TestFleet(MetricsProviderContract):
    """The one that the autoscalers' tests follow; sampan itself brings none."""

    def make(self) -> MetricsProvider:
        return Fleet(waiting=50)

    def metrics(self) -> Sequence[str]:
        return ("masts", "queue")


def test_each_sort_has_parts() -> None:
    assert [part.name for part in REGISTRY.sources] == sorted([TestNodeMetrics.source, TestPodMetrics.source])
    assert len(list(REGISTRY.groundworks)) > 2
    assert len(list(REGISTRY.controllers)) > 25
    assert len(GATES.admissions) > 15
    assert len(GATES.authenticators) > 3
    assert len(GATES.authorizers) > 2
