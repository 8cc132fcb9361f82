"""``/healthz``, ``/livez`` and ``/readyz``: whether this server can do its work, check by check.

https://kubernetes.io/docs/reference/using-api/health-checks/
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from sampan.core.api.request import Request
from sampan.core.api.responses import send_text
from sampan.core.classes import define
from sampan.core.errors import InsufficientStorage

logger = logging.getLogger(__name__)

PATHS: Final = ("healthz", "livez", "readyz")
CHECKS: Final = ("ping", "log", "etcd")
"""By Kubernetes' names, by which probes ask: ``etcd`` is whatever store there is."""
ROOM: Final = "store-room"


@define(eq=False)
class Health:
    check_store: Callable[[], Awaitable[None]]
    """Raises where the store does not answer."""
    check_room: Callable[[], Awaitable[None]]
    """Raises where nothing new can be stored. No reason to start the server anew: only ``/readyz`` asks."""

    def knows(self, segments: tuple[str, ...]) -> bool:
        """Whether a path is one of these: all checks, or one (``/livez/etcd``)."""
        return segments[0] in PATHS and (len(segments) == 1 or (len(segments) == 2 and segments[1] in (*CHECKS, ROOM)))

    async def serve(self, request: Request, segments: tuple[str, ...]) -> None:
        """``ok``, or 500 and a line per check (always with ``?verbose``); ``?exclude=NAME`` leaves one out."""
        checks = (*CHECKS, ROOM) if segments[0] == "readyz" else CHECKS
        names = segments[1:] or checks
        left_out = request.query.get("exclude")
        results = {name: "" if name == left_out else await self._fails(name) for name in names}
        passed = not any(results.values())
        if passed and ("verbose" not in request.query or len(segments) > 1):
            await send_text(request.send, "ok")
            return
        passes = {name: "excluded: ok" if name == left_out else "ok" for name in names}
        lines = [
            f"[-]{name} failed: {why}\n" if why else f"[+]{name} {passes[name]}\n" for name, why in results.items()
        ]
        verdict = "passed" if passed else "failed"
        text = f"{''.join(lines)}{segments[0]} check {verdict}\n"
        await send_text(request.send, text, code=200 if passed else 500)

    async def _fails(self, name: str) -> str:
        """Why, as far as strangers may know; empty where the check passes."""
        try:
            if name == "log":
                check_log()
            elif name == "etcd":
                await self.check_store()
            elif name == ROOM:
                await self.check_room()
        except InsufficientStorage as exc:
            return str(exc)
        except Exception:
            logger.exception("health check %s failed", name)
            return "reason withheld"
        return ""


def check_log() -> None:
    """Raises `OSError` where what is logged cannot be written: a full disk, a pipe that nobody reads."""
    for handler in logging.getLogger().handlers:
        handler.flush()
