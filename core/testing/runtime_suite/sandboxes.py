"""Promises about sandboxes: a pod's address, name, hosts and life."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import pytest

from sampan.core.contracts.runtime_config import LABEL_UID, Mount
from sampan.core.ip import families_of, networks
from sampan.core.testing.runtime_suite.bench import Bench, RuntimeBench


class SandboxPromises(RuntimeBench):
    """`run_pod_sandbox`, `stop_pod_sandbox`, `remove_pod_sandbox` and what pods see of them."""

    def test_starting_twice_changes_nothing(self, bench: Bench) -> None:
        before = bench.runtime.pod_cidr()
        bench.runtime.start()
        assert bench.runtime.pod_cidr() == before

    def test_a_sandbox_runs_and_is_found_again_with_its_labels(self, bench: Bench) -> None:
        pod = bench.pod("found", attempt=2)
        listed = next(each for each in bench.runtime.list_pod_sandboxes() if each.id == pod.sandbox.id)
        assert listed.state == pod.sandbox.state == "running"
        assert (listed.namespace, listed.name, listed.uid, listed.attempt) == ("default", "found", pod.config.uid, 2)
        assert listed.labels.items() >= pod.config.labels.items()
        assert listed.ips == pod.sandbox.ips
        assert listed.created_at.tzinfo is not None

    def test_asking_for_the_same_attempt_again_gives_the_same_sandbox(self, bench: Bench) -> None:
        pod = bench.pod()
        again = bench.runtime.run_pod_sandbox(pod.config)
        assert (again.id, again.ips, again.state) == (pod.sandbox.id, pod.sandbox.ips, "running")

    def test_another_attempt_is_another_sandbox(self, bench: Bench) -> None:
        first = bench.pod()
        bench.runtime.stop_pod_sandbox(first.sandbox.id)
        second = bench.pod(uid=first.config.uid, attempt=1)
        sandboxes, _ = bench.runtime.pod_containers(first.config.uid)
        assert {each.id: each.state == "running" for each in sandboxes} == {
            first.sandbox.id: False,
            second.sandbox.id: True,
        }

    def test_pods_have_addresses_of_their_own_within_the_pod_range(self, bench: Bench) -> None:
        bench.needs("own_network")
        one, two = bench.pod("one"), bench.pod("two")
        assert not set(one.sandbox.ips) & set(two.sandbox.ips)
        ranges = networks(bench.runtime.pod_cidr())
        assert tuple(each.name for each in families_of(bench.runtime.pod_cidr())) == bench.settings.families
        for pod in (one, two):
            for ip, network in zip(pod.sandbox.ips, ranges, strict=True):
                assert ip_address(ip) in network

    def test_a_stopped_sandbox_runs_no_longer_and_its_containers_are_killed(self, bench: Bench) -> None:
        pod = bench.pod()
        container = pod.run(**self.stubborn())
        bench.runtime.stop_pod_sandbox(pod.sandbox.id)
        bench.runtime.stop_pod_sandbox(pod.sandbox.id)
        sandboxes, _ = bench.runtime.pod_containers(pod.config.uid)
        assert [each.state for each in sandboxes] == ["exited"]
        assert bench.ended(container).exit_code == 137

    def test_a_removed_sandbox_takes_its_containers_along(self, bench: Bench) -> None:
        pod = bench.pod()
        pod.run(**self.forever())
        bench.runtime.remove_pod_sandbox(pod.sandbox.id)
        bench.runtime.remove_pod_sandbox(pod.sandbox.id)
        assert [list(part) for part in bench.runtime.pod_containers(pod.config.uid)] == [[], []]
        assert pod.sandbox.id not in [each.id for each in bench.runtime.list_pod_sandboxes()]

    def test_stopping_and_removing_what_never_was_succeeds(self, bench: Bench) -> None:
        bench.runtime.stop_pod_sandbox("0" * 64)
        bench.runtime.remove_pod_sandbox("0" * 64)

    def test_an_unknown_pod_has_nothing(self, bench: Bench) -> None:
        assert [list(part) for part in bench.runtime.pod_containers(str(uuid4()))] == [[], []]

    def test_a_pods_view_holds_its_own_sandboxes_only(self, bench: Bench) -> None:
        one, two = bench.pod("one"), bench.pod("two")
        one.run(**self.forever())
        two.run(**self.forever())
        sandboxes, containers = bench.runtime.pod_containers(one.config.uid)
        assert [each.id for each in sandboxes] == [one.sandbox.id]
        assert [each.labels[LABEL_UID] for each in containers] == [one.config.uid]

    def test_a_container_sees_the_pods_host_name(self, real: Bench) -> None:
        assert real.pod(hostname="lighter").says("hostname") == "lighter"

    def test_a_container_sees_the_pods_resolver(self, real: Bench) -> None:
        pod = real.pod(dns_servers=("192.0.2.1",), dns_searches=("svc.cluster.local",), dns_options=("ndots:5",))
        lines = [line.split() for line in pod.says("cat /etc/resolv.conf").splitlines()]
        assert ["nameserver", "192.0.2.1"] in lines
        assert ["search", "svc.cluster.local"] in lines
        assert ["options", "ndots:5"] in lines

    @pytest.mark.parametrize("path", ["/etc/hosts", "/etc/resolv.conf", "/etc//resolv.conf"])
    def test_a_containers_own_file_stands_before_the_runtimes(self, real: Bench, tmp_path: Path, path: str) -> None:
        """The node agent mounts the hosts file that Kubernetes has; and a pod may bring either of them itself."""
        (tmp_path / "own").write_text("# mine\n")
        pod = real.pod("own-files", dns_servers=("192.0.2.1",))
        mount = Mount(host_path=str(tmp_path / "own"), container_path=path)
        assert pod.says(f"cat {path}", mounts=(mount,)) == "# mine"

    def test_a_pod_on_the_host_network_has_the_hosts(self, real: Bench) -> None:
        own = real.pod("apart").says("readlink /proc/self/ns/net")
        shared = real.pod("shared", host_network=True).says("readlink /proc/self/ns/net")
        assert shared == os.readlink("/proc/self/ns/net")
        if real.runtime.capabilities().own_network:
            assert own != shared

    def test_the_containers_of_a_pod_can_share_their_processes(self, real: Bench) -> None:
        real.needs("shares_processes")
        pod = real.pod(share_process_namespace=True)
        pod.run("first", script="exec sleep 4321")
        assert "sleep 4321" in pod.says("sleep 0.2; cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
