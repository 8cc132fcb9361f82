"""How long ago something was, in the words of kubectl's AGE column (``duration.HumanDuration``)."""

from __future__ import annotations

from datetime import datetime

UNKNOWN = "<unknown>"
INVALID = "<invalid>"


def age(timestamp: str | None, now: datetime) -> str:
    """The age of an RFC 3339 time; ``<unknown>`` where there is none, ``<invalid>`` where it is not a time."""
    if not timestamp:
        return UNKNOWN
    try:
        moment = datetime.fromisoformat(timestamp)
        return human_duration((now - moment).total_seconds())
    except (TypeError, ValueError):
        return INVALID


def human_duration(seconds: float) -> str:
    """Two units at most, coarser as time goes by: ``119s``, ``2m30s``, ``7h59m``, ``47h``, ``7d23h``, ``2y5d``."""
    whole = int(seconds)
    if whole < -1:
        return INVALID
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{max(whole, 0)}s"
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
