"""CSIDriver: how a storage driver wants to be treated."""

from __future__ import annotations

from sampan.core.model.columns.storage_v1.csi import CSI_DRIVER_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.storage_v1.csi import CsiDriverRules, validate_csi_driver


@model
class TokenRequest:
    """A ServiceAccount token that the driver wants to be given."""

    audience: str = wire(required=True, emit="always")
    """Whom the token is meant for. Empty means the API server itself."""
    expiration_seconds: int | None = wire(default=None, format="int64")
    """Seconds that the token is valid for. Left out, an hour."""


@model
class CSIDriverSpec:
    """What the driver needs and can do."""

    attach_required: bool | None = wire(default=None, api_default=True)
    """Whether volumes are attached to a node before they are mounted. Defaults to true; immutable."""
    pod_info_on_mount: bool | None = wire(default=None, api_default=False)
    """Whether the driver is told the pod's name, namespace, UID and account when it mounts. Defaults to false."""
    volume_lifecycle_modes: tuple[str, ...] = wire(default=(), list_type="set", api_default=["Persistent"])
    """Which volumes the driver makes: ``Persistent`` (the default), or ``Ephemeral`` ones that live as long as their
    pod. Immutable.
    """
    storage_capacity: bool | None = wire(default=None, api_default=False)
    """Whether pods are only scheduled where CSIStorageCapacity objects show enough space. Defaults to false."""
    fs_group_policy: str | None = wire(default=None, keep_zero=True, api_default="ReadWriteOnceWithFSType")
    """When a volume's owner is set to the pod's ``fsGroup``: ``ReadWriteOnceWithFSType`` (the default), ``File``
    (always) or ``None``.
    """
    token_requests: tuple[TokenRequest, ...] = wire(default=(), list_type="atomic")
    """Tokens of the pod's account that the driver is given at each mount. One for each audience."""
    requires_republish: bool | None = wire(default=None, api_default=False)
    """Whether the driver is called again and again, so that it can refresh what it mounted. Defaults to false."""
    se_linux_mount: bool | None = wire(default=None, api_default=False)
    """Whether the driver can mount with an SELinux label instead of relabelling each file. Defaults to false."""
    node_allocatable_update_period_seconds: int | None = wire(default=None, format="int64")
    """Seconds between two looks at how many volumes the node can take; at least 10. Left out, it is looked at once."""
    service_account_token_in_secrets: bool | None = None
    """Whether the tokens are handed over as secrets rather than with the volume's properties. Only with
    ``tokenRequests``.
    """
    prevent_pod_scheduling_if_missing: bool | None = None
    """Whether pods that need the driver stay away from nodes where it is not running. Defaults to false."""


@kind(
    "storage.k8s.io/v1",
    plural="csidrivers",
    namespaced=False,
    rules=CsiDriverRules(),
    columns=CSI_DRIVER_COLUMNS,
    delete_answers_object=True,
    unconditional_update=False,
    has_generation=True,
)
@model
class CSIDriver(KubeObject):
    """A storage driver. Its name is the one that the driver gives itself."""

    spec: CSIDriverSpec = wire(required=True, emit="always")
    """What the driver needs and can do."""


struct_rules(CSIDriver, whole=True)(validate_csi_driver)
