"""What the cluster's own components ask, in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sampan.core.api.audit.auditor import Auditor
from sampan.core.api.audit.policy import policy_of
from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import User
from sampan.core.errors import Forbidden, NotFound
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from tests.core.api.conftest import MovableClock

pytestmark = pytest.mark.anyio

PATH = "/api/v1/namespaces/default/configmaps"
CONTROLLER = User(name="system:serviceaccount:kube-system:some-controller", groups=("system:masters",))
Events = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def events(server: ApiServer, clock: MovableClock) -> Events:
    """Everything is kept from now on; the result ends that and has the events at the end of each request."""
    rules = [{"level": "RequestResponse", "omitStages": ["RequestReceived"]}]
    policy = policy_of({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules})
    found: list[Any] = []
    server.app.auditor = Auditor(clock, policy, listener=found.append)

    def end() -> list[dict[str, Any]]:
        server.app.auditor.close()
        return found

    return end


def config_map(name: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data={"k": "v"})


async def test_a_components_write_is_told_with_its_user_and_bodies(server: ApiServer, events: Events) -> None:
    made = await server.client(CONTROLLER, "some-controller").create(config_map("a"))
    [event] = events()
    assert event["user"] == {"username": CONTROLLER.name, "groups": ["system:masters"]}
    assert event["userAgent"] == "some-controller"
    assert (event["verb"], event["requestURI"], event["stage"]) == ("create", PATH, "ResponseComplete")
    assert event["objectRef"] == {"resource": "configmaps", "namespace": "default", "name": "a", "apiVersion": "v1"}
    assert event["requestObject"]["data"] == {"k": "v"}
    assert event["responseObject"]["metadata"]["uid"] == made.metadata.uid
    assert event["responseStatus"]["code"] == 201
    assert event["annotations"]["authorization.k8s.io/decision"] == "allow"


async def test_what_is_refused_is_told_with_the_reason(server: ApiServer, events: Events) -> None:
    with pytest.raises(NotFound):
        await server.client(CONTROLLER).get(ConfigMap, "default", "nowhere")
    with pytest.raises(Forbidden):
        await server.client(User(name="nobody")).delete(ConfigMap, "default", "a")
    missing, denied = events()
    assert (missing["requestURI"], missing["responseStatus"]["reason"]) == (f"{PATH}/nowhere", "NotFound")
    assert (denied["verb"], denied["responseStatus"]["code"]) == ("delete", 403)
    assert denied["annotations"]["authorization.k8s.io/decision"] == "forbid"


async def test_a_watch_is_told_as_it_begins_and_as_it_ends(server: ApiServer, events: Events) -> None:
    client = server.client(CONTROLLER)
    listed = await client.list(ConfigMap, "default")
    async with client.watch(ConfigMap, "default", resource_version=listed.resource_version):
        pass
    assert [(each["verb"], each["stage"]) for each in events()] == [
        ("list", "ResponseComplete"),
        ("watch", "ResponseStarted"),
        ("watch", "ResponseComplete"),
    ]
