"""Stories of pods on a node: from binding to the end, with crashes, probes, restarts and losses."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import PodRef
from sampan.core.errors import BadRequest, NotFound
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.core_v1.container import Container, VolumeMount
from sampan.core.model.core_v1.environment import EnvVar, EnvVarSource
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.probe import ExecAction, HTTPGetAction, Probe
from sampan.core.model.core_v1.projection import ConfigMapVolumeSource
from sampan.core.model.core_v1.references import ConfigMapKeySelector
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource, Volume
from sampan.core.model.meta import Quantity, evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node import probes
from sampan.core.node.probe_actions import Answer

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


async def test_a_pod_is_ready_when_its_probe_says_so(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=5)
    bench.put("web", Container(name="main", image="x", readiness_probe=probe), words={"ready-after": "12"})
    await bench.becomes("Running: main running 0")
    await bench.until(lambda: bench.events("Unhealthy"))
    await bench.pass_until("Running: main running 0 ready", 5)
    assert bench.events("Unhealthy")[0][1].startswith("Readiness probe failed: ")


async def test_a_probe_that_is_sent_elsewhere_succeeds_with_a_warning(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Answer(True, "Probe terminated redirects, Response body: go there", warning=True)
    monkeypatch.setattr(probes, "ask", lambda *_: ended)
    probe = Probe(http_get=HTTPGetAction(port=80), period_seconds=5)
    bench.put("web", Container(name="main", image="x", readiness_probe=probe))
    await bench.becomes("Running: main running 0 ready")
    await bench.agent.settled()
    message = "Readiness probe warning: Probe terminated redirects, Response body: go there"
    assert bench.events("ProbeWarning") == [("ProbeWarning", message)]


async def test_a_container_that_fails_its_liveness_probe_is_killed_and_restarted(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=10, failure_threshold=2)
    bench.put("web", Container(name="main", image="x", liveness_probe=probe), words={"fails-after": "25"})
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_until("Running: main running 1 ready", 10)
    assert ("Killing", "Container main failed liveness probe, will be restarted") in bench.events("Killing")


async def test_no_probe_of_a_container_that_has_vanished_goes_on(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=5)
    bench.put("web", Container(name="main", image="x", readiness_probe=probe))
    await bench.becomes("Running: main running 0 ready")
    (container,) = bench.world.containers
    bench.runtime.remove_container(container)
    await bench.becomes("Running: main running 1 ready")
    await bench.agent.settled()
    probes = [each for each in asyncio.all_tasks() if each.get_name() == "readiness probe" and not each.cancelling()]
    assert len(probes) == 1


async def test_until_its_startup_probe_succeeds_a_container_is_not_started(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=5, failure_threshold=30)
    bench.put("web", Container(name="main", image="x", startup_probe=probe), words={"ready-after": "8"})
    await bench.becomes("Running: main running 0")
    assert bench.pod().status.container_statuses[0].started is False
    await bench.pass_until("Running: main running 0 ready", 5)
    assert bench.pod().status.container_statuses[0].started is True


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


async def test_a_missing_config_map_keeps_the_container_waiting_until_it_is_there(bench: Bench) -> None:
    source = EnvVarSource(config_map_key_ref=ConfigMapKeySelector(name="settings", key="colour"))
    bench.put("web", Container(name="main", image="x", env=(EnvVar(name="COLOUR", value_from=source),)))
    await bench.becomes("Pending: main CreateContainerConfigError 0")
    assert bench.pod().status.container_statuses[0].state.waiting.message == 'configmap "settings" not found'
    meta = ObjectMeta(name="settings", namespace="default")
    bench.api.put(ConfigMap(metadata=meta, data={"colour": "blue"}))
    await bench.pass_time(1)
    await bench.becomes("Running: main running 0 ready")
    (container,) = bench.world.containers.values()
    assert ("COLOUR", "blue") in container.config.env


async def test_volumes_are_there_before_the_containers_and_gone_after_the_pod(bench: Bench) -> None:
    mount = VolumeMount(name="cache", mount_path="/cache")
    volume = Volume(name="cache", empty_dir=EmptyDirVolumeSource())
    bench.put("web", Container(name="main", image="x", volume_mounts=(mount,)), volumes=(volume,))
    await bench.becomes("Running: main running 0 ready")
    (container,) = bench.world.containers.values()
    (made,) = [each for each in container.config.mounts if each.container_path == "/cache"]
    uid = bench.pod().metadata.uid
    assert made.host_path == str(bench.directory / "pods" / uid / "volumes" / "emptyDir" / "cache")
    await bench.api.delete(Pod, "default", "web")
    await bench.until(lambda: not bench.api.all(Pod))
    await bench.until(lambda: not (bench.directory / "pods" / uid).exists())


async def test_a_driver_that_hangs_holds_up_neither_the_relist_nor_other_pods(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = [], threading.Event()

    def refresh(pod: Pod, _warn: Any) -> None:
        asked.append(pod.metadata.name)
        if pod.metadata.name == "stuck":
            assert go_on.wait(10)

    for name in ("stuck", "web"):
        bench.put(name, volumes=(Volume(name="v", empty_dir=EmptyDirVolumeSource()),))
        await bench.becomes("Running: main running 0 ready", name)
    monkeypatch.setattr(bench.agent._volumes, "refresh", refresh)
    for rounds in (1, 2):
        await bench.until(lambda: bench.clock.next_due is not None)
        bench.time.advance(61)
        await bench.until(lambda count=rounds: asked.count("web") == count and "stuck" in asked)
    assert asked.count("stuck") == 1, "not again before it has ended"
    go_on.set()


async def test_a_volume_that_cannot_be_made_is_said_and_tried_again(bench: Bench) -> None:
    bench.put(volumes=(Volume(name="v", config_map=ConfigMapVolumeSource(name="late")),))
    await bench.until(lambda: bench.events("FailedMount"))
    assert bench.events("FailedMount")[0][1] == 'MountVolume.SetUp failed for volume "v" : configmap "late" not found'
    await bench.becomes("Pending: main ContainerCreating 0")
    bench.api.put(ConfigMap(metadata=ObjectMeta(name="late", namespace="default"), data={"a": "1"}))
    await bench.pass_time(1)
    await bench.becomes("Running: main running 0 ready")


@pytest.mark.parametrize("step", ["run_pod_sandbox", "create_container"])
async def test_a_pod_that_is_deleted_before_its_container_starts_is_never_started(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever the engine was doing then: else it would run, and take its whole grace to end."""
    begun, go_on = threading.Event(), threading.Event()
    started: list[str] = []
    take_the_step = getattr(bench.runtime, step)

    def slowly(*given: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return take_the_step(*given)

    monkeypatch.setattr(bench.runtime, step, slowly)
    monkeypatch.setattr(bench.runtime, "start_container", started.append)
    bench.put(termination_grace_period_seconds=600)
    await bench.until(begun.is_set)
    await bench.api.delete(Pod, "default", "web")
    await bench.api.delivered()
    go_on.set()
    await bench.until(lambda: not bench.api.all(Pod))
    assert not started


async def test_a_deleted_pod_gets_its_grace_and_then_goes(bench: Bench) -> None:
    bench.put(words={"stop-time": "20"}, termination_grace_period_seconds=30)
    await bench.becomes("Running: main running 0 ready")
    await bench.api.delete(Pod, "default", "web")
    await bench.until(lambda: bench.events("Killing") == [("Killing", "Stopping container main")])
    assert bench.state() == "Running: main running 0 ready"
    await bench.until(lambda: [c.stopped for c in bench.world.containers.values()] != [None])
    bench.time.advance(20)
    await bench.until(lambda: not bench.api.all(Pod))
    await bench.until(lambda: not bench.world.sandboxes)


async def test_a_pod_that_was_removed_at_once_is_stopped_all_the_same(bench: Bench) -> None:
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    bench.api.remove(Pod, "default", "web")
    await bench.until(lambda: not bench.world.sandboxes and not bench.world.containers)


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


async def test_a_pod_past_its_deadline_fails(bench: Bench) -> None:
    bench.put(active_deadline_seconds=60)
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_time(60)
    await bench.becomes("Failed: main Completed 0 0")
    assert bench.pod().status.reason == "DeadlineExceeded"


async def test_a_pod_whose_volume_grows_over_its_limit_is_evicted(bench: Bench) -> None:
    limited = Volume(name="cache", empty_dir=EmptyDirVolumeSource(size_limit=Quantity("64Ki")))
    pod = bench.put(volumes=(limited,))
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_time(10)
    folder = bench.directory / "pods" / pod.metadata.uid / "volumes" / "emptyDir" / "cache"
    (folder / "big").write_bytes(bytes(100_000))
    bench.time.advance(10)
    await bench.becomes("Failed: main Completed 0 0")
    assert bench.pod().status.reason == "Evicted"
    assert bench.pod().status.message == 'Usage of EmptyDir volume "cache" exceeds the limit "64Ki". '
    assert "DisruptionTarget" not in {each.type for each in bench.pod().status.conditions}


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
