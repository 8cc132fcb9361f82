"""Promises about what outlives a runtime object, what it hears of, and what it leaves behind."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import attrs

from sampan.core.contracts.runtime import LogOptions, RuntimeEvent
from sampan.core.testing.runtime_suite.bench import Bench, RuntimeBench


class Listener:
    """Collects a runtime's events in a thread, as the node agent does."""

    def __init__(self, events: Iterator[RuntimeEvent]) -> None:
        self._events: queue.Queue[RuntimeEvent] = queue.Queue()
        self._thread = threading.Thread(target=self._listen, args=(events,), daemon=True)
        self._thread.start()

    def _listen(self, events: Iterator[RuntimeEvent]) -> None:
        for event in events:
            self._events.put(event)

    def wait_for(self, uid: str, type: str, patience: float) -> None:
        seen: list[RuntimeEvent] = []
        while True:
            try:
                event = self._events.get(timeout=patience)
            except queue.Empty:
                raise AssertionError(f"no {type!r} event of {uid}; there were {seen}") from None
            seen.append(event)
            if (event.uid, event.type) == (uid, type):
                return

    def join(self, patience: float) -> bool:
        self._thread.join(patience)
        return not self._thread.is_alive()


class RecoveryPromises(RuntimeBench):
    """Adoption, events, `destroy` and `close`. Each test has a runtime of its own."""

    def restarted(self, bench: Bench) -> Bench:
        """The same pods seen by a new runtime object, as after a restart of sampan."""
        bench.runtime.close()
        runtime = self.make_runtime(bench.settings)
        try:
            runtime.start()
        except BaseException:
            runtime.close()
            raise
        return attrs.evolve(bench, runtime=runtime)

    def test_pods_outlive_the_runtime_object_and_are_adopted(self, own_bench: Bench) -> None:
        pod = own_bench.pod()
        container_id = pod.run(**self.forever())
        sandboxes, containers = own_bench.runtime.list_pod_sandboxes(), own_bench.runtime.list_containers()
        bench = self.restarted(own_bench)
        try:
            assert list(bench.runtime.list_pod_sandboxes()) == list(sandboxes)
            assert list(bench.runtime.list_containers()) == list(containers)
            assert bench.runtime.run_pod_sandbox(pod.config).id == pod.sandbox.id
            if bench.runtime.capabilities().real_processes:
                bench.wait_for_output(container_id, b"ready")
                assert bench.runtime.exec_sync(container_id, ["true"], 10).exit_code == 0
            bench.runtime.stop_container(container_id, 20)
            assert bench.container(container_id).exit_code == 7
        finally:
            bench.runtime.close()

    def test_an_end_that_nobody_saw_is_known_afterwards(self, own_bench: Bench) -> None:
        own_bench.needs("real_processes")
        container_id = own_bench.pod().run(script="sleep 0.5; echo unseen; exit 6")
        bench = self.restarted(own_bench)
        try:
            assert bench.ended(container_id).exit_code == 6
            assert bench.output(container_id, LogOptions()) == b"unseen\n"
        finally:
            bench.runtime.close()

    def test_new_pods_keep_clear_of_adopted_ones(self, own_bench: Bench) -> None:
        own_bench.needs("own_network")
        first = own_bench.pod("first")
        bench = self.restarted(own_bench)
        try:
            second = bench.pod("second")
            assert second.sandbox.ip != first.sandbox.ip
            assert bench.runtime.pod_cidr() == own_bench.runtime.pod_cidr()
        finally:
            bench.runtime.close()

    def test_a_pods_changes_are_heard_of(self, own_bench: Bench) -> None:
        listener = Listener(own_bench.runtime.events())
        pod = own_bench.pod()
        container_id = pod.run(**self.forever())
        listener.wait_for(pod.config.uid, "started", self.patience)
        own_bench.runtime.stop_container(container_id, 20)
        listener.wait_for(pod.config.uid, "exited", self.patience)

    def test_what_happened_before_anyone_asked_for_the_next_event_is_heard_of(self, own_bench: Bench) -> None:
        events = own_bench.runtime.events()
        pod = own_bench.pod()
        own_bench.ended(pod.run(**self.exiting(0)))
        listener = Listener(events)
        listener.wait_for(pod.config.uid, "started", self.patience)
        listener.wait_for(pod.config.uid, "exited", self.patience)

    def test_a_closed_runtime_tells_no_more_events(self, own_bench: Bench) -> None:
        own_bench.runtime.close()
        assert list(own_bench.runtime.events()) == []

    def test_a_container_killed_behind_the_runtimes_back_is_heard_of_and_seen(self, own_bench: Bench) -> None:
        listener = Listener(own_bench.runtime.events())
        pod = own_bench.pod()
        container_id = pod.run(**self.stubborn())
        listener.wait_for(pod.config.uid, "started", self.patience)
        self.kill_from_outside(own_bench, container_id)
        listener.wait_for(pod.config.uid, "exited", self.patience)
        assert own_bench.ended(container_id).exit_code == 137

    def test_events_end_when_the_runtime_is_closed(self, own_bench: Bench) -> None:
        listener = Listener(own_bench.runtime.events())
        pod = own_bench.pod()
        pod.run(**self.forever())
        listener.wait_for(pod.config.uid, "started", self.patience)
        own_bench.runtime.close()
        own_bench.runtime.close()
        assert listener.join(self.patience), "events() still blocks after close()"
        with self.started(own_bench.settings):
            pass  # what the closed one has left is cleared away

    def test_destroying_removes_every_pod(self, own_bench: Bench) -> None:
        own_bench.pod("one").run(**self.stubborn())
        own_bench.ended(own_bench.pod("two").run(**self.exiting(0)))
        own_bench.runtime.destroy()
        own_bench.runtime.destroy()
        own_bench.runtime.close()
        assert self.leftovers(own_bench.settings) == []
        with self.started(own_bench.settings) as again:
            assert list(again.list_pod_sandboxes()) == []
            assert list(again.list_containers()) == []

    def test_another_clusters_and_another_nodes_pods_are_not_seen(self, own_bench: Bench) -> None:
        pod = own_bench.pod()
        pod.run(**self.forever())
        apart = attrs.evolve(own_bench.settings, state_dir=own_bench.settings.state_dir / "apart")
        for settings in (attrs.evolve(apart, cluster=f"{apart.cluster}x"), attrs.evolve(apart, node="other")):
            with self.started(settings) as other:
                assert list(other.list_pod_sandboxes()) == []
                assert list(other.list_containers()) == []
        assert [each.id for each in own_bench.runtime.list_pod_sandboxes()] == [pod.sandbox.id]
        assert [each.state for each in own_bench.runtime.list_containers()] == ["running"]
