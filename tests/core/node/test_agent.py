"""Stories of pods on a node: how they come, run, are restarted and looked into."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import PodRef
from sampan.core.errors import BadRequest, NotFound
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.meta import Quantity, evolve

pytestmark = pytest.mark.anyio

Bench = Any


def refer(pod: Pod) -> PodRef:
    return PodRef(namespace="default", name=pod.metadata.name or "", uid=pod.metadata.uid or "")


async def test_a_pod_that_is_bound_here_runs(bench: Bench) -> None:
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    status = bench.pod().status
    assert {each.type: each.status for each in status.conditions} == {
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "Ready": "True",
        "ContainersReady": "True",
        "PodScheduled": "True",
    }
    main = status.container_statuses[0]
    assert (status.pod_ip, status.host_ip) == ("10.9.0.1", "192.0.2.9")
    assert status.start_time == bench.clock.now()
    assert (main.container_id or "").startswith("simulated://")
    assert main.started is True
    await bench.agent.settled()
    assert bench.events() == [
        ("Pulled", 'Container image "nginx:1.27" already present on machine and can be accessed by the pod'),
        ("Created", "Container created"),
        ("Started", "Container started"),
    ]


async def test_a_pod_of_another_node_is_left_alone(bench: Bench) -> None:
    pod = bench.put("other")
    bench.api.remove(Pod, "default", "other")
    bench.api.put(evolve(pod, spec=evolve(pod.spec, node_name="n2"), metadata=evolve(pod.metadata, uid="u2")))
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    assert bench.pod("other").status.phase is None


async def test_a_crash_is_restarted_at_once_and_then_with_a_back_off_that_doubles(bench: Bench) -> None:
    bench.put(words={"run-time": "1", "exit-code": "3"})
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_time(1)
    await bench.becomes("Running: main running 1 ready")
    for restarts, delay in ((1, 10), (2, 20), (3, 40)):
        await bench.pass_time(1)
        await bench.becomes(f"Running: main CrashLoopBackOff {restarts}")
        waiting = bench.pod().status.container_statuses[0]
        assert waiting.state.waiting.message.startswith(f"back-off {delay}s restarting failed container=main pod=web_")
        assert waiting.last_state.terminated.exit_code == 3
        await bench.pass_time(delay)
        await bench.becomes(f"Running: main running {restarts + 1} ready")
    assert len(bench.events("BackOff")) >= 1


async def test_ten_minutes_of_running_forgive_earlier_crashes(bench: Bench) -> None:
    bench.put(words={"run-time": "700", "exit-code": "1"})
    await bench.becomes("Running: main running 0 ready")
    for restarts in (1, 2, 3):
        await bench.pass_time(700)
        await bench.becomes(f"Running: main running {restarts} ready")


@pytest.mark.parametrize(
    ("policy", "code", "state"),
    [
        ("Never", "0", "Succeeded: main Completed 0 0"),
        ("Never", "2", "Failed: main Error 2 0"),
        ("OnFailure", "0", "Succeeded: main Completed 0 0"),
    ],
)
async def test_a_pod_that_is_done_ends_and_gives_its_address_back(
    bench: Bench, policy: str, code: str, state: str
) -> None:
    bench.put(words={"run-time": "5", "exit-code": code}, restart_policy=policy)
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_time(5)
    await bench.becomes(state)
    await bench.until(lambda: [each.state for each in bench.runtime.list_pod_sandboxes()] == ["exited"])
    reasons = {each.type: each.reason for each in bench.pod().status.conditions}
    assert reasons["Ready"] == ("PodCompleted" if code == "0" else "PodFailed")
    assert bench.pod().status.pod_ip == "10.9.0.1"


async def test_init_containers_run_one_after_another_before_the_others(bench: Bench) -> None:
    inits = (Container(name="a", image="x"), Container(name="b", image="x"))
    words = {"a.sampan.dev/run-time": "5", "b.sampan.dev/run-time": "5"}
    bench.put("web", Container(name="main", image="x"), init_containers=inits, words=words)
    await bench.becomes("Pending: a running 0, b PodInitializing 0, main PodInitializing 0")
    await bench.pass_time(5)
    await bench.becomes("Pending: a Completed 0 0 ready, b running 0, main PodInitializing 0")
    await bench.pass_time(5)
    await bench.becomes("Running: a Completed 0 0 ready, b Completed 0 0 ready, main running 0 ready")


async def test_a_failing_init_container_of_a_pod_that_is_never_restarted_fails_the_pod(bench: Bench) -> None:
    bench.put(
        init_containers=(Container(name="a", image="x"),), words={"a.sampan.dev/exit-code": "1"}, restart_policy="Never"
    )
    await bench.becomes("Failed: a Error 1 0, main PodInitializing 0")


async def test_a_sidecar_starts_first_and_ends_last(bench: Bench) -> None:
    sidecar = Container(name="proxy", image="x", restart_policy="Always")
    bench.put(init_containers=(sidecar,), words={"main.sampan.dev/run-time": "5"}, restart_policy="Never")
    await bench.becomes("Running: proxy running 0 ready, main running 0 ready")
    await bench.pass_time(5)
    await bench.becomes("Succeeded: proxy Completed 0 0, main Completed 0 0")


async def test_an_image_that_cannot_be_pulled_is_tried_again_with_back_off(bench: Bench) -> None:
    bench.put("web", Container(name="main", image="registry.invalid/x"))
    await bench.becomes("Pending: main ImagePullBackOff 0")
    waiting = bench.pod().status.container_statuses[0].state.waiting
    assert waiting.message.startswith('Back-off pulling image "registry.invalid/x": ErrImagePull: ')
    await bench.agent.settled()
    reasons = [reason for reason, _ in bench.events()]
    assert reasons == ["Pulling", "Failed", "Failed", "BackOff", "Failed"]
    await bench.pass_time(10)
    # The same event again raises its count.
    await bench.until(lambda: [event.count for event in bench.api.all(Event) if event.reason == "Pulling"] == [2])
    await bench.pass_time(5)
    await bench.becomes("Pending: main ImagePullBackOff 0")


async def test_a_changed_image_restarts_its_container_alone(bench: Bench) -> None:
    pod = bench.put("web", Container(name="main", image="x:1"), Container(name="side", image="y"))
    await bench.becomes("Running: main running 0 ready, side running 0 ready")
    containers = (Container(name="main", image="x:2"), Container(name="side", image="y"))
    bench.api.put(evolve(bench.pod(), spec=evolve(pod.spec, containers=containers)))
    await bench.becomes("Running: main running 1 ready, side running 0 ready")
    assert ("Killing", "Container main definition changed, will be restarted") in bench.events("Killing")


async def test_a_resize_reaches_the_running_container(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(bench.runtime, "update_container", lambda _id, wanted: given.append(wanted.memory_bytes))

    def limited(memory: str) -> Container:
        limits = {"memory": Quantity(memory)}
        return Container(name="main", image="x", resources=ResourceRequirements(limits=limits, requests=limits))

    pod = bench.put("web", limited("64Mi"))
    await bench.becomes("Running: main running 0 ready")
    await bench.agent.settled()
    bench.api.put(evolve(bench.pod(), spec=evolve(pod.spec, containers=(limited("32Mi"),))))
    await bench.until(lambda: bench.pod().status.container_statuses[0].resources.limits["memory"] == "32Mi")
    assert given == [32 << 20]
    assert bench.state() == "Running: main running 0 ready"
    assert [reason for reason, _ in bench.events("ResizeCompleted")] == ["ResizeCompleted"]


async def test_a_pod_that_does_not_fit_is_refused(bench: Bench) -> None:
    huge = ResourceRequirements(requests={"cpu": Quantity("4k")})
    bench.put("web", Container(name="main", image="x", resources=huge))
    await bench.until(lambda: bench.pod().status.phase == "Failed")
    status = bench.pod().status
    assert status.reason == "OutOfcpu"
    assert (status.message or "").startswith(
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 4000000, used: 0, capacity: "
    )
    assert not bench.world.sandboxes


async def test_the_log_of_the_last_crash_stays_readable(bench: Bench) -> None:
    bench.put(words={"run-time": "5", "exit-code": "1", "log": "goodbye"})
    await bench.becomes("Running: main running 0 ready")
    pod = bench.pod()
    with pytest.raises(BadRequest, match='previous terminated container "main" in pod "web" not found'):
        await bench.agent.streams.logs(refer(pod), "main", LogOptions(), previous=True)
    await bench.pass_time(5)
    await bench.becomes("Running: main running 1 ready")
    lines = await bench.agent.streams.logs(refer(pod), "main", LogOptions(), previous=True)
    assert [line async for line in lines] == [b"goodbye\n"]


async def test_a_log_is_opened_off_the_event_loop(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pod = bench.put(words={"log": "hello"})
    await bench.becomes("Running: main running 0 ready")
    opened_in: list[int] = []
    logs = bench.runtime.logs

    def watched(*arguments: Any) -> Any:
        opened_in.append(threading.get_ident())
        return logs(*arguments)

    monkeypatch.setattr(bench.runtime, "logs", watched)
    lines = await bench.agent.streams.logs(refer(pod), "main", LogOptions())
    assert [line async for line in lines] == [b"hello\n"]
    assert opened_in != [threading.get_ident()]


async def test_streams_refuse_what_is_not_there_in_the_kubelets_words(bench: Bench) -> None:
    pod = bench.put("web", Container(name="main", image="registry.invalid/x"))
    await bench.becomes("Pending: main ImagePullBackOff 0")
    with pytest.raises(
        BadRequest, match='container "main" in pod "web" is waiting to start: trying and failing to pull'
    ):
        await bench.agent.streams.logs(refer(pod), "main", LogOptions())
    with pytest.raises(NotFound, match=r'container not found \("main"\)'):
        await bench.agent.streams.exec(refer(pod), "main", ["ls"], tty=False, stdin=False)


async def test_a_node_registers_with_what_it_has(bench: Bench) -> None:
    node = bench.agent.node
    assert {each.type: each.status for each in node.status.conditions}["Ready"] == "True"
    assert node.metadata.labels["kubernetes.io/hostname"] == "n1"
    assert [(each.type, each.address) for each in node.status.addresses] == [
        ("InternalIP", "192.0.2.9"),
        ("Hostname", "n1"),
    ]
    assert int(node.status.capacity["cpu"]) >= 1
