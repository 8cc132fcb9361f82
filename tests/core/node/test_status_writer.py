"""Statuses on their way to the API: what is tried again, and what is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sampan.core.errors import ApiError, Conflict, Invalid, ServiceUnavailable
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.status_writer import StatusWriter
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi

pytestmark = pytest.mark.anyio


def pod(uid: str = "u") -> Pod:
    return Pod(metadata=ObjectMeta(name="web", namespace="default", uid=uid), spec=PodSpec(node_name="n1"))


def refusals(*errors: ApiError) -> Iterator[ApiError | None]:
    yield from errors
    while True:
        yield None


class Desk:
    """A writer, and what it writes to."""

    def __init__(self, *errors: ApiError) -> None:
        self.clock = FakeClock()
        self.api = FakeApi(clock=self.clock)
        self.pod = self.api.put(pod())
        self.tries = 0
        answers = refusals(*errors)

        def fail(verb: str, _obj: KubeObject) -> ApiError | None:
            self.tries += verb == "patch"
            return next(answers) if verb == "patch" else None

        self.api.fail = fail
        self.writer = StatusWriter(self.api, self.clock, lambda _: None)

    async def write(self, phase: str = "Running") -> str | None:
        """What the API says in the end; time goes on where the writer waits."""
        self.writer.put(self.pod, PodStatus(phase=phase))
        flushed = asyncio.create_task(self.writer.flushed("u"))
        async with asyncio.timeout(10):
            while not flushed.done():
                asked = asyncio.create_task(self.clock.asked())
                await asyncio.wait({asked, flushed}, return_when=asyncio.FIRST_COMPLETED)
                asked.cancel()
                if (due := self.clock.next_due) is not None:
                    self.clock.advance(due)
                    await asyncio.sleep(0)
        return self.api.find(Pod, "default", "web").status.phase


@pytest.mark.parametrize("error", [Conflict("written by others all the time"), ServiceUnavailable("not now")])
async def test_what_may_pass_is_tried_again(error: ApiError) -> None:
    desk = Desk(error, error)
    assert (await desk.write(), desk.tries) == ("Running", 3)


async def test_a_namesake_gets_no_status_of_another_pod() -> None:
    desk = Desk()
    desk.api.remove(Pod, "default", "web")
    desk.api.put(pod("another"))
    assert await desk.write() is None


async def test_what_is_refused_for_good_is_given_up_and_the_next_status_is_written() -> None:
    desk = Desk(Invalid("no such phase"))
    assert (await desk.write("Sailing"), desk.tries) == (None, 1)
    assert (await desk.write(), desk.tries) == ("Running", 2)
