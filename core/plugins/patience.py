"""How long anybody waits for a plugin's code: it runs in threads, and who does not come back is left out until they do.

Of all plugins of one process, for hooks (`calls`) and for what is asked of their parts (`part_calls`) alike: a plugin that
holds a lock for ever in one place would be waited for in the next one, too.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sampan.core.plugins.account import Account

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
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker()
        outcome = worker.run(work)
        try:
            outcome.exception(limit)
        except TimeoutError:
            worker.leave()
            raise NotBack from None
        with self._lock:
            if keep := not self._closed:
                self._idle.append(worker)
        if not keep:
            worker.leave()
        result: T = outcome.result()
        return result

    def ask(self, plugin: str, what: str, work: Callable[[], T], *, is_decision: bool = True) -> T:
        """`run` of one plugin's own code. Raises `NotBack` also while the plugin is left out."""
        if self.is_left_out(plugin):
            raise NotBack
        limit = self.limit(is_decision)
        call = _Call()

        def done() -> T:
            try:
                return work()
            finally:
                if not call.settle("ended"):
                    self.came_back(plugin)

        try:
            return self.run(done, limit)
        except NotBack:
            self.lost(plugin)
            if call.settle("lost"):
                self.account.hangs(plugin, what, limit)
            else:
                self.came_back(plugin)  # in this very moment
            raise

    def close(self, timeout: float) -> None:
        """Give each thread that waits for work ``timeout`` seconds to end. Idempotent."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end(timeout)


class _Call:
    """One call, which has ended or is given up: what comes first counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is = ""

    def settle(self, how: str) -> bool:
        """Whether nothing else came first."""
        with self._lock:
            self._is = self._is or how
            return self._is == how


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
            except BaseException as exc:
                outcome.set_exception(exc)
            del job, call, outcome  # nothing of it is kept until the next one
