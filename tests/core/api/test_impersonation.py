"""``kubectl --as``: another's name, for those who may use it."""

from __future__ import annotations

import pytest

from sampan.core.api.access import Gates
from sampan.core.api.impersonation import impersonate
from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import Attributes, Decision, User
from sampan.core.errors import BadRequest, Forbidden
from tests.support.asgi import AsgiClient, Exchange

pytestmark = pytest.mark.anyio

JANE = User(name="jane")


class Recording:
    """Allows everything but what is named ``secret``, and notes what was asked."""

    order = 1

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str, str]] = []

    async def authorize(self, attributes: Attributes) -> Decision:
        a = attributes
        assert (a.user, a.verb) == (JANE, "impersonate")
        self.asked.append((a.group, a.resource, a.subresource, a.namespace, a.name))
        return Decision("no-opinion" if a.name == "secret" else "allow")


@pytest.mark.parametrize(
    ("wanted", "user"),
    [
        ([("user", "bob")], User(name="bob", groups=("system:authenticated",))),
        (
            [("user", "bob"), ("group", "a"), ("group", "b")],
            User(name="bob", groups=("a", "b", "system:authenticated")),
        ),
        ([("user", "system:anonymous")], User(name="system:anonymous", groups=("system:unauthenticated",))),
        (
            [("user", "system:serviceaccount:ns:robot")],
            User(
                name="system:serviceaccount:ns:robot",
                groups=("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"),
            ),
        ),
        (
            [("user", "bob"), ("uid", "7"), ("extra-acme.com%2fteam", "x"), ("extra-acme.com%2fteam", "y")],
            User(name="bob", uid="7", groups=("system:authenticated",), extra={"acme.com/team": ("x", "y")}),
        ),
    ],
)
async def test_who_is_meant(wanted: list[tuple[str, str]], user: User) -> None:
    assert await impersonate(Gates(authorizers=[Recording()]), JANE, wanted) == user


async def test_every_part_is_a_right_of_its_own() -> None:
    recording = Recording()
    wanted = [
        ("user", "bob"),
        ("user", "system:serviceaccount:ns:robot"),
        ("group", "g"),
        ("uid", "7"),
        ("extra-k", "v"),
    ]
    await impersonate(Gates(authorizers=[recording]), JANE, wanted)
    assert recording.asked == [
        ("", "users", "", "", "bob"),
        ("", "serviceaccounts", "", "ns", "robot"),
        ("", "groups", "", "", "g"),
        ("authentication.k8s.io", "uids", "", "", "7"),
        ("authentication.k8s.io", "userextras", "k", "", "v"),
    ]


@pytest.mark.parametrize("part", ["group", "uid", "extra-k"])
async def test_a_part_that_may_not_be_used_refuses_the_whole(part: str) -> None:
    gates = Gates(authorizers=[Recording()])
    with pytest.raises(Forbidden, match='User "jane" cannot impersonate resource'):
        await impersonate(gates, JANE, [("user", "bob"), (part, "secret")])
    shown = {
        "group": 'UID:"", Groups:[]string{"v"}, Extra:map[string][]string(nil)',
        "uid": 'UID:"v", Groups:[]string(nil), Extra:map[string][]string(nil)',
        "extra-k": 'UID:"", Groups:[]string(nil), Extra:map[string][]string{"k":[]string{"v"}}',
    }
    with pytest.raises(BadRequest) as caught:
        await impersonate(gates, JANE, [(part, "v")])
    said = f'requested &user.DefaultInfo{{Name:"", {shown[part]}}} without impersonating a user'
    assert caught.value.message == said


async def test_an_empty_name_is_nobody_elses() -> None:
    assert await impersonate(Gates(authorizers=[Recording()]), JANE, [("user", "")]) is JANE


async def test_a_request_in_anothers_name_has_the_others_rights(server: ApiServer, api: AsgiClient) -> None:
    async def get(path: str, **names: str) -> tuple[int, str]:
        exchange = Exchange(b"")
        scope = api.scope("GET", path)
        scope["headers"] += [(f"impersonate-{name}".encode(), value.encode()) for name, value in names.items()]
        await server.app(scope, exchange.receive, exchange.send)
        return exchange.answer().code, exchange.answer().raw.decode()

    code, text = await get("/api/v1/secrets", user="bob")
    assert code == 403
    assert 'User \\"bob\\" cannot list resource \\"secrets\\"' in text
    assert (await get("/api/v1/secrets", user="bob", group="system:masters"))[0] == 200
    assert (await get("/api/v1/secrets", group="system:masters"))[0] == 400
