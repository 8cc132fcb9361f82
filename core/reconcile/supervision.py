"""Who watches the controllers: which one broke, blocked all others or would not come to rest, said where people look.

What an outside plugin's controller does goes into the account of its plugin, which `sampan status` shows.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Emit, Plan
from sampan.core.plugins import Plugins
from sampan.core.reconcile.pacing import Pacing

log = logging.getLogger(__name__)

SOON = 0.1
"""Seconds; a decision that wants to be asked again sooner counts as one that changes something."""
SLOW = 1.0
"""Seconds that a plugin's controller should not take to decide: while it does, everything else has less of the process."""


class Supervision:
    """``brought_by``: controller → the outside plugin that it is of, which is named when it breaks or is slow."""

    def __init__(self, plugins: Plugins | None, brought_by: Mapping[str, str], metrics: CollectorRegistry) -> None:
        self._plugins = plugins
        self._brought_by = brought_by
        self._reconciles = Counter(
            "sampan_reconciles",
            "Keys looked at, by controller and outcome (done, retry, error).",
            ["controller", "outcome"],
            registry=metrics,
        )
        self._greedy = Counter(
            "sampan_controller_rests",
            "Times that a controller was kept from the others' expense: it blocked them, or would not come to rest.",
            ["controller"],
            registry=metrics,
        )

    def begins(self, controller: str, key: Key) -> None:
        self._hook("sampan_before_reconcile", controller=controller, key=key)

    def decided(self, controller: str, key: Key, seconds: float, is_back: bool, pacing: Pacing[Key]) -> None:
        """What a decision of an outside plugin took is in the plugin's account; whoever was busy for long pauses.

        One that is not back (``is_back``) is in the account already.
        """
        if not is_back:
            pacing.blocked(seconds)
            return
        if self._plugins is not None and controller in self._brought_by:
            self._plugins.account.took(*self._account_of(controller), seconds, SLOW)
        if pause := pacing.blocked(seconds):
            self._tell_greedy(controller, f"was busy with {key} for {seconds:.1f} s, and pauses for {pause:.0f} s")

    def acted(self, controller: str, key: Key, plan: Plan, pacing: Pacing[Key]) -> None:
        """One that changes something about the same key again and again is kept from it for a while."""
        at_once = plan.requeue_after is not None and plan.requeue_after < SOON
        if not at_once and all(isinstance(action, Emit) for action in plan.actions):
            return
        if rest := pacing.changed(key):
            said = f"acts on {key} again and again without coming to rest, and is kept from it for {rest:.0f} s"
            self._tell_greedy(controller, said)

    def ended(self, controller: str, key: Key, plan: Plan, error: Exception | None, outcome: str) -> None:
        self._reconciles.labels(controller, outcome).inc()
        self._hook("sampan_after_reconcile", controller=controller, key=key, plan=plan, error=error)

    def broke(self, controller: str, key: Key, delay: float, error: Exception) -> None:
        """A bug: with its traceback once a minute, however many keys it is met with."""
        if self._plugins is None:
            log.error("%s broke on %s, next try in %.3f s", controller, key, delay, exc_info=error)
        else:
            self._plugins.account.failed(*self._account_of(controller), error)
            log.info("%s broke on %s, next try in %.3f s", controller, key, delay)

    def _tell_greedy(self, controller: str, sentence: str) -> None:
        self._greedy.labels(controller).inc()
        if self._plugins is None:
            log.warning("%s %s", controller, sentence)
        else:
            self._plugins.account.greedy(*self._account_of(controller), sentence)

    def _account_of(self, controller: str) -> tuple[str, str]:
        """How a controller stands in the account of what plugins do: under its plugin, if that is an outside one."""
        plugin = self._brought_by.get(controller)
        return (plugin, f"the controller {controller}") if plugin else (controller, "reconcile")

    def _hook(self, hook: str, **arguments: object) -> None:
        if self._plugins is not None and self._plugins.has(hook):
            self._plugins.tell(hook, **arguments)
