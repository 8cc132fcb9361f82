"""When a schedule is due next, and when it was last. Pure.

Cron fields are read on the wall clock of a time zone: a time that the clock leaps over does not come that day.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from sampan.core.model.cron_schedule import Every, Schedule

FURTHEST: Final = timedelta(days=5 * 366)
"""A schedule that is not due within this time (30 February) never is."""
WINDOWS: Final = tuple(timedelta(minutes=minutes) for minutes in (2, 120, 2 * 1440, 62 * 1440, 732 * 1440))


def next_after(schedule: Schedule | Every, moment: datetime, zone: tzinfo = UTC) -> datetime | None:
    """The first time after ``moment``; ``None`` where there is none."""
    if isinstance(schedule, Every):
        return moment.replace(microsecond=0) + timedelta(seconds=schedule.seconds)
    wall = moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0) + timedelta(minutes=1)
    end = wall + FURTHEST
    while wall < end:
        if wall.month not in schedule.months:
            wall = _month_after(wall)
        elif not _fits_day(schedule, wall):
            wall = wall.replace(hour=0, minute=0) + timedelta(days=1)
        elif wall.hour not in schedule.hours:
            wall = wall.replace(minute=0) + timedelta(hours=1)
        elif wall.minute not in schedule.minutes:
            wall += timedelta(minutes=1)
        else:
            found = wall.replace(tzinfo=zone).astimezone(UTC)
            is_there = found.astimezone(zone).replace(tzinfo=None) == wall
            if is_there and found > moment:
                return found
            wall += timedelta(minutes=1)
    return None


def times_between(
    schedule: Schedule | Every, after: datetime, until: datetime, zone: tzinfo = UTC
) -> Iterator[datetime]:
    """Every time after ``after`` and not after ``until``, in order."""
    found = next_after(schedule, after, zone)
    while found is not None and found <= until:
        yield found
        found = next_after(schedule, found, zone)


def latest(schedule: Schedule | Every, after: datetime, until: datetime, zone: tzinfo = UTC) -> datetime | None:
    """The last of `times_between`, without going through them all."""
    if isinstance(schedule, Every):
        count = int((until - after).total_seconds() // schedule.seconds)
        return after.replace(microsecond=0) + timedelta(seconds=count * schedule.seconds) if count > 0 else None
    for window in WINDOWS:
        begin = max(after, until - window)
        within = deque(times_between(schedule, begin, until, zone), maxlen=1)
        found = within[0] if within else None
        if found is not None or begin == after:
            return found
    return None


def _month_after(wall: datetime) -> datetime:
    first = wall.replace(day=1, hour=0, minute=0)
    return first.replace(year=wall.year + 1, month=1) if wall.month == 12 else first.replace(month=wall.month + 1)


def _fits_day(schedule: Schedule, wall: datetime) -> bool:
    """Where both days are restricted, either is enough."""
    day, weekday = wall.day in schedule.days, wall.isoweekday() % 7 in schedule.weekdays
    if schedule.every_day or schedule.every_weekday:
        return day and weekday
    return day or weekday
