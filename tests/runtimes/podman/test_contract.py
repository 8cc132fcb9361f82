"""Podman keeps the runtime contract, over an API service that it starts itself."""

from __future__ import annotations

import subprocess

import pytest

from sampan.core.contracts.runtime import Runtime, RuntimeSettings
from sampan.core.contracts.runtime_config import LABEL_CLUSTER
from sampan.core.testing.runtime_contract import RuntimeContract
from sampan.runtimes.engine.names import network_name
from sampan.runtimes.podman.runtime import make_podman
from sampan.runtimes.podman.service import PodmanService


@pytest.mark.podman
class TestPodman(RuntimeContract):
    image = "sampan-small:latest"
    dual_stack = True

    @classmethod
    def make_runtime(cls, settings: RuntimeSettings) -> Runtime:
        return make_podman(settings)

    @classmethod
    def leftovers(cls, settings: RuntimeSettings) -> list[str]:
        label = f"label={LABEL_CLUSTER}={settings.cluster}"
        found = podman("ps", "--all", "--filter", label, "--format", "{{.Names}}")
        found += podman("pod", "ls", "--filter", label, "--format", "{{.Name}}")
        found += [name for name in podman("network", "ls", "--format", "{{.Name}}") if name == network_name(settings)]
        if PodmanService(settings.state_dir).answers():
            found.append("the API service")
        return found


def podman(*words: str) -> list[str]:
    """The lines that the podman command prints."""
    return subprocess.run(["podman", *words], capture_output=True, text=True, check=True).stdout.splitlines()
