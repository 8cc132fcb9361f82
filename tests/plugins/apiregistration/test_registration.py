"""APIServices of local groups: made at the start, kept with the definitions of custom kinds, left to who made them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sampan.core.config import ClusterContext, Config, FrontProxy
from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import NOTHING, Create, Delete, Plan, Update
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.apiregistration_v1.api_service import APIService
from sampan.core.model.builtin import BUILTIN_KINDS, Deployment, Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.schema.codec import from_wire
from sampan.core.testing.state import State
from sampan.plugins.apiregistration.authentication import AuthenticationConfig
from sampan.plugins.apiregistration.local import ALWAYS, MANAGED, ON_START, LocalGroundwork, local_spec
from sampan.plugins.apiregistration.registration import Registration

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LOCAL = {
    "type": "Available", "status": "True", "lastTransitionTime": "2030-01-01T00:00:00Z", "reason": "Local",
    "message": "Local APIServices are always available",
}  # fmt: skip


def api_service(group: str, version: str = "v1", kept: str = "", **spec: Any) -> APIService:
    labels = {MANAGED: kept} if kept else {}
    meta = {"name": f"{version}.{group}", "uid": "u", "labels": labels}
    whole = {"metadata": meta, "spec": {**local_spec(group, version), **spec}, "status": {"conditions": [LOCAL]}}
    return from_wire(APIService, whole)


def definition(group: str, *versions: str, served: bool = True) -> CustomResourceDefinition:
    names = {"plural": "boats", "kind": "Boat"}
    listed = [{"name": each, "served": served, "storage": True} for each in versions]
    spec = {"group": group, "names": names, "scope": "Namespaced", "versions": listed}
    return from_wire(CustomResourceDefinition, {"metadata": {"name": f"boats.{group}"}, "spec": spec})


def decide(name: str, *objects: KubeObject) -> Plan:
    made = Registration(BUILTIN_KINDS)
    return made.reconcile(Key("", name), State(*objects, controller=made), NOW)


def test_a_served_version_of_a_definition_gets_one() -> None:
    [action] = decide("v1.example.com", definition("example.com", "v1", "v2")).actions
    assert isinstance(action, Create)
    assert isinstance(action.obj, APIService)
    assert action.obj.metadata.labels == {MANAGED: ALWAYS}
    spec = action.obj.spec
    assert (spec.group, spec.version, spec.group_priority_minimum, spec.version_priority) == (
        "example.com",
        "v1",
        1000,
        100,
    )
    assert decide("v1.example.com", definition("example.com", "v1", served=False)) == NOTHING


@pytest.mark.parametrize("kept", [ALWAYS, ON_START])
def test_one_that_nothing_wants_any_more_goes(kept: str) -> None:
    [action] = decide("v1.example.com", api_service("example.com", kept=kept)).actions
    assert isinstance(action, Delete)
    assert action.uid == "u"


def test_one_that_people_made_is_theirs() -> None:
    other = {"namespace": "a", "name": "server"}
    assert decide("v1.example.com", api_service("example.com", service=other)) == NOTHING
    assert decide("v1.example.com", api_service("example.com")) == NOTHING


def test_a_changed_one_is_put_right_only_where_it_is_kept_always() -> None:
    changed = api_service("example.com", kept=ALWAYS, versionPriority=7)
    [action] = decide("v1.example.com", changed, definition("example.com", "v1")).actions
    assert isinstance(action, Update)
    assert isinstance(action.obj, APIService)
    assert action.obj.spec.version_priority == 100
    assert decide("v1.apps", api_service("apps", kept=ON_START, versionPriority=7)) == NOTHING


def test_a_local_one_is_always_available() -> None:
    new = from_wire(APIService, {"metadata": {"name": "v1.example.com"}, "spec": local_spec("example.com", "v1")})
    [action] = decide("v1.example.com", new).actions
    assert isinstance(action, Update)
    assert isinstance(action.obj, APIService)
    assert action.subresource == "status"
    [condition] = action.obj.status.conditions
    assert (condition.status, condition.reason, condition.last_transition_time) == ("True", "Local", NOW)


def test_the_servers_own_groups_have_theirs_from_the_start() -> None:
    made = LocalGroundwork((Pod, Deployment, APIService), lambda: NOW)
    objects = {wire["metadata"]["name"]: wire for _, wire in made.objects()}
    assert list(objects) == ["v1.", "v1.apps"]
    assert objects["v1."]["spec"] == {"version": "v1", "groupPriorityMinimum": 18000, "versionPriority": 1}
    assert objects["v1.apps"]["status"] == {"conditions": [LOCAL]}
    wanted = objects["v1.apps"]
    taken = {**wanted, "spec": {**wanted["spec"], "service": {"name": "x", "namespace": "y"}}}
    assert made.lacking(wanted, wanted) == {}
    assert made.lacking(taken, wanted) == {"spec": {**wanted["spec"], "service": None}}
    assert made.lacking({**taken, "metadata": {"name": "v1.apps"}}, wanted) == {}


def test_other_servers_learn_whom_to_believe(tmp_path: Path) -> None:
    proxy = FrontProxy(ca_pem="PROXY\n", certificate_file=tmp_path / "c", key_file=tmp_path / "k")
    context = ClusterContext(config=Config(data_dir=tmp_path), service_cidr="", ca_pem="CA\n", front_proxy=proxy)
    made = AuthenticationConfig(context)
    [(_, wanted)] = made.objects()
    data = wanted["data"]
    assert (data["client-ca-file"], data["requestheader-client-ca-file"]) == ("CA\n", "PROXY\n")
    assert json.loads(data["requestheader-allowed-names"]) == ["front-proxy-client"]
    assert json.loads(data["requestheader-extra-headers-prefix"]) == ["X-Remote-Extra-"]
    assert made.lacking(wanted, wanted) == {}
    of_another = {"data": {**data, "client-ca-file": "OTHER\n"}}
    assert made.lacking(of_another, wanted) == {"data": {"client-ca-file": "OTHER\nCA\n"}}
