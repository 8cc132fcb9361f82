"""``/healthz``, ``/livez`` and ``/readyz``: whether this server can do its work, check by check.

https://kubernetes.io/docs/reference/using-api/health-checks/
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from sampan.core.api.request import Request
from sampan.core.api.responses import send_text

logger = logging.getLogger(__name__)

PATHS: Final = ("healthz", "livez", "readyz")
CHECKS: Final = ("ping", "log", "store")


@attrs.define(eq=False)
class Health:
    check_store: Callable[[], Awaitable[None]]
    """Raises where the store does not answer."""

    def knows(self, segments: tuple[str, ...]) -> bool:
        """Whether a path is one of these: all checks, or one (``/livez/store``)."""
        return segments[0] in PATHS and (len(segments) == 1 or (len(segments) == 2 and segments[1] in CHECKS))

    async def serve(self, request: Request, segments: tuple[str, ...]) -> None:
        """``ok``, or 500 and a line per check (always with ``?verbose``); ``?exclude=NAME`` leaves one out."""
        names = [name for name in segments[1:] or CHECKS if name != request.query.get("exclude")]
        results = {name: await self._passes(name) for name in names}
        passed = all(results.values())
        if passed and ("verbose" not in request.query or len(segments) > 1):
            await send_text(request.send, "ok")
            return
        lines = [
            f"[+]{name} ok\n" if good else f"[-]{name} failed: reason withheld\n" for name, good in results.items()
        ]
        verdict = "passed" if passed else "failed"
        text = f"{''.join(lines)}{segments[0]} check {verdict}\n"
        await send_text(request.send, text, code=200 if passed else 500)

    async def _passes(self, name: str) -> bool:
        try:
            if name == "log":
                check_log()
            elif name == "store":
                await self.check_store()
        except Exception:
            logger.exception("health check %s failed", name)
            return False
        return True


def check_log() -> None:
    """Raises `OSError` where what is logged cannot be written: a full disk, a pipe that nobody reads."""
    for handler in logging.getLogger().handlers:
        handler.flush()
