"""What admission adds to pods, and what it refuses."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import pytest

from sampan.core.contracts.access import AdmissionRequest, User
from sampan.core.errors import ApiError, Forbidden, NotFound
from sampan.core.model.builtin import ConfigMap, Namespace, Pod
from sampan.core.model.kinds import KindInfo, info
from sampan.plugins.admission.default_tolerations import DefaultTolerationSeconds
from sampan.plugins.admission.namespace_lifecycle import NamespaceLifecycle
from sampan.plugins.admission.pod_resize import PodResizeValidator
from sampan.plugins.admission.priority import Priority
from sampan.plugins.admission.runtime_class import RuntimeClassAdmission
from sampan.plugins.admission.service_account import MOUNT_PATH, ServiceAccountAdmission
from sampan.plugins.admission.topology_labels import PodTopologyLabels

pytestmark = pytest.mark.anyio

NAMESPACE = {"metadata": {"name": "a"}}
ACCOUNT = {"metadata": {"name": "default", "namespace": "a"}}


@attrs.define
class Objects:
    """A `Reader` of (resource, object) pairs."""

    found: list[tuple[str, dict[str, Any]]]

    def get(self, resource: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        for each, obj in self.found:
            meta = obj["metadata"]
            if (each, meta.get("namespace", ""), meta["name"]) == (resource, namespace, name):
                return obj
        return None

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Mapping[str, Any]]:
        return [obj for each, obj in self.found if each == resource]

    def find_kind(self, api_version: str, kind: str) -> KindInfo | None:
        raise AssertionError("none of these admissions asks for kinds")

    def changed(self, resource: str) -> int:
        raise AssertionError("none of these admissions keeps what it found")


def request(
    obj: dict[str, Any] | None,
    *found: tuple[str, dict[str, Any]],
    kind: type = Pod,
    operation: Any = "CREATE",
    name: str = "p",
    namespace: str = "a",
    subresource: str = "",
) -> AdmissionRequest:
    return AdmissionRequest(
        operation=operation, info=info(kind), user=User(name="u"), namespace=namespace, name=name, subresource=subresource,
        obj=obj, old=None, dry_run=False, reader=Objects([("namespaces", NAMESPACE), *found]),
    )  # fmt: skip


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}], **copy.deepcopy(spec)}}


# NamespaceLifecycle


async def test_nothing_is_created_where_there_is_no_namespace() -> None:
    with pytest.raises(NotFound, match='namespaces "b" not found'):
        await NamespaceLifecycle().mutate(request({}, kind=ConfigMap, namespace="b"))
    await NamespaceLifecycle().mutate(request({}, kind=ConfigMap, namespace="a"))


async def test_nothing_is_created_in_a_namespace_that_ends() -> None:
    ending = {"metadata": {"name": "b", "deletionTimestamp": "2030-01-01T00:00:00Z"}}
    with pytest.raises(Forbidden) as refused:
        await NamespaceLifecycle().mutate(request({}, ("namespaces", ending), kind=ConfigMap, namespace="b"))
    assert [cause.reason for cause in refused.value.causes] == ["NamespaceTerminating"]
    await NamespaceLifecycle().mutate(
        request({}, ("namespaces", ending), kind=ConfigMap, namespace="b", operation="UPDATE")
    )


async def test_the_systems_namespaces_stay() -> None:
    with pytest.raises(Forbidden):
        await NamespaceLifecycle().mutate(request(None, kind=Namespace, operation="DELETE", name="kube-system"))
    await NamespaceLifecycle().mutate(request(None, kind=Namespace, operation="DELETE", name="mine"))


# ServiceAccount


async def test_a_pod_runs_as_the_default_account_and_finds_its_token() -> None:
    obj = pod()
    await ServiceAccountAdmission().mutate(request(obj, ("serviceaccounts", ACCOUNT)))
    assert obj["spec"]["serviceAccountName"] == "default"
    (volume,) = obj["spec"]["volumes"]
    (mount,) = obj["spec"]["containers"][0]["volumeMounts"]
    assert mount == {"name": volume["name"], "readOnly": True, "mountPath": MOUNT_PATH}
    assert [next(iter(each)) for each in volume["projected"]["sources"]] == [
        "serviceAccountToken", "configMap", "downwardAPI",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "account"),
    [
        ({"automountServiceAccountToken": False}, {}),
        ({}, {"automountServiceAccountToken": False}),
        ({"containers": [{"name": "c", "volumeMounts": [{"name": "own", "mountPath": MOUNT_PATH}]}]}, {}),
    ],
)
async def test_no_token_where_nobody_wants_one(spec: dict[str, Any], account: dict[str, Any]) -> None:
    obj = pod(**spec)
    await ServiceAccountAdmission().mutate(request(obj, ("serviceaccounts", {**ACCOUNT, **account})))
    assert "volumes" not in obj["spec"]


async def test_a_pods_own_word_outweighs_its_accounts() -> None:
    obj = pod(automountServiceAccountToken=True)
    account = {**ACCOUNT, "automountServiceAccountToken": False, "imagePullSecrets": [{"name": "s"}]}
    await ServiceAccountAdmission().mutate(request(obj, ("serviceaccounts", account)))
    assert len(obj["spec"]["volumes"]) == 1
    assert obj["spec"]["imagePullSecrets"] == [{"name": "s"}]


async def test_an_account_that_is_not_there_is_named() -> None:
    with pytest.raises(Forbidden, match='error looking up service account a/robot: serviceaccount "robot" not found'):
        await ServiceAccountAdmission().mutate(request(pod(serviceAccountName="robot")))


async def test_mirror_pods_have_no_account() -> None:
    obj = pod()
    obj["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    await ServiceAccountAdmission().mutate(request(obj))
    await ServiceAccountAdmission().validate(request(obj))
    obj["spec"]["serviceAccountName"] = "default"
    with pytest.raises(Forbidden):
        await ServiceAccountAdmission().validate(request(obj))


# DefaultTolerationSeconds


@pytest.mark.parametrize(
    ("present", "count"),
    [
        ([], 2),
        ([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}], 2),
        ([{"operator": "Exists"}], 1),
        ([{"key": "other", "operator": "Exists"}], 3),
    ],
)
async def test_pods_tolerate_sick_nodes_for_a_while(present: list[dict[str, Any]], count: int) -> None:
    obj = pod(tolerations=present)
    await DefaultTolerationSeconds().mutate(request(obj))
    assert len(obj["spec"]["tolerations"]) == count


# Priority


@pytest.mark.parametrize(
    ("spec", "priority"),
    [({}, 0), ({"priority": 0}, 0), ({"priorityClassName": "system-node-critical"}, 2_000_001_000)],
)
async def test_priorities(spec: dict[str, Any], priority: int) -> None:
    obj = pod(**spec)
    await Priority().mutate(request(obj))
    assert (obj["spec"]["priority"], obj["spec"]["preemptionPolicy"]) == (priority, "PreemptLowerPriority")


async def test_the_global_default_class_counts_where_none_is_named() -> None:
    high = {"metadata": {"name": "high"}, "value": 7, "globalDefault": True, "preemptionPolicy": "Never"}
    obj = pod()
    await Priority().mutate(request(obj, ("priorityclasses.scheduling.k8s.io", high)))
    assert [obj["spec"][field] for field in ("priorityClassName", "priority", "preemptionPolicy")] == [
        "high",
        7,
        "Never",
    ]


@pytest.mark.parametrize("spec", [{"priorityClassName": "none"}, {"priority": 5}])
async def test_priorities_that_nobody_gave_are_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="is forbidden"):
        await Priority().mutate(request(pod(**spec)))


# RuntimeClass

CLASS: dict[str, Any] = {
    "metadata": {"name": "boxed"},
    "handler": "boxed",
    "overhead": {"podFixed": {"memory": "64Mi"}},
    "scheduling": {"nodeSelector": {"boxes": "yes"}, "tolerations": [{"key": "boxes", "operator": "Exists"}]},
}
CLASSES = ("runtimeclasses.node.k8s.io", CLASS)


async def test_a_runtime_class_brings_its_overhead_and_its_nodes() -> None:
    obj = pod(runtimeClassName="boxed", nodeSelector={"disk": "fast"})
    asked = request(obj, CLASSES)
    await RuntimeClassAdmission().mutate(asked)
    await RuntimeClassAdmission().validate(asked)
    assert obj["spec"]["overhead"] == {"memory": "64Mi"}
    assert obj["spec"]["nodeSelector"] == {"disk": "fast", "boxes": "yes"}
    assert obj["spec"]["tolerations"] == CLASS["scheduling"]["tolerations"]


async def test_a_pod_without_a_runtime_class_is_left_as_it_is() -> None:
    obj = pod()
    await RuntimeClassAdmission().mutate(request(obj, CLASSES))
    assert obj == pod()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"runtimeClassName": "none"}, r'pods "p" is forbidden: pod rejected: RuntimeClass "none" not found'),
        ({"overhead": {"memory": "1Mi"}}, "Pod Overhead set without corresponding RuntimeClass defined Overhead"),
        ({"runtimeClassName": "boxed", "overhead": {"memory": "1Mi"}}, "Overhead doesn't match RuntimeClass's"),
        (
            {"runtimeClassName": "boxed", "nodeSelector": {"boxes": "no"}},
            r'pods "p" is forbidden: conflict: runtimeClass.scheduling.nodeSelector\[boxes\] = yes;'
            r" pod.spec.nodeSelector\[boxes\] = no",
        ),
    ],
)
async def test_runtime_classes_that_cannot_be_refuse_the_pod(spec: dict[str, Any], said: str) -> None:
    asked = request(pod(**spec), CLASSES)

    async def admit() -> None:
        await RuntimeClassAdmission().mutate(asked)
        await RuntimeClassAdmission().validate(asked)

    with pytest.raises(ApiError, match=said):
        await admit()


# PodTopologyLabels

ZONE = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r"}
NODE = {"metadata": {"name": "n", "labels": {**ZONE, "other": "x"}}}


async def test_a_binding_brings_the_zone_of_the_node_along() -> None:
    binding: dict[str, Any] = {"metadata": {"labels": {"by": "hand"}}, "target": {"name": "n"}}
    await PodTopologyLabels().mutate(request(binding, ("nodes", NODE), subresource="binding"))
    assert binding["metadata"]["labels"] == {"by": "hand", **ZONE}


async def test_a_pod_that_is_made_with_a_node_has_its_zone() -> None:
    obj = pod(nodeName="n")
    await PodTopologyLabels().mutate(request(obj, ("nodes", NODE)))
    assert obj["metadata"]["labels"] == ZONE


async def test_without_a_known_node_there_is_nothing_to_add() -> None:
    for obj in (pod(), pod(nodeName="unknown")):
        await PodTopologyLabels().mutate(request(obj, ("nodes", NODE)))
        assert "labels" not in obj["metadata"]


# PodResizeValidator


@pytest.mark.parametrize(
    ("cpu", "memory", "said"),
    [
        ("2", "1Gi", ""),
        ("2100m", "1Gi", "cpu, requested: 2100, allocatable: 2000"),
        ("3", "2Gi", "cpu, requested: 3000, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824"),
    ],
)
async def test_a_resize_beyond_the_whole_node_is_refused(cpu: str, memory: str, said: str) -> None:
    def asking(**requests: str) -> dict[str, Any]:
        return pod(nodeName="n", containers=[{"name": "c", "image": "i", "resources": {"requests": requests}}])

    node = {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}}}
    asked = request(asking(cpu=cpu, memory=memory), ("nodes", node), operation="UPDATE", subresource="resize")
    asked = attrs.evolve(asked, old=asking(cpu="1", memory="1Gi"))
    if not said:
        await PodResizeValidator().validate(asked)
        return
    with pytest.raises(Forbidden) as refused:
        await PodResizeValidator().validate(asked)
    assert refused.value.message == (f'pods "p" is forbidden: node didn\'t have enough allocatable resources: {said}')
    assert [cause.to_wire() for cause in refused.value.causes] == [{"reason": "NodeCapacity"}]
    await PodResizeValidator().validate(attrs.evolve(asked, old=asked.obj))
