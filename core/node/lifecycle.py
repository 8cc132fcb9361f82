"""Stopping a container: its preStop hook, its grace, its end. And its postStart hook. Blocking; in worker threads.

https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

from __future__ import annotations

import time

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.model.core_v1.probe import LifecycleHandler
from sampan.core.node.decide.stopping import LEAST_GRACE
from sampan.core.node.probe_actions import Answer, Target, ask, sleep_for


class HookFailed(RuntimeFailure):
    """A hook did not succeed."""


def run_hook(handler: LifecycleHandler, target: Target, longest: float) -> Answer:
    """``longest`` in seconds; 0 is for ever."""
    if handler.sleep is not None:
        sleep_for(handler.sleep, longest or handler.sleep.seconds)
        return Answer(True)
    answer = ask(handler, target, longest)
    return Answer(True) if answer.success else answer


def run_pre_stop(target: Target, grace: float) -> Answer:
    """The preStop hook of a container that has ``grace`` seconds, if there is one."""
    hook = _pre_stop(target)
    return Answer(True) if hook is None or grace <= 0 else run_hook(hook, target, grace)


def stop_container(target: Target, grace: float, *, hook: bool) -> Answer:
    """Returns once it has ended; the answer is the hook's."""
    answer = Answer(True)
    if hook and _pre_stop(target) is not None:
        began = time.monotonic()
        answer = run_pre_stop(target, grace)
        grace = max(min(LEAST_GRACE, grace), grace - (time.monotonic() - began))
    target.runtime.stop_container(target.container_id, grace)
    return answer


def _pre_stop(target: Target) -> LifecycleHandler | None:
    lifecycle = target.container.lifecycle
    return None if lifecycle is None else lifecycle.pre_stop
