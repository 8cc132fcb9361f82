"""Keeps what enforces NetworkPolicies in step with policies, pods and namespaces.

On the event loop; the enforcer, which is blocking code, is called in a thread of its own, one call at a time. While there
is no policy, changes of pods cost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor

from sampan.core.contracts.policy import Guard, PolicyEnforcer
from sampan.core.errors import SampanError
from sampan.core.loops import Background
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.reconcile.clock import Clock
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.lister import InformerSet
from sampan.core.services.policies import guards

log = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
NOT_ENFORCED = "NotEnforced"


class Guardian:
    """``enforcer`` is ``None`` on a machine that cannot enforce, which ``why`` explains: each policy gets an event."""

    def __init__(
        self,
        enforcer: PolicyEnforcer | None,
        informers: InformerSet,
        recorder: EventRecorder,
        clock: Clock,
        why: str = "",
    ) -> None:
        self._enforcer = enforcer
        self._why = why
        self._recorder = recorder
        self._clock = clock
        self._policies = informers.informer(NetworkPolicy)
        self._pods = informers.informer(Pod)
        self._namespaces = informers.informer(Namespace)
        self._changed = asyncio.Event()
        self._asked: tuple[Guard, ...] | None = None
        """What the enforcer was asked for last, whether that has come to be or not."""
        self._applied: tuple[Guard, ...] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="policies")
        self._loop = Background()

    async def start(self) -> None:
        for informer in (self._policies, self._pods, self._namespaces):
            await informer.synced.wait()
        self._policies.subscribe(self._on_policy)
        self._pods.subscribe(self._on_change)
        self._namespaces.subscribe(self._on_change)
        self._changed.set()
        self._loop.start(self._follow, "policies", self._clock.sleep)

    async def stop(self) -> None:
        """What holds goes on to hold; where nothing does, nothing is left of it."""
        await self._loop.stop()
        loop = asyncio.get_running_loop()
        if self._enforcer is not None and self._asked == ():
            with contextlib.suppress(SampanError):  # it is tidied up, not undone: `destroy` says what fails
                await loop.run_in_executor(self._thread, self._enforcer.destroy)
        await loop.run_in_executor(None, self._thread.shutdown)

    def _on_policy(self, old: KubeObject | None, new: KubeObject | None) -> None:
        if self._enforcer is None and old is None and new is not None:
            self._recorder.emit(new, NOT_ENFORCED, f"this machine cannot enforce it: {self._why}", type="Warning")
        self._changed.set()

    def _on_change(self, _old: KubeObject | None, _new: KubeObject | None) -> None:
        if self._policies.all():
            self._changed.set()

    async def _follow(self) -> None:
        await self._changed.wait()
        self._changed.clear()
        if self._enforcer is None:
            return
        wanted = guards(self._policies.all(), self._pods.all(), self._namespaces.all())
        if wanted == self._applied:
            return
        self._asked = wanted
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._enforcer.sync, wanted)
            self._applied = wanted
        except SampanError as exc:
            log.error("network policies are not in force, next try in %g s: %s", RETRY_SECONDS, exc)
            self._applied = None
            self._clock.call_later(RETRY_SECONDS, self._changed.set)
