"""Tokens of pods' service accounts, for the volumes that show them: asked for once, and again before they end.

As the kubelet does it: a token is asked for again when four fifths of its time, or a day, are over. Called by volume
drivers in worker threads; one per node.
"""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from typing import Final

from sampan.core.classes import frozen
from sampan.core.client.protocol import Client
from sampan.core.contracts.volume import VolumeFailure
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.clock import Clock

USED_UP: Final = 0.8
LONGEST: Final = timedelta(hours=24)
DEFAULT_ACCOUNT: Final = "default"

Key = tuple[str, str, int]
"""Uid of the pod, audience, seconds."""


@frozen
class Held:
    token: str
    renew_at: datetime
    ends_at: datetime


class PodTokens:
    def __init__(self, client: Client, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._clock = clock
        self._loop = loop
        self._held: dict[Key, Held] = {}
        self._lock = threading.Lock()

    def __call__(self, pod: Pod, audience: str, seconds: int) -> str:
        """Blocking. Raises `VolumeFailure` where there is none to be had, and none left that is still good."""
        key = (pod.metadata.uid or "", audience, seconds)
        now = self._clock.now()
        with self._lock:
            held = self._held.get(key)
        if held is not None and now < held.renew_at:
            return held.token
        try:
            held = self._ask(pod, audience, seconds, now)
        except SampanError as exc:
            if held is not None and now < held.ends_at:
                return held.token
            raise VolumeFailure(f"failed to fetch token: {exc}") from exc
        with self._lock:
            self._held[key] = held
        return held.token

    def _ask(self, pod: Pod, audience: str, seconds: int, now: datetime) -> Held:
        meta = pod.metadata
        asked = self._client.token(
            meta.namespace or "",
            pod.spec.service_account_name or DEFAULT_ACCOUNT,
            audiences=(audience,) if audience else (),
            seconds=seconds,
            pod=(meta.name or "", meta.uid or ""),
        )
        issued = asyncio.run_coroutine_threadsafe(asked, self._loop).result()
        lasts = min((issued.expires - now) * USED_UP, LONGEST)
        return Held(issued.token, now + lasts, issued.expires)

    def keep_only(self, uids: set[str]) -> None:
        """Forget those of pods that are gone."""
        with self._lock:
            self._held = {key: held for key, held in self._held.items() if key[0] in uids}
