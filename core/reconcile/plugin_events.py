"""Plugins that fail, are slow or hang, told as events of the node: where people look first.

Started by whoever runs a cluster. `sampan.core.plugins.account` says what is worth telling, once a minute at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from sampan.core.model.core_v1.node import Node
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.plugins import Plugins
from sampan.core.plugins.account import Sort, Trouble
from sampan.core.reconcile.events import EventRecorder

REASONS: Mapping[Sort, str] = {
    "failed": "PluginFailed",
    "slow": "PluginSlow",
    "hangs": "PluginHangs",
    "dropped": "PluginSlow",
    "greedy": "PluginGreedy",
}


class PluginEvents:
    """Speaks from `start` to `stop`."""

    def __init__(self, plugins: Plugins, recorder: EventRecorder, node: str) -> None:
        self._plugins = plugins
        self._recorder = recorder
        # As the kubelet names its node in events: its name stands for the uid too.
        self._node = Node(metadata=ObjectMeta(name=node, uid=node))
        self._unlisten: Callable[[], None] = lambda: None

    def start(self) -> None:
        """On the event loop that the recorder is used on; troubles come on any thread."""
        loop = asyncio.get_running_loop()

        def heard(trouble: Trouble) -> None:
            loop.call_soon_threadsafe(self._emit, trouble)

        self._unlisten = self._plugins.account.listen(heard)

    async def stop(self) -> None:
        self._unlisten()
        await self._recorder.close()

    def _emit(self, trouble: Trouble) -> None:
        self._recorder.emit(self._node, REASONS[trouble.sort], trouble.sentence, type="Warning")
