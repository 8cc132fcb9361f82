"""When what has ended may start again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.contracts.runtime import Container
from sampan.core.model.core_v1.container import (
    Container as ContainerSpec,
)
from sampan.core.model.core_v1.container import (
    ContainerRestartRule,
    ContainerRestartRuleOnExitCodes,
)
from sampan.core.node.decide.back_off import LONGEST_DELAY, BackOff, next_back_off, restarts, waits_until

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def ended(code: int) -> Container:
    return Container(
        id="c", sandbox_id="s", name="main", attempt=0, state="exited", image="x", image_id="x", created_at=NOW,
        exit_code=code,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "code", "expected"),
    [
        ("Always", 0, True),
        ("Always", 1, True),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Never", 0, False),
        ("Never", 1, False),
    ],
)
def test_the_restart_policy_decides(policy: str, code: int, expected: bool) -> None:
    assert restarts(ContainerSpec(name="main"), policy, ended(code)) is expected


def test_a_containers_own_policy_and_rules_win_over_the_pods() -> None:
    codes = ContainerRestartRuleOnExitCodes(operator="In", values=(42,))
    rule = ContainerRestartRule(action="Restart", exit_codes=codes)
    spec = ContainerSpec(name="main", restart_policy="Never", restart_policy_rules=(rule,))
    assert restarts(spec, "Always", ended(42))
    assert not restarts(spec, "Always", ended(1))


def test_delays_double_up_to_five_minutes() -> None:
    back_off, delays, now = None, [], NOW
    for _ in range(7):
        back_off = next_back_off(back_off, now, now)
        delays.append(back_off.delay)
        now += timedelta(seconds=back_off.delay)
    assert delays == [10, 20, 40, 80, 160, 300, 300]


def test_the_first_end_is_followed_by_a_start_at_once() -> None:
    assert waits_until(None, NOW, NOW) is None


def test_the_wait_counts_from_the_end() -> None:
    known = BackOff(20, NOW)
    assert waits_until(known, NOW + timedelta(seconds=5), NOW + timedelta(seconds=6)) == NOW + timedelta(seconds=25)
    assert waits_until(known, NOW + timedelta(seconds=5), NOW + timedelta(seconds=25)) is None


@given(st.integers(min_value=601, max_value=10**6))
def test_ten_minutes_of_running_forgive_everything(seconds: int) -> None:
    known, end = BackOff(LONGEST_DELAY, NOW), NOW + timedelta(seconds=seconds)
    assert waits_until(known, end, end) is None
    assert next_back_off(known, end, end).delay == 10
