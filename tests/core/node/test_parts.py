"""The smaller parts: images, unsupported fields, threads, pumps, messages of the end."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from sampan.core.contracts.runtime import Auth, Image, ImageError
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.security import SeccompProfile, SecurityContext
from sampan.core.node.decide.images import WantedImage, image_need, registry_auth, registry_of
from sampan.core.node.decide.unsupported import unsupported_fields
from sampan.core.node.pump import Pump
from sampan.core.node.termination_message import make_message_mount
from sampan.core.node.threads import Threads

pytestmark = pytest.mark.anyio

BUILT_HERE = Image(id="i")
FROM_REGISTRY = Image(id="i", digests=("nginx@sha256:1",))


def test_fields_are_found_in_every_sort_of_container_and_by_value() -> None:
    unmasked = SecurityContext(proc_mount="Unmasked")
    pod = Pod(
        spec=PodSpec(
            init_containers=(Container(name="i", security_context=unmasked),),
            containers=(Container(name="m", security_context=SecurityContext(proc_mount="Default")),),
            host_users=False,
        )
    )
    asked = ("spec.containers[].securityContext.procMount=Unmasked", "spec.hostUsers=false", "spec.hostUsers=true")
    assert unsupported_fields(pod, asked) == [
        "spec.initContainers[i].securityContext.procMount=Unmasked",
        "spec.hostUsers=false",
    ]


@pytest.mark.parametrize(
    ("policy", "image", "need"),
    [
        ("IfNotPresent", None, "pull"),
        ("IfNotPresent", FROM_REGISTRY, "use"),
        ("Always", None, "pull"),
        ("Always", FROM_REGISTRY, "pull"),
        ("Always", BUILT_HERE, "use"),
        ("Never", BUILT_HERE, "use"),
    ],
)
def test_the_pull_policy_decides(policy: str, image: Image | None, need: str) -> None:
    assert image_need(WantedImage(reference="nginx", policy=policy), image, pulls=True) == need


def test_an_image_that_may_not_be_pulled_is_an_error() -> None:
    never = WantedImage(reference="nginx", policy="Never")
    with pytest.raises(ImageError, match='"nginx" is not present with pull policy of Never') as refused:
        image_need(never, None, pulls=True)
    assert refused.value.reason == "ErrImageNeverPull"


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("nginx", "docker.io"),
        ("library/nginx:1", "docker.io"),
        ("ghcr.io/x/y", "ghcr.io"),
        ("localhost/x", "localhost"),
        ("host:5000/x", "host:5000"),
    ],
)
def test_an_image_names_its_registry(image: str, registry: str) -> None:
    assert registry_of(image) == registry


def test_the_pull_secret_of_the_registry_is_used() -> None:
    entry = {"auth": base64.b64encode(b"me:pass:word").decode()}
    auths = {"auths": {"ghcr.io": {"username": "x"}, "https://index.docker.io/v1/": entry}}
    secret = Secret(data={".dockerconfigjson": orjson.dumps(auths)})
    broken = Secret(data={".dockerconfigjson": b"{"})
    expected = Auth(server="https://index.docker.io/v1/", username="me", password="pass:word")
    assert registry_auth("nginx", [broken, secret]) == expected
    assert registry_auth("images.example/x", [secret]) is None


def test_fields_that_a_runtime_does_not_honour_are_named_where_they_are_set() -> None:
    context = SecurityContext(seccomp_profile=SeccompProfile(type="RuntimeDefault"))
    containers = (Container(name="plain", tty=False), Container(name="main", security_context=context, tty=True))
    pod = Pod(spec=PodSpec(containers=containers, host_network=True))
    paths = ["spec.containers[].securityContext.seccompProfile", "spec.containers[].tty", "spec.hostPID"]
    assert unsupported_fields(pod, paths) == [
        "spec.containers[main].securityContext.seccompProfile",
        "spec.containers[main].tty",
    ]


def test_the_message_file_may_be_written_by_anybody(tmp_path: Path) -> None:
    mount = make_message_mount(tmp_path, Container(name="m", termination_message_path="/tmp/end"), 2)
    assert mount.container_path == "/tmp/end"
    assert Path(mount.host_path).stat().st_mode & 0o777 == 0o666


async def test_so_many_calls_at_a_time_and_no_more() -> None:
    threads, running, most = Threads(2), 0, 0
    lock, gate = threading.Lock(), threading.Event()

    def call(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(5 if number < 2 else 0)
        with lock:
            running -= 1
        return number

    calls = [asyncio.create_task(threads.run(call, number)) for number in range(6)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*calls) == [0, 1, 2, 3, 4, 5]
    assert most <= 2


async def test_what_a_call_raises_is_raised_to_the_caller() -> None:
    def call() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await Threads(1).run(call)


async def test_a_call_that_raises_stop_iteration_does_not_leave_its_caller_waiting() -> None:
    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await Threads(1).run(lambda: next(iter(())))


async def test_a_call_that_gets_no_thread_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    threads = Threads(1)
    with monkeypatch.context() as patched:
        patched.setattr("_thread.start_new_thread", none_left)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            await threads.run(lambda: "before")
    async with asyncio.timeout(10):
        assert await threads.run(lambda: "after") == "after"


async def test_a_cancelled_wait_keeps_its_place_until_the_call_has_ended() -> None:
    threads, gate = Threads(1), threading.Event()
    waiting = asyncio.create_task(threads.run(gate.wait, 5))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    after = asyncio.create_task(threads.run(lambda: "after"))
    await asyncio.sleep(0)
    assert not after.done()
    gate.set()
    assert await after == "after"


async def test_a_pump_brings_everything_in_order() -> None:
    pump = Pump(iter(range(5000)))
    await pump.begin()
    assert [item async for item in pump] == list(range(5000))


async def test_a_pumps_first_error_is_told_before_its_first_item() -> None:
    def broken() -> Iterator[int]:
        raise ValueError("at once")
        yield 1

    with pytest.raises(ValueError, match="at once"):
        await Pump(broken()).begin()


async def test_closing_a_pump_closes_what_it_reads() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    pump = Pump(endless())
    items = aiter(pump)
    assert await anext(items) == 1
    pump.close()
    assert await asyncio.to_thread(closed.wait, 5)
