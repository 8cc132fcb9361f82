"""Promises about containers: their settings, their life and their end."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import ImageError, RuntimeFailure
from sampan.core.contracts.runtime_config import LABEL_CONTAINER, LABEL_UID, Mount, Resources, Security
from sampan.core.testing.runtime_suite.bench import Bench, RuntimeBench

CLOCKS_DIFFER = timedelta(seconds=2)
"""How far an engine's clock and rounding may be off."""


class ContainerLifePromises(RuntimeBench):
    """`create_container` to `remove_container`, as `list_containers` shows them."""

    def test_a_container_is_created_and_then_runs(self, bench: Bench) -> None:
        pod = bench.pod()
        container_id = pod.create("main", attempt=3, **self.forever())
        created = bench.container(container_id)
        assert (created.state, created.started_at, created.exit_code) == ("created", None, None)
        bench.runtime.start_container(container_id)
        running = bench.container(container_id)
        assert (running.state, running.name, running.attempt) == ("running", "main", 3)
        assert running.sandbox_id == pod.sandbox.id
        assert running.labels[LABEL_UID] == pod.config.uid
        assert running.labels[LABEL_CONTAINER] == "main"
        assert running.image_id
        assert running.started_at is not None
        assert running.started_at >= running.created_at
        assert running.finished_at is None

    def test_starting_a_running_container_again_changes_nothing(self, bench: Bench) -> None:
        container_id = bench.pod().run(**self.forever())
        before = bench.container(container_id)
        bench.runtime.start_container(container_id)
        assert bench.container(container_id) == before

    @pytest.mark.parametrize("code", [0, 3])
    def test_a_container_that_ends_tells_its_exit_code_and_when(self, bench: Bench, code: int) -> None:
        ended = bench.ended(bench.pod().run(**self.exiting(code)))
        assert ended.exit_code == code
        assert ended.started_at is not None
        assert ended.finished_at is not None
        assert ended.started_at.tzinfo is not None
        assert ended.finished_at >= ended.started_at - CLOCKS_DIFFER
        assert ended.reason == ""

    def test_times_are_the_machines(self, bench: Bench) -> None:
        bench.needs("real_processes")
        container = bench.container(bench.pod().run(**self.forever()))
        assert container.started_at is not None
        assert abs(datetime.now(UTC) - container.started_at) < timedelta(seconds=30)

    def test_stopping_sends_the_signal_and_takes_the_containers_own_exit_code(self, bench: Bench) -> None:
        container_id = bench.pod().run(**self.forever())
        if bench.runtime.capabilities().real_processes:
            bench.wait_for_output(container_id, b"ready")
        bench.runtime.stop_container(container_id, 20)
        stopped = bench.container(container_id)
        assert (stopped.state, stopped.exit_code) == ("exited", 7)

    def test_a_container_that_does_not_listen_is_killed_after_its_grace(self, bench: Bench) -> None:
        container_id = bench.pod().run(**self.stubborn())
        if bench.runtime.capabilities().real_processes:
            bench.wait_for_output(container_id, b"ready")
        began = time.monotonic()
        bench.runtime.stop_container(container_id, 1)
        took = time.monotonic() - began
        assert bench.container(container_id).exit_code == 137
        if bench.runtime.capabilities().real_processes:
            assert 0.9 <= took < 8

    def test_no_grace_kills_at_once(self, bench: Bench) -> None:
        container_id = bench.pod().run(**self.forever())
        bench.runtime.stop_container(container_id, 0)
        assert bench.container(container_id).exit_code == 137

    def test_stopping_twice_and_stopping_what_ended_or_never_was_succeeds(self, bench: Bench) -> None:
        container_id = bench.pod().run(**self.exiting(5))
        bench.ended(container_id)
        bench.runtime.stop_container(container_id, 1)
        bench.runtime.stop_container(container_id, 0)
        bench.runtime.stop_container("0" * 64, 0)
        assert bench.container(container_id).exit_code == 5

    def test_a_removed_container_is_gone_even_if_it_ran(self, bench: Bench) -> None:
        pod = bench.pod()
        container_id = pod.run(**self.stubborn())
        bench.runtime.remove_container(container_id)
        bench.runtime.remove_container(container_id)
        assert container_id not in [each.id for each in bench.runtime.list_containers()]
        assert [each.state for each in bench.runtime.pod_containers(pod.config.uid)[0]] == ["running"]

    def test_the_attempts_of_one_container_are_kept_side_by_side(self, bench: Bench) -> None:
        pod = bench.pod()
        bench.ended(pod.run("main", attempt=0, **self.exiting(1)))
        pod.run("main", attempt=1, **self.forever())
        _, containers = bench.runtime.pod_containers(pod.config.uid)
        assert {each.attempt: each.state for each in containers} == {0: "exited", 1: "running"}

    def test_an_image_that_is_not_there_is_refused(self, bench: Bench) -> None:
        assert bench.runtime.image(self.missing_image) is None
        with pytest.raises(ImageError, match=r".+"):
            bench.pod().create(image=self.missing_image)

    def test_an_image_that_cannot_be_pulled_is_an_error_in_one_sentence(self, bench: Bench) -> None:
        bench.needs("pulls_images")
        with pytest.raises(ImageError, match=r"^[^\n]+$"):
            bench.runtime.pull_image(self.missing_image)

    def test_an_image_that_is_there_is_known(self, bench: Bench) -> None:
        image = bench.runtime.image(self.image)
        assert image is not None
        assert image.id
        assert image.id in [each.id for each in bench.runtime.list_images()]


class ContainerSettingsPromises(RuntimeBench):
    """What a container's process finds: all need real processes."""

    def test_command_replaces_entry_point_and_arguments(self, real: Bench) -> None:
        pod = real.pod()
        container_id = pod.run(command=("sh", "-c", 'echo "$0|$1|$2"'), args=("zero", "one two", "$HOME"))
        real.ended(container_id)
        assert real.output(container_id) == b"zero|one two|$HOME\n"

    def test_an_images_own_settings_hold_where_none_are_given(self, real: Bench) -> None:
        if self.image_with_settings is None:
            pytest.skip("the suite was given no image with settings of its own")
        pod = real.pod()
        container_id = pod.run(image=self.image_with_settings)
        output = real.wait_for_output(container_id, b"\n").decode()
        assert output == "ahoy from 1000:1000 in /srv/boat, with arguments\n"

    def test_arguments_alone_keep_the_images_entry_point(self, real: Bench) -> None:
        if self.image_with_settings is None:
            pytest.skip("the suite was given no image with settings of its own")
        container_id = real.pod().run(image=self.image_with_settings, args=("other", "words"))
        assert real.wait_for_output(container_id, b"\n").endswith(b", other words\n")

    def test_a_command_alone_drops_the_images_arguments(self, real: Bench) -> None:
        if self.image_with_settings is None:
            pytest.skip("the suite was given no image with settings of its own")
        container_id = real.pod().run(image=self.image_with_settings, command=("echo", "only"))
        real.ended(container_id)
        assert real.output(container_id) == b"only\n"

    def test_environment_and_working_directory(self, real: Bench) -> None:
        env = (("GREETING", "a=b $x 'y'\nz"), ("EMPTY", ""))
        said = real.pod().says(
            'printf "%s|%s|%s" "$GREETING" "${EMPTY-unset}" "$(pwd)"', env=env, working_dir="/tmp/deep/down"
        )
        assert said == "a=b $x 'y'\nz||/tmp/deep/down"

    def test_a_mounted_folder_is_shared_both_ways(self, real: Bench, tmp_path: Path) -> None:
        (tmp_path / "in").write_text("from the host")
        mount = Mount(host_path=str(tmp_path), container_path="/mnt/shared")
        said = real.pod().says("cat /mnt/shared/in; echo from the pod >/mnt/shared/out", mounts=(mount,))
        assert said == "from the host"
        assert (tmp_path / "out").read_text() == "from the pod\n"

    def test_a_read_only_mount_refuses_writes(self, real: Bench, tmp_path: Path) -> None:
        mount = Mount(host_path=str(tmp_path), container_path="/mnt/shared", read_only=True)
        said = real.pod().says("touch /mnt/shared/x 2>/dev/null || echo refused", mounts=(mount,))
        assert said == "refused"
        assert list(tmp_path.iterdir()) == []

    def test_the_root_of_the_host_may_be_mounted(self, real: Bench) -> None:
        """Node exporters and the like do so, whatever of the runtime's own lies below."""
        mount = Mount(host_path="/", container_path="/mnt/host", read_only=True)
        assert real.pod().says("test -d /mnt/host/proc && echo there", mounts=(mount,)) == "there"

    def test_a_single_file_can_be_mounted(self, real: Bench, tmp_path: Path) -> None:
        (tmp_path / "config").write_text("single")
        mount = Mount(host_path=str(tmp_path / "config"), container_path="/mnt/etc/config")
        assert real.pod().says("cat /mnt/etc/config", mounts=(mount,)) == "single"

    def test_mounts_may_lie_within_each_other(self, real: Bench, tmp_path: Path) -> None:
        for name in ("outer", "inner"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "name").write_text(name)
        (tmp_path / "outer" / "sub").mkdir()
        mounts = (
            Mount(host_path=str(tmp_path / "inner"), container_path="/mnt/a/sub"),
            Mount(host_path=str(tmp_path / "outer"), container_path="/mnt/a"),
        )
        assert real.pod().says("cat /mnt/a/name /mnt/a/sub/name", mounts=mounts) == "outerinner"

    def test_what_changes_around_another_mount_is_seen(self, real: Bench, tmp_path: Path) -> None:
        """As a ConfigMap's volume changes in which a Secret is mounted."""
        for name in ("outer/sub", "inner"):
            (tmp_path / name).mkdir(parents=True)
        mounts = (
            Mount(host_path=str(tmp_path / "outer"), container_path="/mnt/a", read_only=True),
            Mount(host_path=str(tmp_path / "inner"), container_path="/mnt/a/sub", read_only=True),
        )
        container_id = real.pod().run(mounts=mounts, **self.forever())
        for place in ("outer/later", "inner/later"):
            (tmp_path / place).write_text(place)
        read = real.runtime.exec_sync(container_id, ("cat", "/mnt/a/later", "/mnt/a/sub/later"), 10)
        assert read.stdout == b"outer/laterinner/later"

    def test_user_and_group(self, real: Bench) -> None:
        security = Security(run_as_user=1234, run_as_group=2345, supplemental_groups=(3456,))
        said = real.pod().says("id -u; id -g; id -G", security=security).splitlines()
        assert said[:2] == ["1234", "2345"]
        assert "3456" in said[2].split()

    @pytest.mark.parametrize(
        ("security", "ids"),
        [
            (Security(run_as_group=2345), "1000:2345"),
            (Security(run_as_user=1234), "1234:0"),
            (Security(run_as_user=1234, run_as_group=2345), "1234:2345"),
            (Security(), "1000:1000"),
        ],
        ids=["group alone", "user alone", "both", "neither"],
    )
    def test_who_an_images_process_is_where_the_pod_says_only_a_part(
        self, real: Bench, security: Security, ids: str
    ) -> None:
        """A pod that asks for a group must never get another user than the image's by it: root, say."""
        if self.image_with_settings is None:
            pytest.skip("the suite was given no image with settings of its own")
        assert real.pod().says('echo "$(id -u):$(id -g)"', image=self.image_with_settings, security=security) == ids

    def test_a_read_only_root_refuses_writes(self, real: Bench) -> None:
        said = real.pod().says(
            "touch /file-in-root 2>/dev/null || echo refused", security=Security(read_only_root=True)
        )
        assert said == "refused"

    def test_dropped_capabilities_are_gone(self, real: Bench) -> None:
        script = "sed -n 's/^CapBnd:[^0-9a-f]*//p' /proc/self/status"
        kept = int(real.pod().says(script), 16)
        dropped = int(real.pod().says(script, security=Security(drop_capabilities=("ALL",))), 16)
        assert dropped == 0 < kept

    def test_seccomp_is_as_the_pod_wants_it(self, real: Bench, tmp_path: Path) -> None:
        """Mode 2 of ``/proc/self/status`` is a filter, 0 none."""
        profile = tmp_path / "profile.json"
        profile.write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
        script = "sed -n 's/^Seccomp:[^0-9]*//p' /proc/self/status"
        ours = Path("/proc/self/status").read_text().partition("\nSeccomp:\t")[2][:1]
        unsupported = real.runtime.capabilities().unsupported_fields
        for seccomp, mode in (("Unconfined", ours), ("RuntimeDefault", "2"), ("Localhost", "2")):
            if f"spec.securityContext.seccompProfile.type={seccomp}" not in unsupported:
                security = Security(seccomp=seccomp, seccomp_file=str(profile))  # type: ignore[arg-type]
                assert real.pod().says(script, security=security) == mode, seccomp

    def test_proc_can_be_shown_whole(self, real: Bench) -> None:
        if "spec.containers[].securityContext.procMount=Unmasked" in real.runtime.capabilities().unsupported_fields:
            pytest.skip("the runtime says that it does not honour procMount")
        script = "grep -c ' /proc/' /proc/self/mounts || true"
        assert int(real.pod().says(script)) > 0
        assert real.pod().says(script, security=Security(unmasked_proc=True)) == "0"

    def test_limits_change_while_a_container_runs(self, real: Bench) -> None:
        real.needs("resource_limits")
        read = (
            "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null"
        )
        container_id = real.pod().run(
            script="sleep 60", resources=Resources(cpu_shares=512, cpu_quota_micros=50_000, memory_bytes=64 << 20)
        )
        for memory in (96 << 20, 48 << 20):
            wanted = Resources(cpu_shares=1024, cpu_quota_micros=80_000, memory_bytes=memory)
            real.runtime.update_container(container_id, wanted)
            seen = real.runtime.exec_sync(container_id, ("sh", "-c", read), 10).stdout.decode().strip()
            if seen.isdigit() and int(seen) < 1 << 40:  # its own group is what it sees
                assert int(seen) == memory
        assert real.container(container_id).state == "running"

    def test_what_a_container_writes_is_measured(self, real: Bench) -> None:
        container_id = real.pod().run(script="head -c 5000000 /dev/urandom >/written && echo done; sleep 60")
        real.eventually(lambda: real.output(container_id), "the end of the writing")
        measured = real.runtime.disk_usage(container_id)
        assert measured >= 5_000_000 or not measured, "a runtime without files of the container's own says 0"

    def test_a_container_over_its_memory_is_killed_for_it(self, real: Bench) -> None:
        real.needs("resource_limits")
        resources = Resources(memory_bytes=16 << 20)
        ended = real.ended(real.pod().run(command=("tail", "/dev/zero"), resources=resources))
        assert ended.exit_code == 137
        assert ended.reason == "OOMKilled" or not real.runtime.capabilities().reports_oom

    def test_a_command_that_is_not_there_does_not_start(self, real: Bench) -> None:
        pod = real.pod()
        container_id = pod.create(command=("/no/such/program",))
        with pytest.raises(RuntimeFailure, match="no/such/program"):
            real.runtime.start_container(container_id)
        real.runtime.remove_container(container_id)

    def test_two_containers_of_a_pod_talk_over_localhost(self, real: Bench) -> None:
        pod = real.pod()
        pod.run("server", script=self.serve.format(port=8123, text="server"))
        assert pod.says(self.patient_fetch("127.0.0.1", 8123)) == "server"

    def test_pods_reach_each_other_by_address_on_the_same_port(self, real: Bench) -> None:
        real.needs("own_network")
        pods = [real.pod(name) for name in ("one", "two")]
        for pod in pods:
            pod.run("server", script=self.serve.format(port=8124, text=pod.config.name))
        asker = real.pod("asker")
        for pod in pods:
            for ip in pod.sandbox.ips:
                assert asker.says(self.patient_fetch(ip, 8124)) == pod.config.name

    def patient_fetch(self, ip: str, port: int) -> str:
        """A script that asks until the server is there."""
        fetch = self.fetch.format(ip=f"[{ip}]" if ":" in ip else ip, port=port)
        return f"for i in $(seq 50); do {fetch} 2>/dev/null && exit; sleep 0.1; done; exit 1"
