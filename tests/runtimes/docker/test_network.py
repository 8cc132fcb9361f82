"""A network that cannot be removed is told, not hidden."""

from __future__ import annotations

import subprocess
from pathlib import Path

import attrs
import pytest

from sampan.core.testing.runtime_suite.bench import RuntimeBench
from sampan.runtimes.docker.runtime import make_docker
from sampan.runtimes.engine.names import network_name


@pytest.mark.docker
def test_a_network_that_somebody_else_is_on_stays_and_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    settings = attrs.evolve(RuntimeBench.settings(tmp_path), say=said.append)
    runtime = make_docker(settings)
    runtime.start()
    network = network_name(settings)
    guest = f"guest-{settings.cluster}"
    subprocess.run(
        ["docker", "run", "-d", "--rm", "--name", guest, "--network", network, "sampan-small:latest", "sleep", "600"],
        check=True,
        capture_output=True,
    )
    try:
        runtime.destroy()
        assert said == [
            f"Docker's network {network} stays: containers that are not this node's are on it; remove it once they are gone"
        ]
    finally:
        subprocess.run(["docker", "kill", guest], check=True, capture_output=True)
        subprocess.run(["docker", "wait", guest], check=False, capture_output=True)
        runtime.destroy()
        runtime.close()
    assert len(said) == 1
