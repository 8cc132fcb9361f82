"""ResourceClaim: a pod's wish for devices."""

from __future__ import annotations

from sampan.core.model.columns.resource_v1.resource_claim import RESOURCE_CLAIM_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import RawJson, model, wire
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.resource_v1.allocation import AllocationResult
from sampan.core.model.resource_v1.resource_claim_spec import ResourceClaimSpec
from sampan.core.model.rules.resource_v1.resource_claim import ResourceClaimRules, validate_resource_claim


@model
class NetworkDeviceData:
    """What is known of a device of the network."""

    interface_name: str | None = None
    """The name of the interface in the pod."""
    ips: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Its addresses, each with the length of its network, such as ``192.0.2.5/24``."""
    hardware_address: str | None = None
    """Its hardware address."""


@model
class AllocatedDeviceStatus:
    """What a driver reports of a device that was given."""

    driver: str = wire(required=True, emit="always")
    """The driver that looks after the device."""
    pool: str = wire(required=True, emit="always")
    """The pool that the device is in."""
    device: str = wire(required=True, emit="always")
    """The name of the device within its pool."""
    share_id: str | None = wire(default=None, name="shareID", keep_zero=True)
    """Tells the shares of a device that several claims have apart."""
    conditions: tuple[Condition, ...] = wire(default=(), emit="null", list_type="map", map_keys=("type",))
    """What is so of the device, such as ``Ready``."""
    data: RawJson = wire(default=None, format="raw-extension")
    """What the driver tells in words of its own, at most 10 KiB."""
    network_data: NetworkDeviceData | None = None
    """What is known of a device of the network."""


@model
class ResourceClaimConsumerReference:
    """Somebody who may use the devices."""

    api_group: str | None = None
    """The API group of the user; empty for the core group."""
    resource: str = wire(required=True, emit="always")
    """The user's resource, such as ``pods``."""
    name: str = wire(required=True, emit="always")
    """The user's name."""
    uid: str = wire(required=True, emit="always")
    """The user's UID."""


@model
class ResourceClaimStatus:
    """What became of the claim."""

    allocation: AllocationResult | None = None
    """What was given. Not set while nothing is."""
    reserved_for: tuple[ResourceClaimConsumerReference, ...] = keyed("uid")
    """Who may use it, at most 256. A pod must be listed before it can start."""
    devices: tuple[AllocatedDeviceStatus, ...] = wire(
        default=(), list_type="map", map_keys=("driver", "device", "pool", "shareID")
    )
    """What drivers report of the devices."""


@kind(
    "resource.k8s.io/v1",
    plural="resourceclaims",
    has_status=True,
    columns=RESOURCE_CLAIM_COLUMNS,
    rules=ResourceClaimRules(),
    delete_answers_object=True,
    without_effect="no devices are given out",
)
@model
class ResourceClaim(KubeObject):
    """A wish for devices, and what was given."""

    spec: ResourceClaimSpec = wire(required=True, emit="always")
    """What is asked for. Immutable."""
    status: ResourceClaimStatus = wire(default=ResourceClaimStatus(), emit="always")
    """What became of the claim. Written by the scheduler and by drivers."""


struct_rules(ResourceClaim, whole=True)(validate_resource_claim)
