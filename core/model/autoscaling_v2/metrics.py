"""What an autoscaler looks at."""

from __future__ import annotations

from sampan.core.model.meta import Quantity, model, wire
from sampan.core.model.meta_v1.selector import LabelSelector


@model
class CrossVersionObjectReference:
    """An object by kind and name, in the autoscaler's namespace."""

    kind: str = wire(required=True, emit="always")
    """The object's kind, such as ``Deployment``."""
    name: str = wire(required=True, emit="always")
    """The object's name."""
    api_version: str | None = None
    """Group and version of the object's kind, such as ``apps/v1``."""


@model
class MetricIdentifier:
    """A metric by name."""

    name: str = wire(required=True, emit="always")
    """The name of the metric."""
    selector: LabelSelector | None = None
    """Labels that narrow the metric down. Left out, the name alone is asked for."""


@model
class MetricTarget:
    """The value that is aimed at."""

    type: str = wire(required=True, emit="always")
    """How the value is meant: ``Utilization``, ``Value`` or ``AverageValue``."""
    value: Quantity | None = None
    """The value of the metric as a whole."""
    average_value: Quantity | None = None
    """The value for each pod on average."""
    average_utilization: int | None = wire(default=None, format="int32")
    """The average use in per cent of what the pods have requested. Only for resources."""


@model
class MetricValueStatus:
    """The value at present."""

    value: Quantity | None = None
    """The value of the metric as a whole."""
    average_value: Quantity | None = None
    """The value for each pod on average."""
    average_utilization: int | None = wire(default=None, format="int32")
    """The average use in per cent of what the pods have requested."""


@model
class ObjectMetricSource:
    """A metric of one object."""

    described_object: CrossVersionObjectReference = wire(required=True, emit="always")
    """The object that the metric is about."""
    target: MetricTarget = wire(required=True, emit="always")
    """The value that is aimed at."""
    metric: MetricIdentifier = wire(required=True, emit="always")
    """The metric of that object."""


@model
class PodsMetricSource:
    """A metric of each pod."""

    metric: MetricIdentifier = wire(required=True, emit="always")
    """The metric of the pods, which is averaged."""
    target: MetricTarget = wire(required=True, emit="always")
    """The average that is aimed at."""


@model
class ResourceMetricSource:
    """The use of a resource by all containers of each pod."""

    name: str = wire(required=True, emit="always")
    """The resource: ``cpu`` or ``memory``."""
    target: MetricTarget = wire(required=True, emit="always")
    """The use that is aimed at."""


@model
class ContainerResourceMetricSource:
    """The use of a resource by one container of each pod."""

    name: str = wire(required=True, emit="always")
    """The resource: ``cpu`` or ``memory``."""
    target: MetricTarget = wire(required=True, emit="always")
    """The use that is aimed at."""
    container: str = wire(required=True, emit="always")
    """The name of the container."""


@model
class ExternalMetricSource:
    """A metric of something outside of the cluster, such as the length of a queue."""

    metric: MetricIdentifier = wire(required=True, emit="always")
    """The metric by its name."""
    target: MetricTarget = wire(required=True, emit="always")
    """The value that is aimed at."""


@model
class MetricSpec:
    """One thing that the autoscaler looks at. Exactly the source that ``type`` names is given."""

    type: str = wire(required=True, emit="always")
    """Which source it is: ``Resource``, ``ContainerResource``, ``Pods``, ``Object`` or ``External``."""
    object: ObjectMetricSource | None = None
    """A metric of one object, such as the requests of an Ingress."""
    pods: PodsMetricSource | None = None
    """A metric of each pod, such as the transactions it handles."""
    resource: ResourceMetricSource | None = None
    """The use of a resource by all containers of each pod."""
    container_resource: ContainerResourceMetricSource | None = None
    """The use of a resource by one container of each pod."""
    external: ExternalMetricSource | None = None
    """A metric of something outside of the cluster."""


@model
class ObjectMetricStatus:
    """A metric of one object."""

    metric: MetricIdentifier = wire(required=True, emit="always")
    """The metric of that object."""
    current: MetricValueStatus = wire(default=MetricValueStatus(), required=True, emit="always")
    """The value at present."""
    described_object: CrossVersionObjectReference = wire(required=True, emit="always")
    """The object that the metric is about."""


@model
class PodsMetricStatus:
    """A metric of each pod."""

    metric: MetricIdentifier = wire(required=True, emit="always")
    """The metric of the pods."""
    current: MetricValueStatus = wire(default=MetricValueStatus(), required=True, emit="always")
    """The average at present."""


@model
class ResourceMetricStatus:
    """The use of a resource by all containers of each pod."""

    name: str = wire(required=True, emit="always")
    """The resource: ``cpu`` or ``memory``."""
    current: MetricValueStatus = wire(default=MetricValueStatus(), required=True, emit="always")
    """The use at present."""


@model
class ContainerResourceMetricStatus:
    """The use of a resource by one container of each pod."""

    name: str = wire(required=True, emit="always")
    """The resource: ``cpu`` or ``memory``."""
    current: MetricValueStatus = wire(default=MetricValueStatus(), required=True, emit="always")
    """The use at present."""
    container: str = wire(required=True, emit="always")
    """The name of the container."""


@model
class ExternalMetricStatus:
    """A metric of something outside of the cluster."""

    metric: MetricIdentifier = wire(required=True, emit="always")
    """The metric by its name."""
    current: MetricValueStatus = wire(default=MetricValueStatus(), required=True, emit="always")
    """The value at present."""


@model
class MetricStatus:
    """What the autoscaler last saw of one metric."""

    type: str = wire(required=True, emit="always")
    """Which source it is: ``Resource``, ``ContainerResource``, ``Pods``, ``Object`` or ``External``."""
    object: ObjectMetricStatus | None = None
    """What was seen of one object."""
    pods: PodsMetricStatus | None = None
    """What was seen of each pod."""
    resource: ResourceMetricStatus | None = None
    """What was seen of a resource, for all containers of each pod."""
    container_resource: ContainerResourceMetricStatus | None = None
    """What was seen of a resource, for one container of each pod."""
    external: ExternalMetricStatus | None = None
    """What was seen outside of the cluster."""
