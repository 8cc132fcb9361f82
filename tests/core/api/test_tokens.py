"""Tokens of service accounts: asked for, used, reviewed, and worth nothing once what they hang on is gone."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sampan.core.api.server import ApiServer
from tests.core.api.conftest import MovableClock
from tests.core.api.test_objects import pod
from tests.support.asgi import Answer, AsgiClient

pytestmark = pytest.mark.anyio

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ISSUER = "https://kubernetes.default.svc.cluster.local"
ROBOT = "system:serviceaccount:default:robot"


@pytest.fixture
async def robot(api: AsgiClient) -> str:
    """Its uid."""
    return str((await api.post(ACCOUNTS, {"metadata": {"name": "robot"}})).json["metadata"]["uid"])


async def ask(api: AsgiClient, **spec: Any) -> Answer:
    return await api.post(f"{ACCOUNTS}/robot/token", {"spec": spec})


async def token(api: AsgiClient, **spec: Any) -> str:
    answer = await ask(api, **spec)
    assert answer.code == 201, answer.raw
    return str(answer.json["status"]["token"])


async def review(api: AsgiClient, token: str, *audiences: str) -> dict[str, Any]:
    body = {"spec": {"token": token, "audiences": list(audiences)}}
    status: dict[str, Any] = (await api.post(REVIEWS, body)).json["status"]
    return status


async def who_am_i(server: ApiServer, token: str) -> Answer:
    return await AsgiClient(server.app, token).post(SELF, {})


async def test_a_token_is_its_accounts(server: ApiServer, api: AsgiClient, robot: str) -> None:
    answer = await ask(api, expirationSeconds=1200)
    assert answer.json["spec"] == {"audiences": [ISSUER], "boundObjectRef": None, "expirationSeconds": 1200}
    assert answer.json["status"]["expirationTimestamp"] == "2030-01-01T00:20:00Z"
    user = (await who_am_i(server, answer.json["status"]["token"])).json["status"]["userInfo"]
    groups = ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]
    assert (user["username"], user["uid"], user["groups"]) == (ROBOT, robot, groups)


async def test_a_token_has_its_accounts_rights(server: ApiServer, api: AsgiClient, robot: str) -> None:
    client = AsgiClient(server.app, await token(api))
    assert (await client.get(MAPS)).json["message"].startswith(f'configmaps is forbidden: User "{ROBOT}" cannot list')


async def test_a_token_ends(server: ApiServer, api: AsgiClient, robot: str, clock: MovableClock) -> None:
    short = await token(api, expirationSeconds=600)
    clock.advance(599)
    assert (await who_am_i(server, short)).code == 201
    clock.advance(2)
    assert (await who_am_i(server, short)).code == 401
    assert (await review(api, short)) == {"user": {}, "error": "invalid bearer token"}


async def test_a_token_goes_with_its_account(server: ApiServer, api: AsgiClient, robot: str) -> None:
    old = await token(api)
    await api.delete(f"{ACCOUNTS}/robot")
    assert (await who_am_i(server, old)).code == 401
    await api.post(ACCOUNTS, {"metadata": {"name": "robot"}})
    assert (await who_am_i(server, old)).code == 401


async def test_a_token_goes_with_the_pod_that_it_is_bound_to(server: ApiServer, api: AsgiClient, robot: str) -> None:
    body = pod("p", serviceAccountName="robot")
    uid = (await api.post(PODS, body)).json["metadata"]["uid"]
    bound = await token(api, boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": uid})
    extra = (await who_am_i(server, bound)).json["status"]["userInfo"]["extra"]
    assert (extra["authentication.kubernetes.io/pod-name"], extra["authentication.kubernetes.io/pod-uid"]) == (
        ["p"],
        [uid],
    )
    await api.delete(f"{PODS}/p", {"gracePeriodSeconds": 0})
    assert (await who_am_i(server, bound)).code == 401


async def test_the_token_that_pods_are_given_outlasts_its_hour(
    server: ApiServer, api: AsgiClient, robot: str, clock: MovableClock
) -> None:
    uid = (await api.post(PODS, pod("p", serviceAccountName="robot"))).json["metadata"]["uid"]
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": uid}
    mounted = await token(api, expirationSeconds=3607, boundObjectRef=reference)
    clock.advance(24 * 3600)
    assert (await who_am_i(server, mounted)).code == 201
    clock.advance(366 * 24 * 3600)
    assert (await who_am_i(server, mounted)).code == 401


async def test_audiences(server: ApiServer, api: AsgiClient, robot: str) -> None:
    foreign = await token(api, audiences=["vault", "other"])
    assert (await who_am_i(server, foreign)).code == 401
    status = await review(api, foreign, "vault", "third")
    assert (status["authenticated"], status["audiences"], status["user"]["username"]) == (True, ["vault"], ROBOT)
    assert "authenticated" not in await review(api, foreign, "third")
    assert "authenticated" not in await review(api, foreign)
    own = await review(api, await token(api))
    assert own["audiences"] == [ISSUER]


@pytest.mark.parametrize(
    ("spec", "code", "said"),
    [
        ({"expirationSeconds": 60}, 422, "may not specify a duration less than 10 minutes"),
        ({"boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "no"}}, 404, 'secrets "no" not found'),
        ({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}}, 409, "does not match"),
        ({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p"}}, 400, "different serviceaccount name"),
        ({"boundObjectRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "c"}}, 422, ""),
    ],
)
async def test_what_is_refused(api: AsgiClient, robot: str, spec: dict[str, Any], code: int, said: str) -> None:
    await api.post(PODS, pod("p"))
    answer = await ask(api, **spec)
    assert answer.code == code or (not said and answer.code in (400, 422))
    assert said in answer.json["message"]


async def test_no_token_for_an_account_that_is_not_there(api: AsgiClient) -> None:
    answer = await api.post(f"{ACCOUNTS}/absent/token", {"spec": {}})
    assert (answer.code, answer.json["details"]) == (404, {"name": "absent", "kind": "serviceaccounts"})


async def test_tokens_of_others_are_worth_nothing(server: ApiServer, api: AsgiClient, robot: str) -> None:
    claims = jwt.decode(await token(api), options={"verify_signature": False})
    forged = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")
    unsigned = jwt.encode(claims, "", algorithm="none")
    public = (await api.get("/openid/v1/jwks")).json["keys"][0]
    confused = jwt.encode(claims, public["x"] + "x" * 32, algorithm="HS256")
    for each in (forged, unsigned, confused, "a.b.c", "a" * 100_000, ""):
        assert (await AsgiClient(server.app, each).get(MAPS)).code == (403 if not each else 401)


async def test_others_can_check_tokens(api: AsgiClient, robot: str) -> None:
    about = (await api.get("/.well-known/openid-configuration")).json
    assert about["issuer"] == ISSUER
    assert about["jwks_uri"] == f"{ISSUER}/openid/v1/jwks"
    key = jwt.PyJWK((await api.get("/openid/v1/jwks")).json["keys"][0])
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(await token(api), key.key, algorithms=["ES256"], audience=ISSUER, options=options)
    assert claims["sub"] == ROBOT


async def test_a_review_of_the_administrators_token_and_of_none(api: AsgiClient) -> None:
    status = await review(api, api.token)
    assert (status["authenticated"], status["user"]["username"]) == (True, "kubernetes-admin")
    assert "authenticated" not in await review(api, "guess")


@pytest.mark.parametrize(
    ("reference", "code", "said"),
    [
        ({}, 400, "cannot bind token to object of type /, Kind="),
        ({"kind": "ConfigMap", "apiVersion": "v1"}, 400, "cannot bind token to object of type /v1, Kind=ConfigMap"),
        ({"kind": "Pod", "apiVersion": "apps/v1"}, 400, "cannot bind token to object of type apps/v1, Kind=Pod"),
        ({"kind": "Pod", "name": "none"}, 404, 'pods "none" not found'),
    ],
)
async def test_what_a_token_cannot_be_bound_to(
    api: AsgiClient, robot: str, reference: dict[str, str], code: int, said: str
) -> None:
    refused = await ask(api, boundObjectRef=reference)
    assert (refused.code, refused.json["message"]) == (code, said)


async def test_a_token_for_others_says_whom_it_is_for(api: AsgiClient, robot: str) -> None:
    theirs = await token(api, audiences=["a", "b"])
    said = '[invalid bearer token, token audiences ["a" "b"] is invalid for the target audiences ["c"]]'
    assert (await review(api, theirs, "c")) == {"user": {}, "error": said}
