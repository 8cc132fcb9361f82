"""Pods run on it, and it has seen them start."""

import ferry

from sampan.core.contracts.runtime_config import ContainerConfig, SandboxConfig
from sampan.plugin import RuntimeSettings


def test_containers_that_start_are_noted(tmp_path):
    runtime = ferry.make_ferry(RuntimeSettings(cluster="c", node="n", state_dir=tmp_path))
    runtime.start()
    sandbox = runtime.run_pod_sandbox(SandboxConfig(name="web", namespace="default", uid="u"))
    container = runtime.create_container(sandbox, ContainerConfig(name="web", image="nginx"))
    runtime.start_container(container)
    assert runtime.started == [container]
    runtime.destroy()
    runtime.close()
