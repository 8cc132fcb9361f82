"""API objects for code in worker threads: what containers and volumes are made of."""

from __future__ import annotations

import asyncio

from sampan.core.client.protocol import Client
from sampan.core.errors import NotFound
from sampan.core.model.kinds import KubeObject


class Getter:
    """Reads API objects from worker threads."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop

    def __call__(self, kind: type[KubeObject], namespace: str, name: str) -> KubeObject | None:
        asked = asyncio.run_coroutine_threadsafe(self._client.get(kind, namespace, name), self._loop)
        try:
            return asked.result()
        except NotFound:
            return None
