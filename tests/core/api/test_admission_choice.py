"""Admission plugins that run only where they are asked for, and the file that tells them how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sampan.core.api.admission_choice import chosen, read_settings
from sampan.core.api.server import ApiServer
from sampan.core.config import AdmissionChoice
from sampan.core.errors import ConfigError
from sampan.core.registry import Registry
from sampan.plugins.auth.rbac.notation import on, user
from tests.core.api.conftest import MovableClock
from tests.core.api.test_rbac import As, give
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

HERE = "/api/v1/namespaces/default"
MERGE = "application/merge-patch+json"
DEFAULT_ON = {
    "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "DefaultStorageClass", "PersistentVolumeClaimResize",
    "DefaultTolerationSeconds", "MutatingAdmissionWebhook", "ValidatingAdmissionWebhook", "ResourceQuota",
    "StorageObjectInUseProtection", "Priority", "TaintNodesByCondition", "RuntimeClass", "CertificateApproval",
    "DefaultIngressClass", "PodSecurity", "PodTopologyLabels", "MutatingAdmissionPolicy", "ValidatingAdmissionPolicy",
    "NodeRestriction",
}  # fmt: skip


def names(registry: Registry, **choice: tuple[str, ...]) -> set[str]:
    return {part.name for part in chosen(registry.admissions, AdmissionChoice(**choice), {})}  # type: ignore[arg-type]


def test_what_runs_is_what_kubernetes_runs(registry: Registry) -> None:
    running = names(registry)
    assert running >= DEFAULT_ON
    assert not running & {"AlwaysPullImages", "EventRateLimit", "OwnerReferencesPermissionEnforcement"}
    assert "AlwaysPullImages" in names(registry, enabled=("AlwaysPullImages",))
    assert "Priority" not in names(registry, disabled=("Priority",))


def test_wrong_names_are_refused(registry: Registry) -> None:
    with pytest.raises(ConfigError, match="'AlwaysPull', which is no admission plugin"):
        names(registry, enabled=("AlwaysPull",))
    with pytest.raises(ConfigError, match="at the same time"):
        names(registry, enabled=("Priority",), disabled=("Priority",))
    with pytest.raises(ConfigError, match="--admission-control-config-file names 'Nobody'"):
        chosen(registry.admissions, AdmissionChoice(), {"Nobody": {}})


def test_settings_lie_in_the_file_or_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "admission.yaml"
    plugins = [{"name": "A", "configuration": {"a": 1}}, {"name": "B", "path": "b.yaml"}]
    kind = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration"}
    file.write_text(yaml.safe_dump({**kind, "plugins": plugins}))
    (tmp_path / "b.yaml").write_text("b: 2")
    assert read_settings(file) == {"A": {"a": 1}, "B": {"b": 2}}
    file.write_text("kind: Pod")
    with pytest.raises(ConfigError, match="kind AdmissionConfiguration"):
        read_settings(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_settings(tmp_path / "nowhere")


async def test_a_new_node_is_tainted(api: AsgiClient) -> None:
    made = await api.post("/api/v1/nodes", {"metadata": {"name": "n"}})
    assert made.json["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    own = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule", "value": "x"}
    made = await api.post("/api/v1/nodes", {"metadata": {"name": "m"}, "spec": {"taints": [own]}})
    assert made.json["spec"]["taints"] == [own]


class TestAlwaysPullImages:
    @pytest.fixture
    def admission(self) -> AdmissionChoice:
        return AdmissionChoice(enabled=("AlwaysPullImages", "DenyServiceExternalIPs"))

    async def test_images_are_pulled(self, api: AsgiClient) -> None:
        spec = {
            "containers": [{"name": "c", "image": "i", "imagePullPolicy": "Never"}],
            "initContainers": [{"name": "b", "image": "i"}],
            "volumes": [{"name": "v", "image": {"reference": "r", "pullPolicy": "Never"}}],
        }
        made = (await api.post(f"{HERE}/pods", {"metadata": {"name": "p"}, "spec": spec})).json["spec"]
        policies = [each["imagePullPolicy"] for each in (*made["containers"], *made["initContainers"])]
        assert policies == ["Always", "Always"]
        assert made["volumes"][0]["image"]["pullPolicy"] == "Always"

    async def test_external_addresses_are_refused(self, api: AsgiClient) -> None:
        spec = {"ports": [{"port": 80}], "externalIPs": ["192.0.2.1"]}
        answer = await api.post(f"{HERE}/services", {"metadata": {"name": "s"}, "spec": spec})
        assert answer.code == 403
        assert "Use of external IPs is denied by admission control" in answer.json["message"]


class TestEventRateLimit:
    @pytest.fixture(params=["Server", "Namespace", "User", "SourceAndObject"])
    def admission(self, request: pytest.FixtureRequest, tmp_path: Path) -> AdmissionChoice:
        file = tmp_path / "admission.yaml"
        limits = [{"type": request.param, "qps": 1, "burst": 2}]
        kind = {"apiVersion": "eventratelimit.admission.k8s.io/v1alpha1", "kind": "Configuration"}
        plugins = [{"name": "EventRateLimit", "configuration": {**kind, "limits": limits}}]
        kind = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration"}
        file.write_text(yaml.safe_dump({**kind, "plugins": plugins}))
        return AdmissionChoice(enabled=("EventRateLimit",), settings=file)

    async def test_a_bucket_runs_dry_and_fills_again(self, api: AsgiClient, clock: MovableClock) -> None:
        async def post(number: int, **query: str) -> Any:
            event = {"metadata": {"name": f"e{number}"}, "involvedObject": {"namespace": "default", "name": "p"}}
            text = "&".join(f"{key}={value}" for key, value in query.items())
            return await api.post(f"{HERE}/events?{text}", event)

        assert [(await post(number)).code for number in range(3)] == [201, 201, 429]
        refused = (await post(3)).json
        assert refused["reason"] == "TooManyRequests"
        assert refused["message"].startswith("limit reached on type ")
        assert (await post(4, dryRun="All")).code == 201
        assert (await api.post(f"{HERE}/configmaps", {"metadata": {"name": "a"}})).code == 201
        clock.advance(1)
        assert [(await post(number)).code for number in (5, 6)] == [201, 429]


class TestOwnerReferences:
    @pytest.fixture
    def admission(self) -> AdmissionChoice:
        return AdmissionChoice(enabled=("OwnerReferencesPermissionEnforcement",))

    @pytest.fixture
    async def owner(self, api: AsgiClient, server: ApiServer) -> dict[str, Any]:
        made = await api.post(f"{HERE}/configmaps", {"metadata": {"name": "owner"}})
        for name, verbs in (("writer", "create update patch get"), ("deleter", "create update patch get delete")):
            await give(api, name, [user(name)], on(verbs, "", "configmaps"))
        return {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": made.json["metadata"]["uid"]}

    async def test_an_owner_is_set_by_who_may_delete(self, server: ApiServer, owner: dict[str, Any]) -> None:
        writer, deleter = As(server, "writer"), As(server, "deleter")
        body = {"metadata": {"name": "a", "ownerReferences": [owner]}}
        assert (await writer.request("POST", f"{HERE}/configmaps", body)).code == 201
        change: Any = {"metadata": {"ownerReferences": []}}
        refused = await writer.request("PATCH", f"{HERE}/configmaps/a", change, MERGE)
        assert refused.code == 403
        assert "cannot set an ownerRef on a resource you can't delete" in refused.json["message"]
        assert (await writer.request("PATCH", f"{HERE}/configmaps/a", {"data": {"k": "v"}}, MERGE)).code == 200
        assert (await deleter.request("PATCH", f"{HERE}/configmaps/a", change, MERGE)).code == 200

    async def test_blocking_an_owner_takes_a_right_to_its_finalizers(
        self, api: AsgiClient, server: ApiServer, owner: dict[str, Any]
    ) -> None:
        deleter = As(server, "deleter")
        body = {"metadata": {"name": "a", "ownerReferences": [{**owner, "blockOwnerDeletion": True}]}}
        refused = await deleter.request("POST", f"{HERE}/configmaps", body)
        assert refused.code == 403
        assert "a resource you can't set finalizers on" in refused.json["message"]
        unknown = {**owner, "kind": "Ghost", "blockOwnerDeletion": True}
        answer = await deleter.request(
            "POST", f"{HERE}/configmaps", {"metadata": {"name": "a", "ownerReferences": [unknown]}}
        )
        assert "cannot find RESTMapping for APIVersion v1 Kind Ghost" in answer.json["message"]
        await give(api, "finalizer", [user("deleter")], on("update", "", "configmaps/finalizers"))
        assert (await deleter.request("POST", f"{HERE}/configmaps", body)).code == 201
