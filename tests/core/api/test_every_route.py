"""Every verb of every resource that discovery names: nobody gets there without the right, and with it alone one does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import attrs
import pytest

from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import AUTHENTICATED, User
from sampan.plugins.auth.rbac.notation import at, on, user
from sampan.plugins.auth.tokens import StaticTokens
from tests.core.api.test_rbac import give
from tests.support.asgi import PATCH_TYPES, Answer, AsgiClient

pytestmark = pytest.mark.anyio

TOKEN: Final = "guest"
ROLE: Final = "/apis/rbac.authorization.k8s.io/v1/clusterroles/route"
METHODS: Final = {
    "get": "GET", "list": "GET", "watch": "GET", "create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE",
    "deletecollection": "DELETE",
}  # fmt: skip
OF_COLLECTIONS: Final = ("list", "watch", "create", "deletecollection")
EVERY_VERB: Final = (*METHODS, "impersonate", "escalate", "bind")
BASIC: Final = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
}
"""Everybody may ask these about themselves."""


STREAMS: Final = ("pods/attach", "pods/exec", "pods/portforward")
"""A GET of these takes the right to create as well: it opens a stream."""


@attrs.frozen
class Route:
    group: str
    version: str
    resource: str
    """With its subresource."""
    namespaced: bool
    verb: str

    @property
    def path(self) -> str:
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        plural, _, subresource = self.resource.partition("/")
        path = f"{base}/namespaces/default/{plural}" if self.namespaced else f"{base}/{plural}"
        if subresource:
            return f"{path}/nobody/{subresource}"
        return path if self.verb in OF_COLLECTIONS else f"{path}/nobody"


async def routes(api: AsgiClient) -> AsyncIterator[Route]:
    groups = [("", "v1")]
    for group in (await api.get("/apis")).json["groups"]:
        groups += [(group["name"], each["version"]) for each in group["versions"]]
    for name, version in groups:
        found = (await api.get(f"/apis/{name}/{version}" if name else f"/api/{version}")).json
        for resource in found["resources"]:
            for verb in resource["verbs"]:
                yield Route(name, version, resource["name"], resource["namespaced"], verb)


async def ask(client: AsgiClient, route: Route) -> Answer:
    """Without changing anything."""
    if route.verb == "watch":
        async with client.watch(f"{route.path}?watch=true&resourceVersion=0") as stream:
            await stream.started.wait()
            return Answer(stream.code, {}, b"".join([await stream.line()] if stream.code == 403 else []))
    method = METHODS[route.verb]
    body: Any = None if method in ("GET", "DELETE") else {}
    kind = PATCH_TYPES["merge"] if method == "PATCH" else ""
    query = "" if method == "GET" else "?dryRun=All"
    return await client.request(method, f"{route.path}{query}", body, content_type=kind)


@pytest.fixture
async def guest(server: ApiServer, api: AsgiClient) -> AsgiClient:
    """Somebody with no rights but those of the ClusterRole ``route``."""
    gates = server.pipeline.gates
    known = StaticTokens({TOKEN: User(name="guest", groups=(AUTHENTICATED,))})
    gates.authenticators = [known, *gates.authenticators]
    await give(api, "route", [user("guest")], on("get", "nowhere", "nothing"))
    return AsgiClient(server.app, TOKEN)


async def grant(api: AsgiClient, *rules: Any) -> None:
    assert (await api.patch(ROLE, {"rules": list(rules)})).code == 200


async def test_every_verb_takes_its_own_right_and_no_other(api: AsgiClient, guest: AsgiClient) -> None:
    wrong: list[tuple[str, Route, int, bytes]] = []
    number = 0
    async for route in routes(api):
        if (route.group, route.resource) in BASIC:
            continue
        number += 1
        others = " ".join(verb for verb in EVERY_VERB if verb != route.verb)
        plural, _, subresource = route.resource.partition("/")
        beside = f"{plural} {plural}/elsewhere" if subresource else f"{plural}/*"
        await grant(api, on(others, route.group, route.resource), on("*", route.group, beside), on("*", "other", "*"))
        refused = await ask(guest, route)
        status = refused.json if refused.raw else {}
        if refused.code != 403 or (status.get("reason"), status.get("status")) != ("Forbidden", "Failure"):
            wrong.append(("let in", route, refused.code, refused.raw))
        await grant(api, on("get create" if route.resource in STREAMS else route.verb, route.group, route.resource))
        served = await ask(guest, route)
        failed = served.code >= 500 and served.json.get("reason")  # what Kubernetes leaves unclassified has none
        if served.code in (401, 403, 405) or failed:
            wrong.append(("kept out", route, served.code, served.raw))
    assert not wrong, "\n".join(map(str, wrong))
    assert number > 500


@pytest.mark.parametrize("path", ["/metrics", "/.well-known/openid-configuration"])
async def test_every_path_takes_its_own_right(api: AsgiClient, guest: AsgiClient, path: str) -> None:
    assert (await guest.get(path)).code == 403
    await grant(api, at("get", f"{path}/elsewhere"))
    assert (await guest.get(path)).code == 403
    await grant(api, at("get", path))
    assert (await guest.get(path)).code == 200
