"""The informers of a process, one per kind, shared by all controllers; and the read-only view that decisions get.

Made once by the engine; everything runs on the event loop, but for those who read through a `ThreadLister`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from sampan.core.client.protocol import Client
from sampan.core.model.kinds import KubeObject, info
from sampan.core.reconcile.clock import Clock
from sampan.core.reconcile.informer import NAMESPACE, OWNER, Informer

T = TypeVar("T", bound=KubeObject)


class InformerSet:
    """Informers by kind. Those asked for before `start` are started and synced by it; later ones at once."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._informers: dict[type[KubeObject], Informer[Any]] = {}
        self._tasks: dict[type[KubeObject], asyncio.Task[None]] = {}
        self._started = False

    def informer(self, kind: type[T]) -> Informer[T]:
        """The kind's informer, made where there is none yet."""
        known = self._informers.get(kind)
        if known is None:
            known = self._informers[kind] = Informer(self._client, kind, self._clock)
            if self._started:
                self._run(known)
        return cast("Informer[T]", known)

    def known(self, kind: type[KubeObject]) -> Informer[Any] | None:
        """The kind's informer, if somebody has asked for one."""
        return self._informers.get(kind)

    def kinds(self) -> Iterable[type[KubeObject]]:
        return tuple(self._informers)

    async def start(self) -> None:
        """Start all and wait until each has its first list."""
        self._started = True
        for informer in tuple(self._informers.values()):
            self._run(informer)
        await self.synced()

    async def synced(self) -> None:
        for informer in tuple(self._informers.values()):
            await informer.synced.wait()

    async def stop(self) -> None:
        """End every task; the caches stay readable."""
        tasks, self._tasks = tuple(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def forget(self, kind: type[KubeObject]) -> None:
        """Stop following a kind: whoever reads it from now on makes a mistake."""
        self._informers.pop(kind, None)
        if task := self._tasks.pop(kind, None):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _run(self, informer: Informer[Any]) -> None:
        self._tasks[informer.kind] = asyncio.create_task(
            informer.run(), name=f"informer {info(informer.kind).resource}"
        )


class InformerLister:
    """`sampan.core.contracts.controller.Lister` over an `InformerSet`.

    Reading a kind that no controller watches is a mistake of the controller's author: `LookupError`.
    """

    def __init__(self, informers: InformerSet) -> None:
        self._informers = informers

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        return self.informer(kind).get(namespace, name)

    def list(self, kind: type[T], namespace: str | None = None) -> Sequence[T]:
        informer = self.informer(kind)
        return informer.all() if namespace is None else informer.indexed(NAMESPACE, namespace)

    def owned_by(self, kind: type[T], uid: str) -> Sequence[T]:
        return self.informer(kind).indexed(OWNER, uid)

    def indexed(self, kind: type[T], index: str, value: str) -> Sequence[T]:
        return self.informer(kind).indexed(index, value)

    def tally(self, kind: type[T], tally: str, value: str) -> Mapping[Hashable, int]:
        return self.informer(kind).tally(tally, value)

    def informer(self, kind: type[T]) -> Informer[T]:
        """Raises `LookupError`."""
        informer = self._informers.known(kind)
        if informer is None:
            raise LookupError(f"no controller watches {info(kind).resource}: name it in the controller's watches")
        return informer


class ThreadLister:
    """The same for another thread: each answer is of one moment, two answers may be of two, as in Kubernetes."""

    def __init__(self, lister: InformerLister) -> None:
        self._lister = lister

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        with self._lister.informer(kind).lock:
            return self._lister.get(kind, namespace, name)

    def list(self, kind: type[T], namespace: str | None = None) -> Sequence[T]:
        with self._lister.informer(kind).lock:
            return self._lister.list(kind, namespace)

    def owned_by(self, kind: type[T], uid: str) -> Sequence[T]:
        with self._lister.informer(kind).lock:
            return self._lister.owned_by(kind, uid)

    def indexed(self, kind: type[T], index: str, value: str) -> Sequence[T]:
        with self._lister.informer(kind).lock:
            return self._lister.indexed(kind, index, value)

    def tally(self, kind: type[T], tally: str, value: str) -> Mapping[Hashable, int]:
        with self._lister.informer(kind).lock:
            return dict(self._lister.tally(kind, tally, value))
