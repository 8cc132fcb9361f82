"""Docker keeps the runtime contract."""

from __future__ import annotations

import pytest

from sampan.core.contracts.runtime import Runtime, RuntimeSettings
from sampan.core.testing.runtime_contract import RuntimeContract
from sampan.runtimes.docker.runtime import make_docker


@pytest.mark.docker
class TestDocker(RuntimeContract):
    image = "sampan-small:latest"
    dual_stack = True

    @classmethod
    def make_runtime(cls, settings: RuntimeSettings) -> Runtime:
        return make_docker(settings)
