"""A controller that acts ahead decides on while its plans are carried out; one that failed is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import Bind, Plan
from sampan.core.errors import Conflict
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.engine import Engine
from sampan.core.testing.fake_api import FakeApi
from tests.plugins.schedulers.cases import pod

pytestmark = pytest.mark.anyio


class SlowBinds(FakeApi):
    """Lets binds end only when it is told to, and refuses those of some pods."""

    def __init__(self, *, refused: Iterable[str] = ()) -> None:
        super().__init__()
        self.begun: list[str] = []
        self.two_begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self._refused = set(refused)

    async def bind(self, namespace: str, pod: str, uid: str, node: str) -> None:
        self.begun.append(pod)
        if len(self.begun) == 2:
            self.two_begun.set()
        await self.may_end.wait()
        if pod in self._refused:
            raise Conflict(f"pod {pod!r} is bound already")


class Eager:
    name = "eager"
    ahead = 2

    def __init__(self) -> None:
        self.watches = (Watch(kind=Pod),)
        self.decided: list[str] = []
        self.lost: list[str] = []

    def rank(self, key: Key, state: Lister) -> Any:
        return key.name

    def seconds_to_wait(self, key: Key) -> float:
        return 0.0

    def failed(self, key: Key, state: Lister) -> None:
        self.lost.append(key.name)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        if key.name in self.decided:
            return Plan()
        self.decided.append(key.name)
        return Plan(actions=(Bind(namespace=key.namespace, name=key.name, uid="", node="n"),))


async def test_decisions_go_on_while_plans_are_under_way_but_not_without_limit() -> None:
    api, controller = SlowBinds(refused=["b"]), Eager()
    for name in "abc":
        await api.create(pod(name))
    engine = Engine([controller], lambda _name: api)
    await engine.start()
    try:
        async with asyncio.timeout(5):
            await api.two_begun.wait()
        assert api.begun == ["a", "b"], "the third has to wait for one of the two"
        api.may_end.set()
        await engine.settled()
        assert api.begun == ["a", "b", "c"]
        assert controller.lost == ["b"]
    finally:
        await engine.stop()
