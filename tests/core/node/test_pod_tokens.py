"""When the node asks for a pod's token, and when it goes on with the one that it has."""

from __future__ import annotations

import asyncio

import pytest

from sampan.core.contracts.volume import VolumeFailure
from sampan.core.errors import Forbidden, ServiceUnavailable
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.pod_tokens import PodTokens
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi

pytestmark = pytest.mark.anyio

POD = Pod(
    metadata=ObjectMeta(name="p", namespace="a", uid="u"),
    spec=PodSpec(containers=(Container(name="c", image="i"),), service_account_name="robot"),
)


async def test_a_token_is_kept_until_most_of_its_time_is_over() -> None:
    clock = FakeClock()
    tokens = PodTokens(FakeApi(clock=clock), clock, asyncio.get_running_loop())

    async def ask(audience: str = "") -> str:
        return await asyncio.to_thread(tokens, POD, audience, 1000)

    assert await ask() == "token 1 of a/robot"
    clock.advance(799)
    assert await ask() == "token 1 of a/robot"
    assert await ask("vault") == "token 2 of a/robot"
    clock.advance(2)
    assert await ask() == "token 3 of a/robot"
    tokens.keep_only(set())
    assert await ask() == "token 4 of a/robot"


async def test_the_old_one_serves_while_there_is_no_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    api = FakeApi(clock=clock)
    tokens = PodTokens(api, clock, asyncio.get_running_loop())
    first = await asyncio.to_thread(tokens, POD, "", 1000)

    async def down(*_: object, **__: object) -> None:
        raise ServiceUnavailable("not now")

    monkeypatch.setattr(api, "token", down)
    clock.advance(900)
    assert await asyncio.to_thread(tokens, POD, "", 1000) == first
    clock.advance(200)
    with pytest.raises(VolumeFailure, match="failed to fetch token: not now"):
        await asyncio.to_thread(tokens, POD, "", 1000)


async def test_a_refusal_is_told_of_the_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi()

    async def refuse(*_: object, **__: object) -> None:
        raise Forbidden("serviceaccounts is forbidden")

    monkeypatch.setattr(api, "token", refuse)
    tokens = PodTokens(api, FakeClock(), asyncio.get_running_loop())
    with pytest.raises(VolumeFailure, match="serviceaccounts is forbidden"):
        await asyncio.to_thread(tokens, POD, "", 1000)
