"""A machine's network policies: what enforces them, and what keeps that in step with the API.

`destroy` blocks and belongs in a thread; the rest is on the event loop. What follows the API is imported when it begins to:
who only ends a cluster needs none of it.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from sampan.core.cluster.say import Say, silent
from sampan.core.contracts.policy import EnforcerSettings, PolicyEnforcer
from sampan.core.errors import ConfigError
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock

if TYPE_CHECKING:
    from sampan.core.client.protocol import Client
    from sampan.core.reconcile.lister import InformerSet

AUTO = "auto"


class PolicyGuarding:
    """The first enforcer that works here; none where none does, which each policy is told by an event."""

    def __init__(self, settings: EnforcerSettings, plugins: Plugins, clock: Clock, say: Say = silent) -> None:
        self._clock = clock
        self._cleanup = AsyncExitStack()
        self._enforcer: PolicyEnforcer | None = None
        self.why_not = ""
        """Why nothing is enforced; empty where it is."""
        try:
            part, _ = plugins.registry.policy_enforcers.choose(AUTO)
            self._enforcer = part.make(settings)
        except ConfigError as exc:
            self.why_not = str(exc)
            say(f"network policies: not enforced ({exc})")

    async def follow(self, client: Client, informers: InformerSet, node: str) -> None:
        """Let policies hold from now on."""
        from sampan.core.reconcile.events import EventRecorder
        from sampan.core.services.guardian import Guardian

        recorder = EventRecorder(client, self._clock, "network-policies", node)
        guardian = Guardian(self._enforcer, informers, recorder, self._clock, self.why_not)
        self._cleanup.push_async_callback(guardian.stop)
        await guardian.start()

    async def stop(self) -> None:
        """Stop following; what holds goes on to hold. Idempotent."""
        await self._cleanup.aclose()

    def destroy(self) -> None:
        """Take every rule back. Idempotent."""
        if self._enforcer is not None:
            self._enforcer.destroy()
