"""Lengths of time as Go writes them, which the metrics API does: ``15.25s``, ``2m0.5s``."""

from __future__ import annotations

import re
from typing import Final

USUAL: Final = 60.0
"""Seconds that a figure is taken to be of where it does not say."""
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ms|us|µs|ns|h|m|s)")


def window(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{rest:.3f}".rstrip("0").rstrip(".") + "s"


def seconds(window: str) -> float:
    """`USUAL` for what is no length of time."""
    parts = _PART.findall(window)
    if "".join(f"{number}{unit}" for number, unit in parts) != window or not parts:
        return USUAL
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
