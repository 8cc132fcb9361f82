"""How long anybody waits for a plugin's code: it runs in threads, and who does not come back is left out until they do.

Of all plugins of one process, for hooks (`calls`) and for what is asked of their parts (`part_calls`) alike: a plugin that
holds a lock for ever in one place would be waited for in the next one, too.

Decisions that change nothing (`Patience.decide`) are ended besides: Python code that goes round for ever would take half of
the interpreter from everybody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sampan.core.plugins.account import Account
from sampan.core.plugins.overdue import Call

T = TypeVar("T")
LIMIT, DECISION_LIMIT = 30.0, 5.0
"""Seconds after which a plugin is left out; the second where somebody waits with a pod in hand."""


class NotBack(Exception):
    """It has not come back, or is not asked, as it has not come back from an earlier call."""


class Patience:
    """Any thread. It has no threads before the first call; `close` ends those that wait for work."""

    def __init__(self, account: Account, limit: float | None = None) -> None:
        """``limit`` stands in for both limits."""
        self.account = account
        self._limit = limit
        self._lock = threading.Lock()
        self._hanging: Counter[str] = Counter()
        """Plugin → its calls that have not come back."""
        self._idle: list[_Worker] = []
        self._closed = False

    def limit(self, is_decision: bool) -> float:
        """Seconds that a call may take."""
        return self._limit or (DECISION_LIMIT if is_decision else LIMIT)

    def hanging(self) -> frozenset[str]:
        """Plugins that are left out now."""
        with self._lock:
            return frozenset(self._hanging)

    def is_left_out(self, plugin: str) -> bool:
        return plugin in self._hanging

    def lost(self, plugin: str) -> None:
        """A call has not come back: the plugin is left out from now on."""
        with self._lock:
            self._hanging[plugin] += 1

    def came_back(self, plugin: str) -> None:
        """After it was `lost`."""
        with self._lock:
            self._hanging[plugin] -= 1
            if not self._hanging[plugin]:
                del self._hanging[plugin]

    def run(self, work: Callable[[], T], limit: float) -> T:
        """What ``work`` returns or raises, from a thread. Raises `NotBack` after ``limit`` seconds; it goes on alone."""
        worker = self._worker()
        outcome = worker.run(work)
        try:
            outcome.exception(limit)
        except TimeoutError:
            worker.leave()
            raise NotBack from None
        self._keep(worker)
        result: T = outcome.result()
        return result

    async def run_beside(self, work: Callable[[], T], limit: float | None = None) -> T:
        """`run` for an event loop, which goes on meanwhile; without a ``limit`` it has as long as it takes."""
        worker = self._worker()
        outcome = worker.run(work)
        try:
            done, _ = await asyncio.wait([_end_of(outcome)], timeout=limit)
        except asyncio.CancelledError:
            worker.leave()
            raise
        if not done:
            worker.leave()
            raise NotBack
        self._keep(worker)
        result: T = outcome.result()
        return result

    def ask(self, plugin: str, what: str, work: Callable[[], T], *, is_decision: bool = True) -> T:
        """`run` of one plugin's own code. Raises `NotBack` also while the plugin is left out."""
        limit = self.limit(is_decision)
        call = self._call(plugin)
        try:
            return self.run(lambda: call.run(work), limit)
        except NotBack:
            self.give_up(call, what, limit)
            raise

    async def decide(self, plugin: str, what: str, work: Callable[[], T], limit: float | None = None) -> T:
        """What ``work`` comes to, which is a plugin's own code and changes nothing, for an event loop.

        Raises `NotBack` where it takes too long (``limit`` seconds, else as long as decisions have), or while the plugin is
        left out. What is Python is ended then, by an `Overdue` out of the blue; what waits in a system call, once it has
        come back from there.
        """
        limit = limit or self.limit(is_decision=True)
        call = self._call(plugin)
        try:
            return await self.run_beside(lambda: call.run(work), limit)
        except NotBack:
            self.give_up(call, what, limit)
            call.end()
            raise
        except asyncio.CancelledError:
            call.end()
            raise

    def _call(self, plugin: str) -> Call:
        if self.is_left_out(plugin):
            raise NotBack
        return Call(plugin, self.came_back)

    def give_up(self, call: Call, what: str, limit: float) -> None:
        """It has not come back after ``limit`` seconds: it is named, and left out until it does."""
        self.lost(call.plugin)
        if call.settle("lost"):
            self.account.hangs(call.plugin, what, limit)
        else:
            self.came_back(call.plugin)  # in this very moment

    def _worker(self) -> _Worker:
        with self._lock:
            idle = self._idle.pop() if self._idle else None
        return idle or _Worker()

    def _keep(self, worker: _Worker) -> None:
        """For the next call."""
        with self._lock:
            if keep := not self._closed:
                self._idle.append(worker)
        if not keep:
            worker.leave()

    def close(self, timeout: float) -> None:
        """Give each thread that waits for work ``timeout`` seconds to end. Idempotent."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end(timeout)


def _end_of(outcome: Future[Any]) -> asyncio.Future[None]:
    """Done when ``outcome`` is. It may come when the loop is no more."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not ended.done():
            ended.set_result(None)

    def call_loop(_outcome: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell)

    outcome.add_done_callback(call_loop)
    return ended


class _Worker:
    """A thread that does one job after another. A daemon: a plugin that never comes back keeps no process alive."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sampan hook", daemon=True)
        self._thread.start()

    def run(self, job: Callable[[], Any]) -> Future[Any]:
        outcome: Future[Any] = Future()
        self._jobs.put((job, outcome))
        return outcome

    def leave(self) -> None:
        """End it once it comes back."""
        self._jobs.put(None)

    def end(self, timeout: float) -> None:
        self.leave()
        self._thread.join(timeout)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            call, outcome = job
            try:
                outcome.set_result(call())
            except Exception as exc:
                outcome.set_exception(exc)
            except BaseException as exc:  # who asked is not to end by it
                outcome.set_exception(RuntimeError(f"it raised {exc!r}"))
            del job, call, outcome  # nothing of it is kept until the next one
