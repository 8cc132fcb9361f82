"""Coroutines of plugins on the event loop of everything: what is ended, who is named, and that all else is as without."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from sampan.core.contracts.access import IDLE, idle
from sampan.core.errors import Forbidden
from sampan.core.plugins import on_loop
from sampan.core.plugins.account import Account
from sampan.core.plugins.on_loop import OnLoop
from sampan.core.plugins.patience import NotBack, Patience

pytestmark = pytest.mark.anyio


class Part:
    """A plugin's part: does as it is told."""

    order = 7

    def __init__(self) -> None:
        self.asked = self.caught = 0
        self.was_asked = asyncio.Event()

    async def do(self, how: str) -> str:
        self.asked += 1
        self.was_asked.set()
        if how == "endless":
            while True:
                pass
        if how == "stubborn":
            for _ in range(2):
                try:
                    while True:
                        pass
                except BaseException:
                    self.caught += 1
        if how == "for ever":
            await asyncio.Event().wait()
        if how == "refuses":
            raise Forbidden("no")
        if how == "breaks":
            raise ZeroDivisionError("its own")
        for _ in range(3):
            await asyncio.sleep(0)
        return how

    @idle
    async def rest(self) -> None:
        pass


class SomePatience(Patience):
    def __init__(self, account: Account, step: float, whole: float) -> None:
        super().__init__(account)
        self._limits = {True: step, False: whole}

    def limit(self, is_decision: bool) -> float:
        return self._limits[is_decision]


class Case:
    """``step`` and ``whole``: seconds that a step may take, and all of them together with what they wait for."""

    def __init__(self, step: float = 60, whole: float = 60) -> None:
        self.account = Account(CollectorRegistry())
        self.told: list[tuple[str, str]] = []
        self.account.listen(lambda trouble: self.told.append((trouble.plugin, trouble.sort)))
        self.on_loop = OnLoop(SomePatience(self.account, step, whole))
        self.part = Part()
        self.guarded: Any = self.on_loop.guard(self.part, "theirs", "gate", ["do", "rest"])


@pytest.fixture
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setattr(on_loop, "FIRST_REST", 3600.0)
    monkeypatch.setattr(on_loop, "LONGEST_REST", 3600.0)
    made = Case(**getattr(request, "param", {}))
    yield made
    made.on_loop.close()


async def test_what_a_part_answers_and_refuses_is_passed_on(case: Case) -> None:
    assert await case.guarded.do("well") == "well"
    assert (case.guarded.order, hasattr(case.guarded.rest, IDLE), hasattr(case.guarded.do, IDLE)) == (
        7,
        True,
        False,
    )
    with pytest.raises(Forbidden):
        await case.guarded.do("refuses")
    assert case.told == []
    with pytest.raises(ZeroDivisionError):
        await case.guarded.do("breaks")
    assert case.told == [("theirs", "failed")]


async def test_who_is_cancelled_hears_it(case: Case) -> None:
    asking = asyncio.create_task(case.guarded.do("for ever"))
    await case.part.was_asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize("case", [{"step": 0.05}], indirect=True)
async def test_a_step_without_end_is_named_and_ended_and_its_plugin_rests(case: Case) -> None:
    with pytest.raises(NotBack):
        await case.guarded.do("endless")
    assert case.told == [("theirs", "hangs")]
    with pytest.raises(NotBack):
        await case.guarded.do("well")
    assert case.part.asked == 1


@pytest.mark.parametrize("case", [{"step": 0.05}], indirect=True)
async def test_one_that_catches_its_end_is_ended_again_and_rests(case: Case) -> None:
    await case.guarded.do("stubborn")
    assert case.part.caught == 2
    with pytest.raises(NotBack):
        await case.guarded.do("well")
    assert case.part.asked == 1


@pytest.mark.parametrize("case", [{"whole": 0.05}], indirect=True)
async def test_one_that_waits_for_ever_is_named_and_no_longer_waited_for(case: Case) -> None:
    with pytest.raises(NotBack):
        await case.guarded.do("for ever")
    assert case.told == [("theirs", "slow")]


@pytest.mark.parametrize("case", [{"step": 0.05}], indirect=True)
async def test_plain_code_is_ended_too(case: Case) -> None:
    def endless() -> None:
        while True:
            pass

    assert case.on_loop.ask("theirs", "watches", lambda: [1]) == [1]
    with pytest.raises(NotBack):
        case.on_loop.ask("theirs", "watches", endless)
    with pytest.raises(NotBack):
        case.on_loop.ask("theirs", "watches", lambda: [1])
