"""What a container says about its end: a file of its own, or the last lines of its log. Blocking.

https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
"""

from __future__ import annotations

import os
from pathlib import Path

from sampan.core.contracts.runtime import Container, LogOptions, Runtime
from sampan.core.contracts.runtime_config import Mount
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.container import Container as ContainerSpec

LONGEST = 4096
LOG_LINES, LONGEST_LOG = 80, 2048
DEFAULT_PATH = "/dev/termination-log"


def message_file(pod_dir: Path, name: str, attempt: int) -> Path:
    return pod_dir / "containers" / name / f"{attempt}.message"


def make_message_mount(pod_dir: Path, spec: ContainerSpec, attempt: int) -> Mount:
    """An empty file that every user may write to."""
    file = message_file(pod_dir, spec.name, attempt)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    os.chmod(file, 0o666)
    return Mount(host_path=str(file), container_path=spec.termination_message_path or DEFAULT_PATH)


def termination_message(runtime: Runtime, pod_dir: Path, spec: ContainerSpec, ended: Container) -> str:
    try:
        with message_file(pod_dir, spec.name, ended.attempt).open("rb") as file:
            data = file.read(LONGEST)
    except OSError:
        data = b""
    if not data and spec.termination_message_policy == "FallbackToLogsOnError" and ended.exit_code != 0:
        try:
            data = b"".join(runtime.logs(ended.id, LogOptions(tail_lines=LOG_LINES)))[-LONGEST_LOG:]
        except SampanError:
            data = b""
    return data.decode(errors="replace")
