"""A plugin that does not come back costs its limit once, and is heard again when it has come back."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from sampan.core.plugins.account import Account
from sampan.core.plugins.patience import NotBack, Patience
from sampan.core.testing.wait import eventually


@pytest.fixture
def account() -> Account:
    return Account(CollectorRegistry())


def test_who_does_not_come_back_is_left_out_until_they_do(account: Account) -> None:
    patience, gate = Patience(account, limit=0.05), threading.Event()
    with pytest.raises(NotBack):
        patience.ask("slow", "its part", gate.wait)
    assert patience.hanging() == {"slow"}
    with pytest.raises(NotBack):
        patience.ask("slow", "its part", lambda: pytest.fail("it is asked"))
    assert patience.ask("quick", "its part", lambda: 7) == 7
    gate.set()
    eventually(lambda: not patience.hanging())
    assert patience.ask("slow", "its part", lambda: 8) == 8
    assert account.tallies()["slow", "its part"].problem.startswith("has not come back from its part after 0.05 s")
    patience.close(1)


def test_what_a_plugin_raises_is_raised_and_an_error_of_its_own_in_time_is_no_hanging(account: Account) -> None:
    patience = Patience(account, limit=5)

    def late() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        patience.ask("a", "its part", late)
    assert patience.hanging() == frozenset()
    patience.close(1)


def test_a_decision_that_goes_round_for_ever_is_ended_and_the_loop_goes_on(account: Account) -> None:
    patience, ended = Patience(account, limit=0.05), threading.Event()

    def go_round() -> None:
        try:
            while True:
                pass
        finally:
            ended.set()

    async def story() -> None:
        asked = asyncio.create_task(patience.decide("busy", "its part", go_round))
        await asyncio.sleep(0)
        assert not asked.done(), "the loop waits for nobody"
        with pytest.raises(NotBack):
            await asked

    asyncio.run(story())
    assert ended.wait(10)
    eventually(lambda: not patience.hanging())
    assert account.tallies()["busy", "its part"].problem.startswith("has not come back")
    assert asyncio.run(patience.decide("busy", "its part", lambda: 8)) == 8
    patience.close(1)


def test_a_decision_that_comes_back_as_it_is_given_up_harms_no_later_one(account: Account) -> None:
    """The end of one call and the limit meet at every point in between; afterwards the plugin is asked as before."""
    patience = Patience(account, limit=0.002)

    def busy(seconds: float) -> float:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        return seconds

    for number in range(100):
        seconds = 0.0015 + number / 100_000
        try:
            asyncio.run(patience.decide("late", "its part", lambda seconds=seconds: busy(seconds)))  # type: ignore[misc]
        except NotBack:
            eventually(lambda: not patience.hanging())
    assert not patience.hanging()
    patience.close(1)


def test_who_raises_what_ends_threads_ends_none(account: Account) -> None:
    patience = Patience(account, limit=5)

    def leave() -> None:
        raise SystemExit(3)

    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"SystemExit\(3\)"):
            asyncio.run(patience.decide("a", "its part", leave))
    patience.close(1)
