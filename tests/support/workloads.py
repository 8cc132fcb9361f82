"""A world for controllers of pods: their engine over a small API, and a scheduler and kubelet that do what a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sampan.core.contracts.controller import Controller
from sampan.core.model.core_v1.pod import Pod, PodCondition
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.pods import is_active, is_ready
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi

ENDED = ("Succeeded", "Failed")


class Workload:
    """``make`` gives new controllers for every start; ``objects`` are there at the beginning, the workload first."""

    def __init__(self, make: Callable[[], Sequence[Controller]], *objects: KubeObject) -> None:
        self.clock = FakeClock()
        self.api = FakeApi(*objects, clock=self.clock)
        self._owner = objects[0]
        self._make = make
        self.engine = self._new_engine()

    def _new_engine(self) -> Engine:
        return Engine(self._make(), lambda _name: self.api, clock=self.clock)

    async def restart(self) -> None:
        """The controllers end, and others begin."""
        await self.engine.stop()
        self.engine = self._new_engine()
        await self.engine.start()

    async def settled(self) -> None:
        for _ in range(3):
            await self.api.delivered()
            await self.engine.settled()

    @property
    def owner(self) -> Any:
        """As it is now."""
        return self.api.find(type(self._owner), *self._owner.key)

    @property
    def pods(self) -> Sequence[Pod]:
        """Those that are neither over nor on their way out."""
        return sorted((pod for pod in self.api.all(Pod) if is_active(pod)), key=lambda pod: pod.key)

    @property
    def ready(self) -> Sequence[Pod]:
        return [pod for pod in self.pods if is_ready(pod)]

    def change(self, **spec: object) -> None:
        """Somebody changes the workload's spec."""
        owner = self.owner
        metadata = evolve(owner.metadata, generation=(owner.metadata.generation or 0) + 1)
        self.api.put(evolve(owner, metadata=metadata, spec=evolve(owner.spec, **spec)))

    def become_ready(self, number: int) -> None:
        """One that is not, whichever ``number`` makes it; it is on a node then."""
        if waiting := [pod for pod in self.pods if not is_ready(pod)]:
            pod = waiting[number % len(waiting)]
            condition = PodCondition(type="Ready", status="True", last_transition_time=self.clock.now())
            status = evolve(pod.status, phase="Running", conditions=(condition,))
            self.api.put(evolve(pod, spec=evolve(pod.spec, node_name=pod.spec.node_name or "n"), status=status))

    def end(self, number: int, phase: str) -> None:
        """One ends, as ``phase`` says."""
        if pods := self.pods:
            pod = pods[number % len(pods)]
            self.api.put(evolve(pod, status=evolve(pod.status, phase=phase, conditions=())))

    def let_go(self, number: int) -> None:
        """The kubelet has ended one that is being deleted: it goes, once no finalizer holds it."""
        leaving = [pod for pod in self.api.all(Pod) if pod.metadata.deletion_timestamp is not None]
        if not leaving:
            return
        pod = leaving[number % len(leaving)]
        if not pod.metadata.finalizers:
            self.api.remove(Pod, *pod.key)
        elif pod.status.phase not in ENDED:
            self.api.put(evolve(pod, status=evolve(pod.status, phase="Failed", conditions=())))

    async def do(self, what: str, number: int) -> None:
        """What every workload may meet: ``ready``, ``fail``, ``succeed``, ``gone``, ``wait``, ``restart``."""
        match what:
            case "ready":
                self.become_ready(number)
            case "fail":
                self.end(number, "Failed")
            case "succeed":
                self.end(number, "Succeeded")
            case "gone":
                self.let_go(number)
            case "wait":
                self.clock.advance(number * 60)
            case "restart":
                await self.restart()
        await self.settled()

    async def is_at_rest(self) -> bool:
        """Whether neither controllers that begin anew nor time that passes bring anything more."""
        written = len(self.api.requests)
        await self.restart()
        await self.settled()
        await self.do("wait", 60)
        return self.api.requests[written:] == []
