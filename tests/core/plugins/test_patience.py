"""A plugin that does not come back costs its limit once, and is heard again when it has come back."""

from __future__ import annotations

import threading

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
