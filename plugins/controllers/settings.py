"""What may be set about the built-in controllers: ``plugins.plugins.settings`` of the configuration file."""

from __future__ import annotations

import attrs

from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings


@attrs.frozen(kw_only=True)
class ControllerSettings:
    horizontal_pod_autoscaler: AutoscalerSettings = attrs.field(factory=AutoscalerSettings)
