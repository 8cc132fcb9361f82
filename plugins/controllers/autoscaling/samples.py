"""What has been measured, as decisions take it: whole thousandths (millicores, thousandths of a byte, of a request)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from sampan.core.classes import frozen
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.quantity import milli
from sampan.plugins.metrics.kinds import PodMetrics
from sampan.plugins.metrics.windows import seconds


class NoMetric(Exception):
    """A metric that says nothing now; the text is Kubernetes'."""


@frozen
class Sample:
    """One pod's figure: the average over ``window`` seconds before ``at``."""

    value: int
    at: datetime | None = None
    window: float = 60.0


Samples = Mapping[str, Sample]
"""By the pod's name."""


@frozen(kw_only=True)
class Reading:
    """What was seen of one metric: of pods, or of something else as one or several numbers; or why nothing was."""

    pods: Samples = attrs.field(factory=dict)
    values: Sequence[int] = ()
    problem: str = ""


@frozen(kw_only=True)
class Seen:
    """The pods of a target, and a reading for each metric of the autoscaler, in its order."""

    pods: Sequence[Pod] = ()
    readings: Sequence[Reading] = ()


def of_resource(metrics: Iterable[PodMetrics], resource: str, container: str = "") -> Samples:
    """The use of a resource by pods, or by one container of each. A pod of which a part is not known is left out."""
    found: dict[str, Sample] = {}
    for each in metrics:
        parts = [part for part in each.containers if container in ("", part.name)]
        used = [part.usage.get(resource) for part in parts]
        if parts and None not in used:
            total = sum(milli(amount) for amount in used if amount is not None)
            found[each.metadata.name or ""] = Sample(total, each.timestamp, seconds(each.window))
    return found
