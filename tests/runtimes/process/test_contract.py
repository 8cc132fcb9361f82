"""The process runtime keeps the runtime contract: with the host's own tree, and with images loaded from archives."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from sampan.core.contracts.runtime import Runtime, RuntimeSettings
from sampan.core.contracts.runtime_config import Security
from sampan.core.host.capabilities import has_ipv6
from sampan.core.testing.runtime_contract import Bench, RuntimeBench, RuntimeContract
from sampan.core.testing.runtime_suite.sub_paths import SubPathPromises
from sampan.runtimes.process.cgroups import ROOT, V1_CONTROLLERS
from sampan.runtimes.process.isolation import Isolation
from sampan.runtimes.process.layout import Layout
from sampan.runtimes.process.processes import of_state_dir
from sampan.runtimes.process.runtime import ProcessRuntime, make_process

EVERYWHERE = "::" if has_ipv6() else "0.0.0.0"
ARCHIVES = Path(os.environ.get("SAMPAN_TEST_IMAGES", Path.home() / ".cache/sampan/test-images"))


def left_on_the_host(settings: RuntimeSettings) -> list[str]:
    """Processes, mounts, links, rules and files of a runtime that was destroyed."""
    tag = Layout(settings.state_dir).tag
    left = [f"process {pid}" for pid in of_state_dir(settings.state_dir)]
    left += [line for line in Path("/proc/mounts").read_text().splitlines() if str(settings.state_dir) in line]
    left += [name for name in os.listdir("/sys/class/net") if tag in name]
    left += [str(path) for path in Path("/dev/shm").glob(f"sampan-{tag}-*")]
    groups = [ROOT / f"sampan-{tag}", *(ROOT / controller / f"sampan-{tag}" for controller in V1_CONTROLLERS)]
    left += [str(path) for path in groups if path.exists()]
    if os.geteuid() == 0:
        tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False).stdout
        left += [line for line in tables.splitlines() if tag in line]
        for program in ("iptables", "ip6tables"):
            rules = subprocess.run([program, "-w", "-S"], capture_output=True, text=True, check=False).stdout
            left += [line for line in rules.splitlines() if tag in line]
    if settings.state_dir.exists():
        left.append(str(settings.state_dir))
    return left


NEEDS = {
    "test_a_mounted_folder_is_shared_both_ways": "spec.containers[].volumeMounts",
    "test_a_read_only_mount_refuses_writes": "spec.containers[].volumeMounts",
    "test_a_single_file_can_be_mounted": "spec.containers[].volumeMounts",
    "test_the_root_of_the_host_may_be_mounted": "spec.containers[].volumeMounts",
    "test_mounts_may_lie_within_each_other": "spec.containers[].volumeMounts",
    "test_what_changes_around_another_mount_is_seen": "spec.containers[].volumeMounts",
    "test_following_brings_lines_as_they_come_and_ends_with_the_container": "spec.containers[].volumeMounts",
    "test_a_tail_of_long_lines_is_followed_as_they_come": "spec.containers[].volumeMounts",
    "test_dropped_capabilities_are_gone": "spec.containers[].securityContext.capabilities",
    "test_a_read_only_root_refuses_writes": "spec.containers[].securityContext.readOnlyRootFilesystem",
    "test_a_container_sees_the_pods_host_name": "spec.hostname",
    "test_a_container_sees_the_pods_resolver": "spec.dnsConfig",
    "test_a_containers_own_file_stands_before_the_runtimes": "spec.containers[].volumeMounts",
    "test_user_and_group": "spec.containers[].securityContext.runAsUser",
}
"""Tests that a runtime may fail only where it says that it does not honour this field."""


class ProcessBench(RuntimeContract):
    dual_stack = True
    sub_path_races: ClassVar[int] = 100

    @pytest.fixture(autouse=True)
    def honoured(self, request: pytest.FixtureRequest) -> None:
        field = NEEDS.get(request.function.__name__)
        if hasattr(SubPathPromises, request.function.__name__):
            field = "spec.containers[].volumeMounts"
        if field and field in request.getfixturevalue("bench").runtime.capabilities().unsupported_fields:
            pytest.skip(f"the runtime says that it does not honour {field}")

    @classmethod
    def make_runtime(cls, settings: RuntimeSettings) -> Runtime:
        return make_process(settings)

    @classmethod
    def leftovers(cls, settings: RuntimeSettings) -> list[str]:
        return left_on_the_host(settings)

    def test_user_and_group(self, real: Bench) -> None:
        """Where one user is mapped there are no supplemental groups, and the runtime says so."""
        if "spec.securityContext.supplementalGroups" not in real.runtime.capabilities().unsupported_fields:
            super().test_user_and_group(real)
            return
        said = real.pod().says("id -u; id -g", security=Security(run_as_user=1234, run_as_group=2345))
        assert said.splitlines() == ["1234", "2345"]


class TestOnTheHostsTree(ProcessBench):
    image = "host"
    image_is_mountable = False
    image_with_settings: ClassVar[str | None] = None
    missing_image = "registry.invalid/sampan/none:1"
    serve = (
        "mkdir -p /tmp/www{port} && echo {text} >/tmp/www{port}/who &&"
        f" exec python3 -m http.server -b {EVERYWHERE}"
        " -d /tmp/www{port} {port}"
    )
    fetch = (
        'python3 -c \'import urllib.request as r; print(r.urlopen("http://{ip}:{port}/who", timeout=5).read().decode(),'
        ' end="")\''
    )


class WithoutNamespaces(ProcessRuntime):
    """As on a kernel that allows none."""

    def _probe(self) -> Isolation:
        super()._probe()
        return Isolation(private=False)


class TestAsPlainProcesses(TestOnTheHostsTree):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def tidy(cls) -> Iterator[None]:
        """What these pods write, they write into the host's own /tmp."""
        yield
        for path in ("/tmp/www8123", "/tmp/www8124", "/tmp/www8125", "/tmp/deep"):
            shutil.rmtree(path, ignore_errors=True)

    @classmethod
    def make_runtime(cls, settings: RuntimeSettings) -> Runtime:
        return WithoutNamespaces(settings)


class TestOnALoadedImage(ProcessBench):
    archives: ClassVar[tuple[str, ...]] = ("small.tar", "small-user.tar")

    @classmethod
    def settings(cls, directory: Path) -> RuntimeSettings:
        for name in cls.archives:
            if not (ARCHIVES / name).exists():
                pytest.skip(f"there is no test image {ARCHIVES / name}")
        return super().settings(directory / "process")

    @classmethod
    def bench_in(cls, directory: Path) -> Iterator[Bench]:
        for bench in super().bench_in(directory):
            for name in cls.archives:
                bench.runtime.load_images(ARCHIVES / name)
            yield bench


class TestOnAnOciArchive(RuntimeBench):
    """The same image as another sort of archive, which need not keep every promise again."""

    @classmethod
    def make_runtime(cls, settings: RuntimeSettings) -> Runtime:
        return make_process(settings)

    def test_it_is_loaded_and_runs(self, bench: Bench) -> None:
        if not (ARCHIVES / "small.oci.tar").exists():
            pytest.skip(f"there is no test image {ARCHIVES / 'small.oci.tar'}")
        bench.needs("loads_images")
        assert [name.rpartition("/")[2] for name in bench.runtime.load_images(ARCHIVES / "small.oci.tar")] == [
            "sampan-small:latest"
        ]
        assert bench.pod().says("echo ahoy") == "ahoy"
