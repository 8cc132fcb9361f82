"""Calling hooks so that no plugin can harm another, or hold up who calls.

pluggy decides the order (``tryfirst``, ``trylast``, wrappers). Every implementation is replaced by a guarded one: it is
timed, what it raises is counted and named, and what it returns is checked before anybody else sees it. All of them run in
threads, with a limit in time (`patience`): a plugin that has not come back by then is left out, by name, until it does,
and the others are asked without it.

There are two sorts of calls. `HookCalls.tell` passes a notice on and returns at once; notices are delivered in the order
in which they were given. `HookCalls.ask` waits for answers, so it is for threads that may wait.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

import attrs
import pluggy

from sampan.core.classes import define, frozen
from sampan.core.plugins.account import Account
from sampan.core.plugins.patience import NotBack, Patience
from sampan.core.plugins.results import checked, own_copy

MOST_NOTICES = 10_000
"""Notices that may wait to be delivered; more are dropped, and that is told."""
DECISIONS = ("sampan_filter_nodes", "sampan_score_nodes")
"""Somebody waits for these with the next pod in hand."""
SLOW, SLOW_DECISION = 1.0, 0.1
"""Seconds that a call should not take."""
TRACE_VARIABLE = "SAMPAN_TRACE_HOOKS"


@frozen
class Answer:
    """What one plugin returned. ``plugin`` is empty where a wrapper has put something else in its place."""

    plugin: str
    value: Any


@define(eq=False)
class _Chain:
    """One call of a hook on its way through the plugins, in one thread."""

    hook: str
    arguments: Mapping[str, Any]
    piped: str = ""
    """The argument that each plugin gets as the one before returned it."""
    value: Any = None
    skip: frozenset[str] = frozenset()
    """Plugins that have had this notice."""
    done: set[str] = attrs.field(factory=set)
    running: str = ""
    """The plugin whose code runs."""
    abandoned: bool = False
    """Who asked has stopped waiting."""
    names: dict[int, str] = attrs.field(factory=dict)
    """``id`` of a result → the plugin that returned it. The results live as long as the chain."""


class HookCalls:
    """The hooks of one plugin manager. Close it to end its threads; it has none before the first call."""

    def __init__(self, manager: pluggy.PluginManager, account: Account, patience: Patience) -> None:
        self._manager = manager
        self._account = account
        self._patience = patience
        self._lock = threading.Lock()
        self._here = threading.local()
        self._notices: queue.SimpleQueue[tuple[str, Mapping[str, Any]] | None] = queue.SimpleQueue()
        self._teller: threading.Thread | None = None
        self._told_now = ""
        self._closed = False
        callers = [caller for caller in vars(manager.hook).values() if isinstance(caller, pluggy.HookCaller)]
        self._count = {caller.name: len(caller.get_hookimpls()) for caller in callers}
        for caller in callers:
            for implementation in caller.get_hookimpls():
                self._guard(caller.name, implementation)

    def has(self, hook: str) -> bool:
        """Whether any plugin implements ``hook``: hot paths ask before they build arguments."""
        return self._count[hook] > 0

    def tell(self, hook: str, **arguments: Any) -> None:
        """Have every plugin told, soon and in order. Never blocks; any thread, also the event loop's."""
        if not self.has(hook) or self._closed:
            return
        if self._notices.qsize() >= MOST_NOTICES:
            self._account.dropped(self._told_now or "unknown", hook)
            return
        self._notices.put((hook, arguments))
        with self._lock:
            if self._teller is None:
                self._teller = threading.Thread(target=self._deliver, name="sampan hooks", daemon=True)
                self._teller.start()

    def ask(self, hook: str, **arguments: Any) -> list[Answer]:
        """What the plugins answer, in pluggy's order, without those that have nothing to say. Blocking."""
        for _ in self._tries(hook):
            chain = _Chain(hook, arguments)
            results = self._within_limit(chain)
            if results is not None:
                return [Answer(chain.names.get(id(result), ""), result) for result in results]
        return []

    def pipe(self, hook: str, argument: str, value: Any, **arguments: Any) -> Any:
        """Each plugin gets the ``argument`` that the one before returned; the last one's, or ``value``. Blocking."""
        for _ in self._tries(hook):
            chain = _Chain(hook, {**arguments, argument: value}, piped=argument, value=value)
            results = self._within_limit(chain)
            if results is not None:
                return results[-1] if results else value
        return value

    def close(self, timeout: float = 2.0) -> None:
        """Deliver what was told, for at most ``timeout`` seconds, and end the threads. Blocking; idempotent."""
        with self._lock:
            self._closed = True
            teller, self._teller = self._teller, None
        if teller is not None:
            self._notices.put(None)
            teller.join(timeout)
        self._patience.close(timeout)

    # Delivering, with a limit in time

    def _deliver(self) -> None:
        while (notice := self._notices.get()) is not None:
            hook, arguments = notice
            skip: frozenset[str] = frozenset()
            for _ in self._tries(hook):
                chain = _Chain(hook, arguments, skip=skip)
                if self._within_limit(chain) is not None:
                    break
                skip |= chain.done

    def _tries(self, hook: str) -> range:
        """Each plugin may fail to come back once."""
        return range(self._count[hook] and self._count[hook] + 1)

    def _within_limit(self, chain: _Chain) -> list[Any] | None:
        """Run it in a thread. Returns the results; ``None`` where a plugin has not come back."""
        limit = self._patience.limit(chain.hook in DECISIONS)
        try:
            return self._patience.run(lambda: self._run(chain), limit)
        except NotBack:
            self._abandon(chain, limit)
            return None

    def _run(self, chain: _Chain) -> list[Any]:
        self._here.chain = chain
        arguments = dict(chain.arguments)
        results: list[Any] = getattr(self._manager.hook, chain.hook)(**arguments)
        return results

    def _abandon(self, chain: _Chain, limit: float) -> None:
        """Stop waiting for a chain: whose code runs now is left out from now on."""
        with self._lock:
            chain.abandoned = True
            plugin = chain.running
            if plugin:
                chain.done.add(plugin)
                self._patience.lost(plugin)
        if plugin:
            self._account.hangs(plugin, chain.hook, limit)

    # Guarding each implementation

    def _guard(self, hook: str, implementation: pluggy.HookImpl) -> None:
        guard = self._wrapper if implementation.wrapper else self._function
        # pluggy calls whatever stands here; its own order and wrapping stay as they are.
        implementation.function = guard(hook, implementation)  # type: ignore[misc]

    def _function(self, hook: str, implementation: pluggy.HookImpl) -> Callable[..., Any]:
        call, names, plugin = implementation.function, implementation.argnames, implementation.plugin_name

        def guarded(*arguments: Any) -> Any:
            chain: _Chain = self._here.chain
            if not self._may(chain, plugin):
                return None
            given = [
                own_copy(chain.value) if name == chain.piped else each
                for name, each in zip(names, arguments, strict=True)
            ]

            def work() -> Any:
                result = call(*given)
                known = {**chain.arguments, chain.piped: chain.value} if chain.piped else chain.arguments
                result = None if result is None else checked(hook, result, known)
                _trace(hook, plugin, dict(zip(names, given, strict=True)), result)
                return result

            result = self._timed(chain, plugin, work, None)
            if result is not None:
                chain.names.setdefault(id(result), plugin)
                chain.value = result
            return result

        return guarded

    def _wrapper(self, hook: str, implementation: pluggy.HookImpl) -> Callable[..., Any]:
        call, plugin = implementation.function, implementation.plugin_name

        def guarded(*arguments: Any) -> Generator[None, Any, Any]:
            chain: _Chain = self._here.chain
            wrapped: Generator[None, Any, Any] | None = None

            def begin() -> Any:
                begun: Any = call(*arguments)
                try:
                    next(begun)
                except StopIteration:
                    raise TypeError("a wrapper must yield once") from None
                return begun

            def end(results: list[Any]) -> list[Any]:
                assert wrapped is not None
                try:
                    wrapped.send(list(results))
                except StopIteration as stop:
                    return _checked_all(hook, stop.value, results, chain.arguments)
                wrapped.close()
                raise TypeError("a wrapper must yield once, not twice")

            if self._may(chain, plugin):
                wrapped = self._timed(chain, plugin, begin, None)
            results = yield
            if wrapped is None or chain.abandoned:
                return results
            return self._timed(chain, plugin, lambda: end(results), results)

        return guarded

    def _may(self, chain: _Chain, plugin: str) -> bool:
        with self._lock:
            return not (chain.abandoned or self._patience.is_left_out(plugin) or plugin in chain.skip)

    def _timed(self, chain: _Chain, plugin: str, work: Callable[[], Any], otherwise: Any) -> Any:
        """What ``work``, a plugin's own code, returns; ``otherwise`` where it fails or is no longer waited for."""
        with self._lock:
            chain.running = plugin
        self._told_now = plugin
        began = time.perf_counter()
        problem: BaseException | None = None
        result = otherwise
        try:
            result = work()
        except BaseException as exc:  # also SystemExit: a plugin must not end the thread
            problem = exc
        seconds = time.perf_counter() - began
        with self._lock:
            chain.running = ""
            chain.done.add(plugin)
            is_late = chain.abandoned
            if is_late:
                self._patience.came_back(plugin)
        self._account.took(plugin, chain.hook, seconds, SLOW_DECISION if chain.hook in DECISIONS else SLOW)
        if problem is not None:
            self._account.failed(plugin, chain.hook, problem)
        return otherwise if is_late else result


def _checked_all(hook: str, changed: Any, results: list[Any], arguments: Mapping[str, Any]) -> list[Any]:
    """What a wrapper made of the results: those that it did not pass on as they were are checked."""
    if not isinstance(changed, list):
        raise TypeError(f"a wrapper must return the list of results, not a {type(changed).__name__}")
    known = {id(result) for result in results}
    return [each if id(each) in known else checked(hook, each, arguments) for each in changed]


def _trace(hook: str, plugin: str, given: Mapping[str, Any], result: Any) -> None:
    if os.environ.get(TRACE_VARIABLE) == "1":
        sys.stderr.write(f"hook {hook} [{plugin}] {given} -> {result!r}\n")
