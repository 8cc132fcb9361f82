"""Asking plugins for metrics, so that one that hangs holds up nobody: neither other plugins, nor other autoscalers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from sampan.core.contracts.metrics import MetricsProvider

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds that an answer may take. The plugin is left alone after that, until it has come back."""


class NoAnswer(Exception):
    """Why a provider has said nothing."""


class AskedProvider:
    """One plugin's provider, asked one question at a time, each in a thread that nothing waits for at the end."""

    def __init__(self, name: str, provider: MetricsProvider) -> None:
        self.name = name
        self._provider = provider
        self._turn = asyncio.Lock()
        self._hanging = False

    async def ask(self, question: Callable[[MetricsProvider], T]) -> T:
        """Raises `NoAnswer`, and whatever the plugin raises."""
        async with self._turn:
            if self._hanging:
                raise NoAnswer(f"the plugin's provider {self.name!r} still has not answered an earlier question")
            answer = self._begin(question)
            done, _ = await asyncio.wait((answer,), timeout=PATIENCE)
            if not done:
                self._hanging = True
                answer.add_done_callback(self._came_back)
                raise NoAnswer(f"the plugin's provider {self.name!r} has not answered in {PATIENCE:.0f} s")
            return answer.result()

    def _begin(self, question: Callable[[MetricsProvider], T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def tell(set_it: Callable[[], None]) -> None:
            if not answer.done():
                set_it()

        def run() -> None:
            try:
                value = question(self._provider)
            except Exception as exc:
                failure = exc
                _from_thread(loop, lambda: tell(lambda: answer.set_exception(failure)))
            else:
                _from_thread(loop, lambda: tell(lambda: answer.set_result(value)))

        threading.Thread(target=run, name=f"metrics of {self.name}", daemon=True).start()
        return answer

    def _came_back(self, answer: asyncio.Future[T]) -> None:
        self._hanging = False
        if not answer.cancelled():
            answer.exception()  # nobody waits for it any more


def _from_thread(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return  # the loop has ended: nobody wants the answer
