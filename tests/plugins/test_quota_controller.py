"""What the quota controller writes into a quota's status."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import NOTHING, Patch, Plan
from sampan.core.model.builtin import BUILTIN_KINDS, ConfigMap, Pod
from sampan.core.model.core_v1.resource_quota import ResourceQuota
from sampan.core.model.kinds import KubeObject
from sampan.core.schema.codec import from_wire
from sampan.core.testing.state import State
from sampan.plugins.quota.controller import QuotaController

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def quota(bounds: dict[str, str], **status: Any) -> ResourceQuota:
    wire = {"metadata": {"name": "q", "namespace": "a"}, "spec": {"hard": bounds}, "status": status}
    return from_wire(ResourceQuota, wire)


def pod(name: str, namespace: str = "a", phase: str = "Running") -> Pod:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "600m"}, "limits": {"memory": "256Mi"}}}
    meta = {"name": name, "namespace": namespace}
    return from_wire(Pod, {"metadata": meta, "spec": {"containers": [container]}, "status": {"phase": phase}})


def decide(*objects: KubeObject) -> Plan:
    return QuotaController(BUILTIN_KINDS).reconcile(Key("a", "q"), State(*objects), NOW)


def test_what_is_used_is_told() -> None:
    hard = {"pods": "2", "requests.cpu": "1", "limits.memory": "1Gi", "count/secrets": "0", "count/configmaps": "9"}
    others = (pod("b"), pod("elsewhere", "b"), pod("over", phase="Succeeded"))
    config = from_wire(ConfigMap, {"metadata": {"name": "m", "namespace": "a"}})
    [action] = decide(quota(hard), *others, config).actions
    assert isinstance(action, Patch)
    used = {
        "pods": "1",
        "requests.cpu": "600m",
        "limits.memory": "256Mi",
        "count/secrets": "0",
        "count/configmaps": "1",
    }
    assert action.patch == {"status": {"hard": hard, "used": used}}
    assert action.subresource == "status"


def test_nothing_is_written_where_nothing_is_new() -> None:
    assert decide(quota({"pods": "2"}, hard={"pods": "2"}, used={"pods": "1"}), pod("b")) == NOTHING


def test_what_is_no_longer_limited_goes() -> None:
    before = {"hard": {"pods": "2", "secrets": "3"}, "used": {"pods": "0", "secrets": "0"}}
    [action] = decide(quota({"pods": "5"}, **before)).actions
    assert isinstance(action, Patch)
    assert action.patch["status"] == {"hard": {"pods": "5", "secrets": None}, "used": {"pods": "0", "secrets": None}}
