"""Containers by hand, past the cluster: found in its API, and killed with the runtime's own tool."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from sampan.runtimes.process.shim import records
from tests.support.cluster import Cluster
from tests.support.kubectl import Kubectl


def container_status(kubectl: Kubectl, pod: str) -> dict[str, Any]:
    """Of the pod's first container."""
    status: dict[str, Any] = kubectl.json(f"get pod {pod}")["status"]["containerStatuses"][0]
    return status


def container_id(kubectl: Kubectl, pod: str) -> str:
    """The engine's own."""
    return str(container_status(kubectl, pod)["containerID"]).partition("://")[2]


def restarts(kubectl: Kubectl, pod: str) -> int:
    """How often its first container was, counted once it runs again."""
    status = container_status(kubectl, pod)
    return int(status["restartCount"]) if "running" in status["state"] else -1


def kill_container(cluster: Cluster, kubectl: Kubectl, pod: str) -> None:
    """``docker kill``, ``podman kill`` or ``kill -9``, as a person would."""
    found = container_id(kubectl, pod)
    if cluster.runtime == "process":
        os.kill(process_of(cluster.data_dir, found), signal.SIGKILL)
    else:
        subprocess.run([cluster.runtime, "kill", found], check=True, capture_output=True, timeout=30)


def process_of(data_dir: Path, container: str) -> int:
    """The process that a container of the process runtime is, as its supervisor wrote it down."""
    folder = data_dir / "runtime" / "process" / "containers" / container
    running = records.read(str(folder / "running.json"))
    assert running is not None, f"no running container in {folder}"
    process = running["process"]
    assert isinstance(process, dict)
    return int(process["pid"])


def is_running(cluster: Cluster, container: str) -> bool:
    """Whether the engine itself says so."""
    if cluster.runtime == "process":
        folder = cluster.data_dir / "runtime" / "process" / "containers" / container
        return (folder / "running.json").exists() and not (folder / "exit.json").exists()
    inspect = [cluster.runtime, "inspect", "--format", "{{.State.Running}}", container]
    return subprocess.run(inspect, check=False, capture_output=True, text=True, timeout=30).stdout == "true\n"
