"""Jobs: however pods end, and whoever begins anew, as many succeed as are asked for, each is counted once, none is left."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import from_wire
from sampan.plugins.controllers.batch.job.controller import JobController
from tests.support.workloads import Workload

COMPLETIONS, PARALLELISM = 4, 2


def job(mode: str) -> Job:
    labels = {"batch.kubernetes.io/controller-uid": "u"}
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    limit = {"backoffLimitPerIndex": 1000} if mode == "Indexed" else {}
    spec = {
        "completions": COMPLETIONS, "parallelism": PARALLELISM, "backoffLimit": 1000, "completionMode": mode,
        "selector": {"matchLabels": labels}, "template": template, **limit,
    }  # fmt: skip
    return from_wire(Job, {"metadata": {"name": "sum", "namespace": "default", "uid": "u"}, "spec": spec})


class World(Workload):
    def __init__(self, mode: str) -> None:
        super().__init__(lambda: (JobController(),), job(mode))

    async def do(self, what: str, number: int) -> None:
        match what:
            case "suspend":
                self.change(suspend=True)
            case "resume":
                self.change(suspend=False)
            case "side by side":
                self.change(parallelism=number)
        await super().do(what, number)

    @property
    def outcome(self) -> list[str]:
        return [each.type for each in self.owner.status.conditions if each.status == "True"]


WHAT = ("ready", "succeed", "fail", "gone", "wait", "suspend", "resume", "side by side", "restart")
STEPS = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 5)), max_size=14)


@settings(max_examples=15)
@given(STEPS, st.sampled_from(("NonIndexed", "Indexed")))
def test_a_job_comes_to_its_end_whatever_happens(steps: list[tuple[str, int]], mode: str) -> None:
    asyncio.run(_story(steps, mode))


async def _story(steps: list[tuple[str, int]], mode: str) -> None:
    world = World(mode)
    await world.engine.start()
    try:
        await world.settled()
        for what, number in steps:
            before = len(world.pods)
            await world.do(what, number)
            may = 0 if world.owner.spec.suspend else world.owner.spec.parallelism
            assert len(world.pods) <= (max(may, before) if what == "suspend" else may)
        await world.do("resume", 0)
        await world.do("side by side", PARALLELISM)
        for number in range(20):
            for what in ("ready", "succeed", "gone", "wait"):
                await world.do(what, number + 1)
        status = world.owner.status
        assert world.outcome == ["SuccessCriteriaMet", "Complete"]
        assert (status.succeeded, status.active or 0) == (COMPLETIONS, 0)
        assert not any(pod.metadata.finalizers for pod in world.api.all(Pod))
        if mode == "Indexed":
            assert status.completed_indexes == f"0-{COMPLETIONS - 1}"
        assert await world.is_at_rest(), "nothing is done once it has ended"
    finally:
        await world.engine.stop()
