"""Stopping a container: its preStop hook, its grace, its end. And its postStart hook. Blocking; in worker threads.

https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

from __future__ import annotations

import time

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.model.core_v1.probe import LifecycleHandler
from sampan.core.node.probe_actions import Answer, Target, ask, sleep_for

LEAST_GRACE = 2.0
"""Seconds that a container has left after a hook that took all of its grace."""


class HookFailed(RuntimeFailure):
    """A hook did not succeed."""


def run_hook(handler: LifecycleHandler, target: Target, longest: float) -> Answer:
    """``longest`` in seconds; 0 is for ever."""
    if handler.sleep is not None:
        sleep_for(handler.sleep, longest or handler.sleep.seconds)
        return Answer(True)
    answer = ask(handler, target, longest)
    return Answer(True) if answer.success else answer


def stop_container(target: Target, grace: float, *, hook: bool) -> Answer:
    """Returns once it has ended; the answer is the hook's."""
    lifecycle = target.container.lifecycle
    answer = Answer(True)
    if hook and grace > 0 and lifecycle is not None and lifecycle.pre_stop is not None:
        began = time.monotonic()
        answer = run_hook(lifecycle.pre_stop, target, grace)
        grace = max(LEAST_GRACE, grace - (time.monotonic() - began))
    target.runtime.stop_container(target.container_id, grace)
    return answer
