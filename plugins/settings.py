"""What may be set about the built-in plugins: ``plugins.plugins.settings`` of the configuration file."""

from __future__ import annotations

import attrs

from sampan.core.classes import frozen
from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings
from sampan.plugins.schedulers.profiles import SchedulerProfile


@frozen(kw_only=True)
class Settings:
    horizontal_pod_autoscaler: AutoscalerSettings = attrs.field(factory=AutoscalerSettings)
    stages: tuple[str, ...] = ()
    """Files, or folders of them, with KWOK's stages for simulated pods; ``sampan up --stages`` says the same."""
    schedulers: tuple[SchedulerProfile, ...] = ()
    """More schedulers, or the default one in another way; pods choose by ``spec.schedulerName``."""
