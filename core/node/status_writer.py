"""Writes pods' statuses to the API: only what changed, only the newest, one write at a time for a pod.

On the event loop; a task for each pod that has something to write, none otherwise.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from sampan.core.client.protocol import Client
from sampan.core.errors import (
    BadRequest,
    Conflict,
    Invalid,
    MethodNotAllowed,
    NotFound,
    SampanError,
    TooLarge,
    UnsupportedMediaType,
)
from sampan.core.loops import Delays
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.node.decide.status_patch import status_patch
from sampan.core.reconcile.clock import Clock

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 0.2, 10.0
REFUSALS = (BadRequest, Invalid, MethodNotAllowed, TooLarge, UnsupportedMediaType)


class PodIsGone(SampanError):
    """There is nothing to write a status to."""


class StatusWriter:
    """``written`` is told of every pod that a write brought back."""

    def __init__(self, client: Client, clock: Clock, written: Callable[[Pod], None]) -> None:
        self._client = client
        self._clock = clock
        self._written = written
        self._wanted: dict[str, PodStatus] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def put(self, pod: Pod, status: PodStatus) -> None:
        """Have ``status`` be what the API says; ``pod`` is what it said last."""
        uid = pod.metadata.uid or ""
        if uid not in self._tasks and status == pod.status:
            return
        self._wanted[uid] = status
        if uid not in self._tasks:
            self._tasks[uid] = asyncio.create_task(self._write(pod, uid), name=f"status of {pod.metadata.name}")

    async def flushed(self, uid: str) -> None:
        """Wait until the newest status is written, or is refused."""
        if (task := self._tasks.get(uid)) is not None:
            await asyncio.wait({task})

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, pod: Pod, uid: str) -> None:
        delays = Delays(FIRST_RETRY, LONGEST_RETRY)
        try:
            while (status := self._wanted.pop(uid, None)) is not None:
                patch = status_patch(uid, pod.status, status)
                if patch is None:
                    continue
                try:
                    pod = await self._patch(pod, patch)
                    self._written(pod)
                    delays.after_success()
                except PodIsGone:
                    return
                except REFUSALS as exc:
                    # Asking again changes nothing; a status that is decided later may be another.
                    log.error("the status of %s/%s is refused: %s", *pod.key, exc)
                except SampanError as exc:
                    delay = delays.after_failure()
                    log.warning("the status of %s/%s is not written, again in %.1f s: %s", *pod.key, delay, exc)
                    self._wanted.setdefault(uid, status)
                    await self._clock.sleep(delay)
        except Exception:
            log.exception("writing the status of %s/%s broke", *pod.key)
        finally:
            self._wanted.pop(uid, None)
            del self._tasks[uid]

    async def _patch(self, pod: Pod, patch: Mapping[str, Any]) -> Pod:
        """Raises `PodIsGone` where it is, whether or not another pod of its name has come."""
        namespace, name = pod.key
        try:
            return await self._client.patch(Pod, namespace, name, patch, type="strategic", subresource="status")
        except NotFound as exc:
            raise PodIsGone from exc
        except (Conflict, Invalid) as exc:
            # Either the uid differs, or it is what the error says: too many others wrote at the same time, say.
            if await self._is_there(pod):
                raise
            raise PodIsGone from exc

    async def _is_there(self, pod: Pod) -> bool:
        namespace, name = pod.key
        try:
            return (await self._client.get(Pod, namespace, name)).metadata.uid == pod.metadata.uid
        except NotFound:
            return False
