"""The present counts time by the clock that nobody sets, and is written down by the one on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sampan.core.instant import Instant
from sampan.core.schema.scalars import format_time

WALL = datetime(2030, 1, 1, 12, tzinfo=UTC).timestamp()
SECONDS = st.integers(-100_000, 100_000)


@given(SECONDS, SECONDS, SECONDS)
def test_between_two_instants_the_wall_clock_does_not_count(wall: int, passed: int, more: int) -> None:
    before, after = Instant.at(WALL, 0.0), Instant.at(WALL + wall, float(passed))
    assert (after - before).total_seconds() == passed
    assert (after - (before + timedelta(seconds=more))).total_seconds() == passed - more
    assert (after - timedelta(seconds=more) - before).total_seconds() == passed - more
    orders = (after < before, after <= before, after > before, after >= before)
    assert orders == (passed < 0, passed <= 0, passed > 0, passed >= 0)


@given(SECONDS, SECONDS)
def test_beside_another_date_an_instant_is_its_date(wall: int, steady: int) -> None:
    noon, instant = datetime(2030, 1, 1, 12, tzinfo=UTC), Instant.at(WALL + wall, float(steady))
    assert (instant - noon).total_seconds() == wall
    assert (noon - instant).total_seconds() == -wall
    assert (instant == noon, instant < noon, noon < instant) == (wall == 0, wall < 0, wall > 0)
    assert (instant <= noon, noon <= instant, instant.replace(microsecond=0) - noon) == (
        wall <= 0,
        wall >= 0,
        timedelta(seconds=wall),
    )


def test_what_is_written_is_the_wall_clocks() -> None:
    instant = Instant.at(WALL, 7.0)
    assert (format_time(instant), instant.isoformat()) == ("2030-01-01T12:00:00Z", "2030-01-01T12:00:00+00:00")
    assert {instant, datetime(2030, 1, 1, 12, tzinfo=UTC)} == {instant}
    assert abs((Instant.now_utc() - datetime.now(UTC)).total_seconds()) < 60
