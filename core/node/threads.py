"""Blocking calls off the event loop: a bound on how many at a time, a thread for each, none while nothing is called.

Nobody waits for these threads at the end of the process, unlike for those of `concurrent.futures`: a call that waits long
(a followed log, a container's grace period) must not keep it from ending.
"""

from __future__ import annotations

import _thread
import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """At most ``bound`` calls at a time; more wait for their turn."""

    def __init__(self, bound: int) -> None:
        self._free = asyncio.Semaphore(bound)

    async def run(self, call: Callable[..., T], *arguments: Any) -> T:
        """What ``call`` returns or raises. A cancelled wait leaves the call to its end.

        Raises `RuntimeError` where the machine has no thread left.
        """
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            self._free.release()
            if outcome.cancelled():
                return
            if isinstance(error, StopIteration):  # a future refuses it, and whoever waits would wait for ever
                outcome.set_exception(RuntimeError(f"a blocking call has raised {error!r}"))
            elif error is not None:
                outcome.set_exception(error)
            else:
                outcome.set_result(result)  # type: ignore[arg-type]

        def work() -> None:
            result, error = None, None
            try:
                result = call(*arguments)
            except BaseException as exc:
                error = exc
            if not loop.is_closed():
                try:
                    loop.call_soon_threadsafe(finish, result, error)
                except RuntimeError:
                    return  # the loop has ended: nobody waits

        # `threading.Thread.start` waits until the thread runs, which would block the event loop.
        try:
            _thread.start_new_thread(work, ())
        except BaseException:
            self._free.release()
            raise
        return await outcome
