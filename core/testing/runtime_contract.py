"""The runtime contract as tests: every promise of `sampan.core.contracts.runtime.Runtime`.

A runtime's author subclasses `RuntimeContract` in a test module and says how to make one::

    class TestMine(RuntimeContract):
        image = "busybox:1.36"

        @classmethod
        def make_runtime(cls, settings: RuntimeSettings) -> Runtime:
            return make_mine(settings)

What may be said besides (images, scripts, how to kill from outside) is in
`sampan.core.testing.runtime_suite.bench.RuntimeBench`. The runtime's own `capabilities` decide which tests apply; one that
does not is skipped with the capability's name as the reason.

The tests come in the order in which a runtime is best written: first what everything stands on, each with what to do where
it is not so, and the rest is left out until that is right; last what takes long (races, restarts).
"""

from __future__ import annotations

from sampan.core.testing.runtime_suite.bench import Bench, BenchPod, RuntimeBench
from sampan.core.testing.runtime_suite.containers import ContainerLifePromises, ContainerSettingsPromises
from sampan.core.testing.runtime_suite.first import FirstPromises
from sampan.core.testing.runtime_suite.image_volumes import ImageVolumePromises
from sampan.core.testing.runtime_suite.recovery import RecoveryPromises
from sampan.core.testing.runtime_suite.sandboxes import SandboxPromises
from sampan.core.testing.runtime_suite.streams import ExecPromises, LogPromises
from sampan.core.testing.runtime_suite.sub_paths import SubPathPromises

__all__ = ["Bench", "BenchPod", "RuntimeBench", "RuntimeContract"]


class RuntimeContract(
    RecoveryPromises,
    SubPathPromises,
    ImageVolumePromises,
    ExecPromises,
    LogPromises,
    ContainerSettingsPromises,
    ContainerLifePromises,
    SandboxPromises,
    FirstPromises,
):
    """All promises of a runtime. pytest begins with those of the last base."""
