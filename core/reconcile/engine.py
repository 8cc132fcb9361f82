"""The engine: runs controllers. Informers first, then one keyed queue and some workers for each controller.

Made and started by whoever runs a cluster (or a single controller over HTTPS: the code is the same). Everything is on one
event loop, but for what outside plugins decide. An engine with nothing to do waits on futures and costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry

from sampan.core.classes import frozen
from sampan.core.client.protocol import Client
from sampan.core.contracts.conformance import has_all
from sampan.core.contracts.controller import (
    ActsAhead,
    Controller,
    FollowsGroups,
    FollowsKinds,
    Key,
    Lister,
    Ordered,
    Watch,
)
from sampan.core.contracts.plan import NOTHING, Plan
from sampan.core.errors import ApiError, Permanent, Retry
from sampan.core.model.kinds import KubeObject
from sampan.core.plugins import Plugins
from sampan.core.plugins.patience import NotBack
from sampan.core.reconcile.clock import Clock, RealClock
from sampan.core.reconcile.deciding import Decider, DeciderInThread, Outside
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.informer import Informer
from sampan.core.reconcile.leadership import Leadership
from sampan.core.reconcile.lister import InformerLister, InformerSet
from sampan.core.reconcile.pacing import Pacing
from sampan.core.reconcile.queue import ShutDown, WorkQueue
from sampan.core.reconcile.runner import Runner, is_stale
from sampan.core.reconcile.supervision import Supervision

log = logging.getLogger(__name__)

T = TypeVar("T")

WORKERS = 5
"""Keys of one controller that are worked on side by side (kube-controller-manager's ``--concurrent-…-syncs``)."""
STOP_TIMEOUT = 5.0
LEAST_DELAY = 0.001
"""Seconds until a key may come again by its own wish: others have a turn in between."""


@frozen
class _Running:
    """One controller with what it runs on."""

    controller: Controller
    ordered: Ordered | None
    ahead: ActsAhead | None
    follows: FollowsKinds | None
    """What it has besides: the controller itself, or nothing."""
    queue: WorkQueue[Key]
    decider: Decider
    runner: Runner
    recorder: EventRecorder
    seats: asyncio.Semaphore | None
    """For one that acts ahead: how many more plans may be under way."""
    leadership: Leadership | None
    pacing: Pacing[Key]


class Engine:
    """Runs ``controllers``. ``client_for`` gives the client that writes in the name of a controller."""

    def __init__(
        self,
        controllers: Iterable[Controller],
        client_for: Callable[[str], Client],
        *,
        clock: Clock | None = None,
        plugins: Plugins | None = None,
        metrics: CollectorRegistry | None = None,
        informers: InformerSet | None = None,
        leadership: Leadership | None = None,
        not_elected: Collection[str] = (),
        brought_by: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """``brought_by``: see `Supervision`; those controllers decide in threads (`sampan.core.reconcile.deciding`).

        ``leadership``: only while it holds is anything decided, but by the controllers ``not_elected``."""
        self._leadership = leadership
        self._not_elected = frozenset(not_elected)
        self.clock = clock or RealClock()
        self.informers = informers or InformerSet(client_for("informers"), self.clock)
        self.lister = InformerLister(self.informers)
        self._client_for = client_for
        self._plugins = plugins
        self._brought_by = brought_by
        self._supervision = Supervision(plugins, brought_by, metrics or CollectorRegistry())
        self._running = [self._prepare(controller) for controller in controllers]
        self._workers: dict[asyncio.Task[None], str] = {}
        """Each with the controller that it works for."""
        self._acting: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        """Workers that may not decide at the moment."""

    def _prepare(self, controller: Controller) -> _Running:
        ordered = cast(Ordered, controller) if has_all(Ordered, controller) else None
        ahead = cast(ActsAhead, controller) if has_all(ActsAhead, controller) else None
        follows = cast(FollowsKinds, controller) if has_all(FollowsKinds, controller) else None
        rank = partial(_rank, ordered, self.lister) if ordered else None
        pacing: Pacing[Key] = Pacing(self.clock.monotonic)

        def wait(key: Key) -> float:
            return max(pacing.seconds_to_rest(key), ahead.seconds_to_wait(key) if ahead else 0.0)

        queue: WorkQueue[Key] = WorkQueue(self.clock, rank=rank, wait=wait)
        client = self._client_for(controller.name)
        recorder = EventRecorder(client, self.clock, controller.name)
        seats = asyncio.Semaphore(ahead.ahead) if ahead else None
        leadership = None if controller.name in self._not_elected else self._leadership
        runner = Runner(client, self.informers, recorder, leadership)
        decider = self._decider(controller, client, pacing)
        return _Running(
            controller, ordered, ahead, follows, queue, decider, runner, recorder, seats, leadership, pacing
        )

    def _decider(self, controller: Controller, client: Client, pacing: Pacing[Key]) -> Decider:
        def took(key: Key, seconds: float, is_back: bool) -> None:
            self._supervision.decided(controller.name, key, seconds, is_back, pacing)

        plugin = self._brought_by.get(controller.name)
        if plugin is None or self._plugins is None:
            return Decider(controller, self.lister, client, took)
        rest = partial(self._rest, pacing)
        outside = Outside(patience=self._plugins.patience, plugin=plugin, rest=rest, droppable=self._wait)
        return DeciderInThread(controller, self.lister, client, took, outside)

    async def start(self) -> None:
        """Fill the caches, then look at everything there is. Returns once the workers run."""
        for running in self._running:
            for watch in running.controller.watches:
                informer = self.informers.informer(watch.kind)
                _set_up(informer, watch)
        await self.informers.start()
        for running in self._running:
            for watch in running.controller.watches:
                self.informers.informer(watch.kind).subscribe(self._on_change(running, watch))
        for running in self._running:
            for number in range(1 if running.ordered else WORKERS):
                name = f"{running.controller.name} {number}"
                self._workers[asyncio.create_task(self._work(running), name=name)] = running.controller.name

    async def follow(self, kind: type[KubeObject]) -> None:
        """Let the controllers that look at every kind look at this one too. Returns once its objects are known."""
        informer = self.informers.informer(kind)
        await informer.synced.wait()
        for running in self._running:
            watch = running.follows.follow(kind) if running.follows else None
            if watch is not None:
                _set_up(informer, watch)
                informer.subscribe(self._on_change(running, watch))

    async def forget(self, kind: type[KubeObject]) -> None:
        """Stop following a kind."""
        for running in self._running:
            if running.follows:
                running.follows.forget(kind)
        if not any(watch.kind is kind for running in self._running for watch in running.controller.watches):
            await self.informers.forget(kind)

    def settle(self, versions: Collection[str]) -> None:
        """All kinds of these versions, which other API servers bring, are followed; others of theirs are not yet."""
        for running in self._running:
            if has_all(FollowsGroups, running.controller):
                cast(FollowsGroups, running.controller).settle(versions)

    async def stop(self) -> None:
        """End cleanly: plans under way get a moment to finish. No task is left behind."""
        for running in self._running:
            running.queue.shut_down()
        for worker in self._waiting:
            worker.cancel()
        if at_work := {*self._workers, *self._acting}:
            _, late = await asyncio.wait(at_work, timeout=STOP_TIMEOUT)
            late |= self._acting  # those that a worker began meanwhile
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._workers = {}
        await asyncio.gather(*(running.recorder.close() for running in self._running))
        await self.informers.stop()

    def working(self) -> Mapping[str, bool]:
        """Every controller that has been started, and whether all of its workers still run."""
        return {
            name: not any(worker.done() for worker, of in self._workers.items() if of == name)
            for name in self._workers.values()
        }

    async def settled(self) -> None:
        """Wait until no controller has anything to do at this moment, and every event is written. For tests."""
        while any(running.queue.busy for running in self._running):
            for running in self._running:
                await running.queue.idle()
        for running in self._running:
            await running.recorder.flushed()

    def enqueue(self, controller: str, key: Key) -> None:
        """Have a controller look at a key. Raises `LookupError` for one that does not run here."""
        for running in self._running:
            if running.controller.name == controller:
                running.queue.add(key)
                return
        raise LookupError(f"no controller {controller!r} runs here")

    def _on_change(self, running: _Running, watch: Watch) -> Callable[[KubeObject | None, KubeObject | None], None]:
        name = running.controller.name
        plugin, plugins = self._brought_by.get(name), self._plugins

        def keys(old: KubeObject | None, new: KubeObject | None) -> Iterable[Key]:
            if plugin is None or plugins is None:
                return concerned(watch, old, new, self.lister)
            return plugins.on_loop.ask(
                plugin, f"{name}'s watches", lambda: list(concerned(watch, old, new, self.lister))
            )

        def on_change(old: KubeObject | None, new: KubeObject | None) -> None:
            try:
                for key in keys(old, new):
                    running.queue.add(key)
            except NotBack:
                log.debug("%s is not asked whom a change concerns", name)
            except Exception:
                changed = (new or old or KubeObject()).key
                log.exception("%s cannot say whom a change of %s concerns", running.controller.name, changed)

        return on_change

    async def _work(self, running: _Running) -> None:
        while True:
            try:
                key = await running.queue.get()
            except ShutDown:
                return
            if running.leadership is not None and not running.leadership.holds:
                await self._wait(running.leadership.won())
            if running.pacing.seconds_to_pause():
                await self._wait(self._rest(running.pacing))
            plan, error = await self._decide(running, key)
            if running.seats is None or not plan.actions:
                await self._act(running, key, plan, error)
                continue
            await running.seats.acquire()
            acting = asyncio.create_task(self._act_ahead(running, running.seats, key, plan), name=f"acting on {key}")
            self._acting.add(acting)
            acting.add_done_callback(self._acting.discard)

    async def _rest(self, pacing: Pacing[Key]) -> None:
        while pause := pacing.seconds_to_pause():
            await self.clock.sleep(pause)

    async def _wait(self, turn: Awaitable[T]) -> T:
        """With a key in hand, of which nothing has been decided: an end of the engine waits for none of this."""
        worker = asyncio.current_task()
        assert worker is not None
        self._waiting.add(worker)
        try:
            return await turn
        finally:
            self._waiting.discard(worker)

    async def _decide(self, running: _Running, key: Key) -> tuple[Plan, Exception | None]:
        self._supervision.begins(running.controller.name, key)
        try:
            return await running.decider.plan(key, self.clock.now()), None
        except Exception as exc:
            return NOTHING, exc

    async def _act_ahead(self, running: _Running, seats: asyncio.Semaphore, key: Key, plan: Plan) -> None:
        try:
            await self._act(running, key, plan, None)
        finally:
            seats.release()

    async def _act(self, running: _Running, key: Key, plan: Plan, error: Exception | None) -> None:
        """Carry out what was decided; then say when to look again."""
        try:
            if error is None:
                error = await self._carry_out(running, key, plan)
            self._conclude(running, key, plan, error)
        finally:
            running.queue.done(key)

    async def _carry_out(self, running: _Running, key: Key, plan: Plan) -> Exception | None:
        try:
            await running.runner.carry_out(plan)
        except Exception as exc:
            if running.ahead:
                running.ahead.failed(key, self.lister)
            return exc
        return None

    def _conclude(self, running: _Running, key: Key, plan: Plan, error: Exception | None) -> None:
        name = running.controller.name
        self._supervision.acted(name, key, plan, running.pacing)
        outcome = self._plan_next(running, key, plan, error)
        self._supervision.ended(name, key, plan, error, outcome)

    def _plan_next(self, running: _Running, key: Key, plan: Plan, error: Exception | None) -> str:
        name, queue = running.controller.name, running.queue
        match error:
            case None:
                queue.forget(key)
                if plan.requeue_after is not None:
                    queue.add_after(key, max(plan.requeue_after, LEAST_DELAY))
                return "done"
            case Retry():
                queue.add_after(key, max(error.after, LEAST_DELAY))
                return "retry"
            case NotBack():  # it has been named, and nothing is asked of it for a while
                queue.add_failed(key)
            case Permanent():
                log.error("%s gives up on %s: %s", name, key, error)
                queue.forget(key)
                return "error"
            case ApiError() if is_stale(error):
                log.debug("%s had an old view of %s: %s", name, key, error)
                queue.add_failed(key)
                return "retry"
            case ApiError():
                delay = queue.add_failed(key)
                log.info("%s failed on %s, next try in %.3f s: %s", name, key, delay, error)
            case _:
                delay = queue.add_failed(key)
                self._supervision.broke(name, key, delay, error)
        return "error"


def _rank(ordered: Ordered, state: Lister, key: Key) -> Any:
    return ordered.rank(key, state)


def concerned(watch: Watch, old: KubeObject | None, new: KubeObject | None, state: Lister) -> Iterable[Key]:
    """The keys to look at when ``old`` has become ``new``."""
    if watch.changed is not None:
        yield from watch.changed(old, new, state)
        return
    for obj in (new, old):
        if obj is not None:
            yield from watch.keys(obj, state)


def _set_up(informer: Informer[Any], watch: Watch) -> None:
    for name, index in watch.indexes.items():
        informer.add_index(name, index)
    for name, tally in watch.tallies.items():
        informer.add_tally(name, tally)
