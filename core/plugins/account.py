"""What hook calls took and what went wrong in them: counted for every plugin and hook, told once a minute.

A plugin that fails in every call must not fill the log, so the first failure is told with the end of its traceback, and
after that one line a minute with how often it was. Called by `sampan.core.plugins.calls` on whichever thread a hook runs.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from typing import Literal

import attrs
from prometheus_client import CollectorRegistry, Counter, Summary

from sampan.core.classes import define, frozen

log = logging.getLogger(__name__)

Sort = Literal["failed", "slow", "hangs", "dropped", "greedy"]
AGAIN_AFTER = 60.0
"""Seconds between two lines about the same trouble."""
FRAMES, LONGEST_TEXT, LONGEST_SENTENCE = 6, 4000, 300
"""As much of a traceback as is logged: the innermost frames, in characters; and of what an exception says."""


@frozen
class Trouble:
    """One plugin's trouble in one hook, as it is told."""

    plugin: str
    hook: str
    sort: Sort
    sentence: str


@define
class Tally:
    """One plugin's calls of one hook so far."""

    calls: int = 0
    failures: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    slow: int = 0
    """Calls that took longer than they should."""
    problem: str = ""
    """The last one."""


@define
class _Quiet:
    """Since when a trouble has not been told, and how often it came meanwhile."""

    since: float
    times: int = 0


class Account:
    """Of all plugins of one process. Any thread."""

    def __init__(self, metrics: CollectorRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._quiet: dict[tuple[str, str, Sort], _Quiet] = {}
        self._listeners: list[Callable[[Trouble], None]] = []
        self._failures = Counter(
            "sampan_hook_failures", "Hook calls that failed.", ["plugin", "hook"], registry=metrics
        )
        self._seconds = Summary(
            "sampan_hook_seconds", "Time that hook calls took.", ["plugin", "hook"], registry=metrics
        )

    def listen(self, listener: Callable[[Trouble], None]) -> Callable[[], None]:
        """Have every trouble that is told given to ``listener``, on any thread. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tallies(self) -> dict[tuple[str, str], Tally]:
        """(plugin, hook) → its tally, now."""
        with self._lock:
            return {key: attrs.evolve(tally) for key, tally in self._tallies.items()}

    def took(self, plugin: str, hook: str, seconds: float, slow: float) -> None:
        """A call has ended. ``slow``: seconds that it should not have taken."""
        with self._lock:
            tally = self._tally(plugin, hook)
            tally.calls += 1
            tally.seconds += seconds
            tally.longest = max(tally.longest, seconds)
            tally.slow += seconds > slow
        self._seconds.labels(plugin, hook).observe(seconds)
        if seconds > slow:
            self._tell(plugin, hook, "slow", f"took {seconds:.2f} s in {hook}, which should take under {slow:g} s")

    def failed(self, plugin: str, hook: str, problem: BaseException | str) -> None:
        """A call raised, or returned what it may not (a sentence)."""
        sentence = problem if isinstance(problem, str) else _of_exception(problem)
        self._count(plugin, hook, sentence)
        trace = "" if isinstance(problem, str) else _end_of_traceback(problem)
        self._tell(plugin, hook, "failed", f"failed in {hook}: {sentence}", trace)

    def hangs(self, plugin: str, hook: str, seconds: float) -> None:
        """A call has not come back: the plugin is left out until it does."""
        sentence = f"has not come back from {hook} after {seconds:g} s: it is left out until it does"
        self._count(plugin, hook, sentence)
        self._tell(plugin, hook, "hangs", sentence)

    def late(self, plugin: str, hook: str, sentence: str) -> None:
        """It is waited for, however long it takes, as the sentence says."""
        self._count(plugin, hook, sentence)
        self._tell(plugin, hook, "slow", sentence)

    def dropped(self, plugin: str, hook: str) -> None:
        """A notice could not be delivered, as too many wait; ``plugin`` is the one that they wait for."""
        self._tell(plugin, hook, "dropped", f"is so slow that a notice of {hook} was dropped")

    def greedy(self, plugin: str, hook: str, sentence: str) -> None:
        """It takes from the others what they need, as the sentence says."""
        self._count(plugin, hook, sentence)
        self._tell(plugin, hook, "greedy", sentence)

    def _tally(self, plugin: str, hook: str) -> Tally:
        return self._tallies.setdefault((plugin, hook), Tally())

    def _count(self, plugin: str, hook: str, sentence: str) -> None:
        with self._lock:
            tally = self._tally(plugin, hook)
            tally.failures += 1
            tally.problem = sentence
        self._failures.labels(plugin, hook).inc()

    def _tell(self, plugin: str, hook: str, sort: Sort, sentence: str, trace: str = "") -> None:
        now = self._clock()
        with self._lock:
            known = self._quiet.get((plugin, hook, sort))
            if known is not None and now - known.since < AGAIN_AFTER:
                known.times += 1
                return
            self._quiet[(plugin, hook, sort)] = _Quiet(now)
        more = f" ({known.times} more times since that was last told)" if known is not None and known.times else ""
        log.warning("plugin %s %s%s%s", plugin, sentence, more, "" if known else trace)
        trouble = Trouble(plugin, hook, sort, f"plugin {plugin} {sentence}{more}")
        for listener in tuple(self._listeners):
            listener(trouble)


def _of_exception(exc: BaseException) -> str:
    text = " ".join(str(exc).split())
    text = text if len(text) <= LONGEST_SENTENCE else text[:LONGEST_SENTENCE] + "…"
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def _end_of_traceback(exc: BaseException) -> str:
    lines = traceback.format_exception(type(exc), exc, exc.__traceback__, limit=-FRAMES, chain=False)
    text = "".join(lines).rstrip()
    return "\n" + (text if len(text) <= LONGEST_TEXT else "…" + text[-LONGEST_TEXT:])
