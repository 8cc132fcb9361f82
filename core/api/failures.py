"""What was not foreseen, told once: the first time with its traceback, then once a minute with how often it came since.

A client that has found such a place can come back to it a thousand times a second; the log must not be what it fills.
"""

from __future__ import annotations

import logging
import time
from typing import Final

INTERVAL: Final = 60.0
PLACES: Final = 256


class Failures:
    """Remembers where failures came from, not what they said."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._seen: dict[tuple[str, str, int], tuple[float, int]] = {}
        """Place → when it was last told, and how often it came since."""

    def tell(self, exc: BaseException, what: str) -> None:
        now = time.monotonic()
        place = _place(exc)
        told, since = self._seen.get(place, (None, 0))
        if told is not None and now - told < INTERVAL:
            self._seen[place] = (told, since + 1)
            return
        if len(self._seen) >= PLACES:
            self._seen.clear()
        self._seen[place] = (now, 0)
        again = f" ({since} more since it was last told)" if since else ""
        self._log.error("%s%s", what, again, exc_info=exc)


def _place(exc: BaseException) -> tuple[str, str, int]:
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (type(exc).__name__, trace.tb_frame.f_code.co_filename if trace else "", trace.tb_lineno if trace else 0)
