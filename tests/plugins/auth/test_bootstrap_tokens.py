"""Bootstrap tokens, over the API: who they are, and for how long."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from tests.core.api.conftest import MovableClock, admission, api, clock, registry, server, service_cidr, store
from tests.support.asgi import AsgiClient

__all__ = ["admission", "api", "clock", "registry", "server", "service_cidr", "store"]

pytestmark = pytest.mark.anyio

SECRETS = "/api/v1/namespaces/kube-system/secrets"
TOKEN = "abcdef.0123456789abcdef"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
GOOD = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true"}


def secret(name: str = "bootstrap-token-abcdef", type: str = "bootstrap.kubernetes.io/token", **data: str) -> Any:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in {**GOOD, **data}.items()}
    return {"metadata": {"name": name}, "type": type, "data": encoded}


async def test_it_is_a_bootstrapper(api: AsgiClient, server: ApiServer) -> None:
    extra = "system:bootstrappers:kubeadm:default-node-token"
    assert (await api.post(SECRETS, secret(**{"auth-extra-groups": extra}))).code == 201
    user = (await AsgiClient(server.app, TOKEN).post(WHO, {})).json["status"]["userInfo"]
    assert user == {
        "username": "system:bootstrap:abcdef",
        "groups": ["system:bootstrappers", extra, "system:authenticated"],
    }


@pytest.mark.parametrize(
    ("made", "token"),
    [
        (secret(), "abcdef.0123456789abcdee"),
        (secret(), "abcdeg.0123456789abcdef"),
        (secret(), "ABCDEF.0123456789ABCDEF"),
        (secret(), "abcdef."),
        (secret(**{"token-secret": ""}), "abcdef.0123456789abcdef"),
        (secret(**{"token-id": "other1"}), TOKEN),
        (secret(type="Opaque"), TOKEN),
        (secret(**{"usage-bootstrap-authentication": "false"}), TOKEN),
        (secret(**{"auth-extra-groups": "system:masters"}), TOKEN),
        (secret(expiration="2029-12-31T23:59:59Z"), TOKEN),
        (secret(expiration="soon"), TOKEN),
    ],
)
async def test_what_is_not_right_lets_nobody_in(api: AsgiClient, server: ApiServer, made: Any, token: str) -> None:
    assert (await api.post(SECRETS, made)).code == 201
    assert (await AsgiClient(server.app, token).post(WHO, {})).code == 401


async def test_it_ends_and_goes(api: AsgiClient, server: ApiServer, clock: MovableClock) -> None:
    await api.post(SECRETS, secret(expiration="2030-01-01T01:00:00Z"))
    await api.post(SECRETS, secret("bootstrap-token-elsewise", "Opaque", expiration="2030-01-01T01:00:00Z"))
    guest = AsgiClient(server.app, TOKEN)
    assert (await guest.post(WHO, {})).code == 201
    clock.advance(3600)
    assert (await guest.post(WHO, {})).code == 401
    await server.expiry.sweep()
    assert (await api.get(f"{SECRETS}/bootstrap-token-abcdef")).code == 404
    assert (await api.get(f"{SECRETS}/bootstrap-token-elsewise")).code == 200


async def test_another_namespace_has_none(api: AsgiClient, server: ApiServer) -> None:
    await api.post("/api/v1/namespaces/default/secrets", secret())
    assert (await AsgiClient(server.app, TOKEN).post(WHO, {})).code == 401
