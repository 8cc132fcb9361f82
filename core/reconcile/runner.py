"""Carry out plans: the one place where decisions become requests.

Called by the engine's workers on the event loop, one plan of a key at a time. When `Runner.carry_out` returns, the
informers hold everything that the plan wrote: whoever decides next reads those writes, so that no controller keeps
books about what it expects to see.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

from sampan.core.client.protocol import Client
from sampan.core.contracts.plan import (
    Action,
    Bind,
    Create,
    Delete,
    Emit,
    ExpectAnswer,
    ExpectEmpty,
    ExpectGone,
    Patch,
    Plan,
    Rescale,
    Update,
)
from sampan.core.errors import AlreadyExists, ApiError, Conflict, Forbidden, NotFound, Retry
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject, info
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.informer import Informer
from sampan.core.reconcile.leadership import EVERY, Leadership
from sampan.core.reconcile.lister import InformerSet

log = logging.getLogger(__name__)

SEEN_TIMEOUT = 300.0
"""Seconds to wait for a write to come back through the watch, as long as Kubernetes' expectations last."""

T = TypeVar("T")


def is_stale(error: Exception) -> bool:
    """Whether ``error`` only says that the plan was made from a state that has passed."""
    return isinstance(error, Conflict | NotFound)


def is_namespace_ending(error: Exception) -> bool:
    """Whether a creation was refused because its namespace is going away: then nobody wants the object any more."""
    return isinstance(error, Forbidden) and any(cause.reason == "NamespaceTerminating" for cause in error.causes)


class _Writes:
    """What a plan has written, and how to know that the caches hold it."""

    def __init__(self, informers: InformerSet) -> None:
        self._informers = informers
        self._pending: list[tuple[Informer[Any], Callable[[], bool]]] = []

    def wrote(self, obj: KubeObject) -> None:
        self.reached(type(obj), obj.metadata.resource_version)

    def reached(self, kind: type[KubeObject], resource_version: str | None) -> None:
        informer = self._informers.known(kind)
        if informer is not None:
            revision = int(resource_version or 0)
            self._pending.append((informer, lambda: informer.revision >= revision))

    def expect(self, kind: type[KubeObject], namespace: str, name: str, uid: str, holds: Callable[[Any], bool]) -> None:
        """``holds`` of the cached object; one that is gone (or another of the same name) is as good."""
        informer = self._informers.known(kind)
        if informer is None:
            return

        def seen() -> bool:
            cached = informer.get(namespace, name)
            return cached is None or cached.metadata.uid != uid or holds(cached)

        self._pending.append((informer, seen))

    async def seen(self) -> None:
        """Wait until the caches hold all of it."""
        pending, self._pending = self._pending, []
        for informer, condition in pending:
            if condition():
                continue
            try:
                async with asyncio.timeout(SEEN_TIMEOUT):
                    await informer.until(condition)
            except TimeoutError:
                log.warning("a write of %s did not come back in %.0f s", info(informer.kind).resource, SEEN_TIMEOUT)


class Runner:
    """Acts for one controller: ``client`` writes in its name, ``recorder`` speaks in its name."""

    def __init__(
        self,
        client: Client,
        informers: InformerSet,
        recorder: EventRecorder,
        leadership: Leadership | None = None,
    ) -> None:
        """With a ``leadership`` that is lost a plan goes no further."""
        self._leadership = leadership
        self._client = client
        self._informers = informers
        self._recorder = recorder

    async def carry_out(self, plan: Plan) -> None:
        """Do what ``plan`` says. Raises the first failure, after the rest of its group and the waiting are done."""
        writes = _Writes(self._informers)
        try:
            for group in groups(plan.actions):
                await self._all(group, writes)
        except ApiError as error:
            if not is_stale(error):
                await self._report(plan, error, writes)
            raise
        finally:
            await writes.seen()

    async def _all(self, group: Sequence[Action], writes: _Writes) -> None:
        if len(group) == 1:
            await self._act(group[0], writes)
            return
        results = await asyncio.gather(*(self._act(action, writes) for action in group), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _report(self, plan: Plan, error: ApiError, writes: _Writes) -> None:
        if plan.on_error is not None:
            self._emit(plan.on_error, "{error}", error.message)
        if plan.on_failure is None:
            return
        try:
            for action in plan.on_failure(error):
                await self._act(action, writes)
        except ApiError as further:
            log.debug("could not report %s: %s", error, further)

    async def _act(self, action: Action, writes: _Writes) -> None:
        if self._leadership is not None and not self._leadership.holds:
            raise Retry("another control plane may lead by now", EVERY)
        match action:
            case Create():
                await self._create(action, writes)
            case Update():
                writes.wrote(await self._client.update(action.obj, subresource=action.subresource))
            case Patch():
                await self._patch(action, writes)
            case Delete():
                await self._delete(action, writes)
            case Bind():
                await self._client.bind(action.namespace, action.name, action.uid, action.node)
                writes.expect(Pod, action.namespace, action.name, action.uid, _is_bound)
            case Rescale():
                await self._rescale(action, writes)
            case Emit():
                self._emit(action)
            case ExpectGone():
                await self._expect_gone(action)
            case ExpectEmpty():
                await self._expect_empty(action)
            case ExpectAnswer():
                await self._expect_answer(action)

    async def _create(self, action: Create, writes: _Writes) -> None:
        try:
            made = await self._client.create(action.obj)
        except AlreadyExists:
            if not action.ignore_exists:
                raise
            return
        except Forbidden as error:
            if is_namespace_ending(error):
                return
            raise
        writes.wrote(made)
        if action.then is not None:
            self._emit(action.then, "{name}", made.metadata.name or "")

    async def _patch(self, action: Patch, writes: _Writes) -> None:
        call = self._client.patch(
            action.kind, action.namespace, action.name, action.patch, type=action.type, subresource=action.subresource
        )
        if (patched := await _unless_missing(call, action.ignore_missing)) is not None:
            writes.wrote(patched)

    async def _delete(self, action: Delete, writes: _Writes) -> None:
        call = self._client.delete(
            action.kind, action.namespace, action.name,
            uid=action.uid, resource_version=action.resource_version,
            propagation=action.propagation, grace_period=action.grace_period,
        )  # fmt: skip
        await _unless_missing(call, True)
        informer = self._informers.known(action.kind)
        cached = informer.get(action.namespace, action.name) if informer else None
        if uid := action.uid or (cached.metadata.uid if cached else None):
            writes.expect(action.kind, action.namespace, action.name, uid, _is_ending)
        if action.then is not None:
            self._emit(action.then, "{name}", action.name)

    async def _rescale(self, action: Rescale, writes: _Writes) -> None:
        made = await self._client.update_scale(action.kind, action.scale)
        writes.reached(action.kind, made.metadata.resource_version)
        if action.then is not None:
            self._emit(action.then)

    async def _expect_gone(self, action: ExpectGone) -> None:
        live = await _unless_missing(self._client.get(action.kind, action.namespace, action.name), True)
        if live is not None and action.uid in (None, live.metadata.uid):
            raise Conflict(f"{info(action.kind).resource} {action.name!r} is there after all: the cache is behind")

    async def _expect_empty(self, action: ExpectEmpty) -> None:
        found = await self._client.list(action.kind, action.namespace, limit=1)
        if found.items:
            where = "the cluster" if action.namespace is None else repr(action.namespace)
            raise Conflict(f"{where} has {info(action.kind).resource} after all: the cache is behind")

    async def _expect_answer(self, action: ExpectAnswer) -> None:
        answer = await self._client.create(action.review)
        if not action.holds(answer):
            raise Conflict(f"{info(type(action.review)).resource} were answered otherwise")

    def _emit(self, emit: Emit, placeholder: str = "", text: str = "") -> None:
        message = emit.message.replace(placeholder, text) if placeholder else emit.message
        self._recorder.emit(
            emit.regarding, emit.reason, message, type=emit.type, field_path=emit.field_path, action=emit.action
        )


def groups(actions: Sequence[Action]) -> Iterator[Sequence[Action]]:
    """Runs of creations or of deletions, which are independent of each other; everything else by itself."""
    run: list[Action] = []
    for action in actions:
        if run and not (type(action) is type(run[0]) and isinstance(action, Create | Delete)):
            yield run
            run = []
        run.append(action)
    if run:
        yield run


async def _unless_missing(call: Awaitable[T], ignore: bool) -> T | None:
    try:
        return await call
    except NotFound:
        if not ignore:
            raise
        return None


def _is_bound(pod: Pod) -> bool:
    return bool(pod.spec.node_name)


def _is_ending(obj: KubeObject) -> bool:
    return obj.metadata.deletion_timestamp is not None
