"""What a scheduler plugin must know of a whole cluster for one pod: worked out once for a decision, not for each node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sampan.core.contracts.scheduler import ClusterState
from sampan.core.model.core_v1.pod import Pod

T = TypeVar("T")


class OncePerDecision(Generic[T]):
    """A function of the pod and the state that remembers its last answer: decisions are made one after the other."""

    def __init__(self, work_out: Callable[[Pod, ClusterState], T]) -> None:
        self._work_out = work_out
        self._last: tuple[Pod, ClusterState, T] | None = None

    def __call__(self, pod: Pod, state: ClusterState) -> T:
        if self._last is None or self._last[0] is not pod or self._last[1] is not state:
            self._last = (pod, state, self._work_out(pod, state))
        return self._last[2]
