"""APIService: a group and version of the API, and the server that brings it."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.apiregistration_v1.api_service import API_SERVICE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.apiregistration_v1.api_service import APIServiceRules, validate_api_service


@model
class ServiceReference:
    """A Service that a group of the API is reached by."""

    namespace: str = ""
    """The Service's namespace."""
    name: str = ""
    """The Service's name."""
    port: int | None = wire(default=None, format="int32", api_default=443)
    """The Service's port, which must speak HTTPS."""


@model
class APIServiceSpec:
    """Which group and version, and who serves it."""

    service: ServiceReference | None = None
    """The Service of the server. Left out, this server serves the group itself."""
    group: str = ""
    """The group's name."""
    version: str = ""
    """The version's name, such as ``v1``."""
    insecure_skip_tls_verify: bool = wire(default=False, name="insecureSkipTLSVerify")
    """Trust the server whatever certificate it has. Better leave it out and give ``caBundle``."""
    ca_bundle: bytes | None = None
    """Certificates (PEM) that the server's own is checked with."""
    group_priority_minimum: int = wire(default=0, required=True, format="int32", emit="always")
    """The priority that the group has at least, 1 to 20000: clients prefer groups with more."""
    version_priority: int = wire(default=0, required=True, format="int32", emit="always")
    """The priority of the version within its group, 1 to 1000."""


@model
class APIServiceCondition:
    """A statement about the server."""

    type: str = wire(required=True, emit="always")
    """What is stated: ``Available``."""
    status: str = wire(required=True, emit="always")
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    last_transition_time: datetime | None = None
    """When the status last changed."""
    reason: str = ""
    """A word for the cause."""
    message: str = ""
    """A sentence on the cause."""


@model
class APIServiceStatus:
    """Whether the server can be reached."""

    conditions: tuple[APIServiceCondition, ...] = keyed("type")
    """Statements about the server, one per type."""


@kind(
    "apiregistration.k8s.io/v1",
    plural="apiservices",
    unconditional_update=False,
    namespaced=False,
    categories=("api-extensions",),
    has_status=True,
    name_format="path-segment",
    columns=API_SERVICE_COLUMNS,
    rules=APIServiceRules(),
)
@model
class APIService(KubeObject):
    """A group and version of the API that another server brings."""

    spec: APIServiceSpec = wire(default=APIServiceSpec(), emit="always")
    """Which group and version, and who serves it."""
    status: APIServiceStatus = wire(default=APIServiceStatus(), emit="always")
    """Whether the server can be reached."""


struct_rules(APIService, whole=True)(validate_api_service)
