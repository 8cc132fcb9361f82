"""DeviceClass: a sort of devices that claims ask for by name."""

from __future__ import annotations

from sampan.core.model.columns.resource_v1.device_class import DEVICE_CLASS_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.resource_v1.device_configuration import OpaqueDeviceConfiguration
from sampan.core.model.resource_v1.device_selector import DeviceSelector
from sampan.core.model.rules.resource_v1.device_class import DeviceClassRules, validate_device_class


@model
class DeviceClassConfiguration:
    """What drivers are told about devices of the class."""

    opaque: OpaqueDeviceConfiguration | None = None
    """Parameters that only the driver understands."""


@model
class DeviceClassSpec:
    """Which devices are of the class, and what their drivers are told."""

    selectors: tuple[DeviceSelector, ...] = wire(default=(), list_type="atomic")
    """Conditions that a device must meet to be of the class, all of them."""
    config: tuple[DeviceClassConfiguration, ...] = wire(default=(), list_type="atomic")
    """What drivers are told about devices of the class, besides what the claim says."""
    extended_resource_name: str | None = wire(default=None, keep_zero=True)
    """A resource name such as ``example.com/gpu``: pods that request it in ``resources`` get devices of this class."""


@kind(
    "resource.k8s.io/v1",
    plural="deviceclasses",
    namespaced=False,
    columns=DEVICE_CLASS_COLUMNS,
    rules=DeviceClassRules(),
    has_generation=True,
    delete_answers_object=True,
    without_effect="no devices are given out",
)
@model
class DeviceClass(KubeObject):
    """A sort of devices, made by an administrator, that claims ask for by name."""

    spec: DeviceClassSpec = wire(required=True, emit="always")
    """Which devices are of the class, and what their drivers are told."""


struct_rules(DeviceClass, whole=True)(validate_device_class)
