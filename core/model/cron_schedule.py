"""When a CronJob is due: cron's five fields, ``@daily`` and the like, or ``@every 1h30m``.

The words about what is wrong are those of the library that Kubernetes reads schedules with (robfig/cron). Called by the
CronJob's rules, and by whoever makes its Jobs. Pure functions, any thread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from sampan.core.classes import frozen


@frozen(kw_only=True)
class Bounds:
    """What a field may hold: whole numbers between two, some of which have names."""

    first: int
    last: int
    names: Mapping[str, int] = attrs.field(factory=dict)


MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY_NAMES: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS: Final = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
DAYS: Final = {name: number for number, name in enumerate(DAY_NAMES)}
BOUNDS: Final = (
    Bounds(first=0, last=59),
    Bounds(first=0, last=23),
    Bounds(first=1, last=31),
    Bounds(first=1, last=12, names=MONTHS),
    Bounds(first=0, last=6, names=DAYS),
)
"""Minute, hour, day of the month, month, day of the week (Sunday is 0)."""
DESCRIPTORS: Final[Mapping[str, str]] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
UNITS: Final[Mapping[str, float]] = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
DURATION: Final = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|ns))+", re.ASCII)
DURATION_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)", re.ASCII)


@frozen(kw_only=True)
class Schedule:
    """The times that fit: ``every_day`` of the month or of the week means that the other of the two decides alone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    every_day: bool
    every_weekday: bool


@frozen
class Every:
    """A steady distance from one time to the next."""

    seconds: float


def parse_schedule(text: str) -> Schedule | Every:
    """Read a schedule. Raises `ValueError` with what is wrong."""
    if not text:
        raise ValueError("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        text = _without_zone(text)
    if text.startswith("@"):
        return _described(text)
    fields = text.split()
    if len(fields) != len(BOUNDS):
        raise ValueError(f"expected exactly {len(BOUNDS)} fields, found {len(fields)}: [{' '.join(fields)}]")
    numbers = [_numbers(field, bounds) for field, bounds in zip(fields, BOUNDS, strict=True)]
    minutes, hours, days, months, weekdays = numbers
    return Schedule(
        minutes=minutes, hours=hours, days=days, months=months, weekdays=weekdays,
        every_day=_is_star(fields[2]), every_weekday=_is_star(fields[4]),
    )  # fmt: skip


def _without_zone(text: str) -> str:
    zone, _, rest = text.partition(" ")
    name = zone.partition("=")[2]
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise ValueError(f"provided bad location {name}: unknown time zone {name}") from error
    return rest.strip()


def _described(text: str) -> Schedule | Every:
    if text in DESCRIPTORS:
        return parse_schedule(DESCRIPTORS[text])
    if not text.startswith("@every "):
        raise ValueError(f"unrecognized descriptor: {text}")
    duration = text.removeprefix("@every ")
    if not DURATION.fullmatch(duration):
        raise ValueError(f'failed to parse duration {text}: time: invalid duration "{duration}"')
    seconds = sum(float(number) * UNITS[unit] for number, unit in DURATION_PART.findall(duration))
    return Every(max(1.0, float(int(seconds))))


def _is_star(field: str) -> bool:
    """Whether a field leaves the choice to the others: a star without a step."""
    return any(
        part.partition("/")[0] in ("*", "?") and part.partition("/")[2] in ("", "1") for part in field.split(",")
    )


def _numbers(field: str, bounds: Bounds) -> frozenset[int]:
    return frozenset(number for part in field.split(",") if part for number in _range(part, bounds))


def _range(text: str, bounds: Bounds) -> range:
    limits, *steps = text.split("/")
    ends = limits.split("-")
    if ends[0] in ("*", "?"):
        start, end = bounds.first, bounds.last
    else:
        start = end = _number(ends[0], bounds.names)
        if len(ends) > 2:
            raise ValueError(f"too many hyphens: {text}")
        if len(ends) == 2:
            end = _number(ends[1], bounds.names)
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    step = _number(steps[0], {}) if steps else 1
    if steps and len(ends) == 1:
        end = bounds.last
    if start < bounds.first:
        raise ValueError(f"beginning of range ({start}) below minimum ({bounds.first}): {text}")
    if end > bounds.last:
        raise ValueError(f"end of range ({end}) above maximum ({bounds.last}): {text}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if not step:
        raise ValueError(f"step of range should be a positive number: {text}")
    return range(start, end + 1, step)


def _number(text: str, names: Mapping[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if abs(int(text)) >= 1 << 63:
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": value out of range')
    if int(text) < 0:
        raise ValueError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)
