"""What pods of the process runtime try against the machine: devices, ways out of their tree, the cluster's own files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sampan.core.contracts.runtime import LogOptions, RuntimeFailure, RuntimeSettings
from sampan.core.contracts.runtime_config import ContainerConfig, Mount, SandboxConfig, Security
from sampan.runtimes.process.runtime import ProcessRuntime

DATA_DIR = "cluster"
RACES = 200


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessRuntime]:
    data = tmp_path_factory.mktemp("isolation") / DATA_DIR
    (data / "pki").mkdir(parents=True)
    (data / "pki" / "ca.key").write_text("the cluster's key")
    folder = data / "runtime" / "process"
    made = ProcessRuntime(RuntimeSettings(cluster="c", node="n", state_dir=folder, hidden=(data,)))
    made.start()
    if not made.capabilities().isolation:
        made.destroy()
        made.close()
        pytest.skip("this kernel allows this user no namespaces")
    yield made
    made.destroy()
    made.close()


def says(runtime: ProcessRuntime, script: str, **changes: Any) -> str:
    uid = str(uuid4())
    sandbox = runtime.run_pod_sandbox(SandboxConfig(name="web", namespace="default", uid=uid, hostname="web"))
    try:
        config = ContainerConfig(**{"name": "main", "image": "host", "command": ("sh", "-c", script), **changes})
        container = runtime.create_container(sandbox, config)
        runtime.start_container(container)
        return b"".join(runtime.logs(container, LogOptions(follow=True))).decode().strip()
    finally:
        runtime.remove_pod_sandbox(sandbox.id)


def test_a_pod_reads_nothing_of_the_clusters_own_files(runtime: ProcessRuntime) -> None:
    (data,) = runtime._settings.hidden
    assert (data / "pki" / "ca.key").exists()
    assert says(runtime, f"ls -A {data} {data}/pki 2>/dev/null; find {data.parent} -name ca.key") == f"{data}:"


MAKE_DEVICE = """
import os, stat, sys
where = sys.argv[1]
path = os.path.join(where, "device-%d" % os.getpid())
try:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero under another name: any other would do
    os.read(os.open(path, os.O_RDONLY), 1)
    print("opened in", where)
except OSError as exc:
    print(exc.strerror)
"""


@pytest.mark.parametrize("add", [(), ("MKNOD",), ("ALL",)], ids=["plain", "MKNOD", "ALL"])
@pytest.mark.parametrize("where", ["/tmp", "/dev", "/dev/shm", "/run", "/mnt/volume", "/mnt/below"])
def test_a_pod_opens_no_device_of_its_own_making(
    runtime: ProcessRuntime, tmp_path: Path, where: str, add: tuple[str, ...]
) -> None:
    """``ALL`` may undo it by mounting, as with engines; without that the device stays shut."""
    if runtime._isolation and runtime._isolation.user_namespace and add:
        pytest.skip("in a user namespace the kernel itself allows no devices")
    mount = Mount(host_path=str(tmp_path), container_path="/mnt/volume")
    below = Mount(host_path=str(tmp_path), container_path="/mnt/below")
    command = (sys.executable, "-c", MAKE_DEVICE, where)
    said = says(runtime, "", command=command, mounts=(mount, below), security=Security(add_capabilities=add))
    assert said in ("Operation not permitted", "Permission denied", "Read-only file system"), said


def test_the_usual_devices_work_for_every_user_and_are_not_the_hosts(runtime: ProcessRuntime) -> None:
    before = os.stat("/dev/null").st_mode
    script = "for d in null zero full random urandom; do head -c1 /dev/$d | wc -c; done; echo x >/dev/null; echo $?"
    assert says(runtime, script, security=Security(run_as_user=1234)).split() == ["0", "1", "1", "1", "1", "0"]
    if not (runtime._isolation and runtime._isolation.user_namespace):
        says(runtime, "chmod 600 /dev/null; chown 1234 /dev/null")
    assert os.stat("/dev/null").st_mode == before


@pytest.mark.parametrize("target", ["/.host-root/tmp", "/proc/1/root/tmp", "/proc/self/root/tmp", "/../../tmp"])
def test_a_mount_path_never_means_the_hosts_tree(runtime: ProcessRuntime, tmp_path: Path, target: str) -> None:
    """Folders that are missing would be made there, and volumes mounted."""
    mark = f"made-by-{uuid4().hex}"
    mount = Mount(host_path=str(tmp_path), container_path=f"{target}/{mark}")
    with suppress(RuntimeFailure):
        says(runtime, "true", mounts=(mount,))
    assert not Path("/tmp", mark).exists()
    assert not Path("/.host-root").exists()


@pytest.mark.parametrize("link", ["/", "/proc/1/root", "../../../../../../.."])
def test_a_link_left_in_a_volume_leads_to_the_containers_own_tree(
    runtime: ProcessRuntime, tmp_path: Path, link: str
) -> None:
    mark = f"made-by-{uuid4().hex}"
    (tmp_path / "volume").mkdir()
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "f").write_text("inner")
    (tmp_path / "volume" / "out").symlink_to(link)
    mounts = (
        Mount(host_path=str(tmp_path / "volume"), container_path="/mnt/v"),
        Mount(host_path=str(tmp_path / "inner"), container_path=f"/mnt/v/out/tmp/{mark}"),
    )
    assert says(runtime, f"cat /tmp/{mark}/f", mounts=mounts) == "inner"
    assert not Path("/tmp", mark).exists()


SWAPPER = """
import os, shutil, sys
place, aside, link = sys.argv[1:]
print("ready", flush=True)
while True:
    try:
        os.rename(place, aside)
        os.symlink(link, place)
        for _ in range(20):
            os.lstat(place)
        os.unlink(place)
        os.rename(aside, place)
        for _ in range(20):
            os.stat(place)
    except OSError:  # the other side has made the folder anew
        shutil.rmtree(aside, ignore_errors=True)
"""


def test_a_mount_point_that_is_swapped_for_a_link_all_the_time(runtime: ProcessRuntime, tmp_path: Path) -> None:
    """Another container of the pod changes the volume in which this one's mount point lies."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "volume" / "swapped").mkdir(parents=True)
    (tmp_path / "inner").mkdir()
    mounts = (
        Mount(host_path=str(tmp_path / "volume"), container_path="/mnt/v"),
        Mount(host_path=str(tmp_path / "inner"), container_path="/mnt/v/swapped/below"),
    )
    place, aside = tmp_path / "volume" / "swapped", tmp_path / "volume" / "aside"
    command = [sys.executable, "-c", SWAPPER, str(place), str(aside), str(outside)]
    sandbox = runtime.run_pod_sandbox(SandboxConfig(name="w", namespace="d", uid=str(uuid4()), hostname="w"))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as attacker:
        assert attacker.stdout
        attacker.stdout.readline()
        try:
            for number in range(RACES):
                config = ContainerConfig(name=f"c{number}", image="host", command=("true",), mounts=mounts)
                container = runtime.create_container(sandbox, config)
                try:
                    runtime.start_container(container)
                except RuntimeFailure:
                    continue
                finally:
                    runtime.remove_container(container)
            assert attacker.poll() is None
        finally:
            attacker.kill()
            runtime.remove_pod_sandbox(sandbox.id)
    assert list(outside.iterdir()) == []


OPENS = "echo out >/dev/stdout; echo err >/dev/stderr; echo again >/proc/self/fd/1"
NOBODY_SPECIAL = Security(run_as_user=1234, run_as_group=1234)


def test_a_program_of_any_user_may_open_its_own_output(runtime: ProcessRuntime) -> None:
    assert sorted(says(runtime, OPENS, security=NOBODY_SPECIAL).split()) == ["again", "err", "out"]


def test_so_may_a_command_that_is_run_in_its_container(runtime: ProcessRuntime) -> None:
    sandbox = runtime.run_pod_sandbox(SandboxConfig(name="w", namespace="d", uid=str(uuid4()), hostname="w"))
    try:
        config = ContainerConfig(name="main", image="host", command=("sleep", "60"), security=NOBODY_SPECIAL)
        container = runtime.create_container(sandbox, config)
        runtime.start_container(container)
        done = runtime.exec_sync(container, ("sh", "-c", OPENS), 10)
        assert (done.stdout, done.stderr) == (b"out\nagain\n", b"err\n")
    finally:
        runtime.remove_pod_sandbox(sandbox.id)
