"""The contract of metrics that the cluster cannot measure itself: what an autoscaler may follow besides CPU and memory.

They are what Kubernetes has the APIs ``custom.metrics.k8s.io`` and ``external.metrics.k8s.io`` for. An amount is a number
or a quantity (``12.5``, ``"500m"``). Plain functions, called in a thread, each for a few seconds at most; several
autoscalers may ask side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

Amount = int | float | str


class MetricsProvider(Protocol):
    """``None``: this provider does not know the metric, ask another. What it raises is told as the metric's failure.

    ``selector`` is the metric's own label selector as text (``verb=GET``), empty where there is none.
    """

    def of_pods(self, metric: str, namespace: str, pods: Sequence[str], selector: str) -> Mapping[str, Amount] | None:
        """The metric of each pod, by its name; a pod of which nothing is known is left out."""
        ...

    def of_object(
        self, metric: str, namespace: str, api_version: str, kind: str, name: str, selector: str
    ) -> Amount | None:
        """The metric of one object."""
        ...

    def external(self, metric: str, namespace: str, selector: str) -> Sequence[Amount] | None:
        """The metric of something outside of the cluster: every series that the selector finds; they are summed."""
        ...
