"""CustomResourceDefinition: a kind that users bring, described by an object instead of a class."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.apiextensions_v1.schema import PROPS
from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.meta import RawJson, model, wire
from sampan.core.model.rules.apiextensions_v1.definition import DefinitionRules


@model
class ServiceReference:
    """A Service that answers for a webhook."""

    namespace: str = wire(required=True)
    """The namespace of the Service."""
    name: str = wire(required=True)
    """The name of the Service."""
    path: str | None = wire(default=None, keep_zero=True)
    """The path that is asked."""
    port: int | None = wire(default=None, format="int32", api_default=443)
    """The port of the Service that is asked."""


@model
class WebhookClientConfig:
    """How a webhook is reached: by address, or as a Service."""

    url: str | None = wire(default=None, keep_zero=True)
    """The address of a webhook outside of the cluster. Excludes ``service``."""
    service: ServiceReference | None = None
    """The Service of a webhook inside of the cluster. Excludes ``url``."""
    ca_bundle: bytes = b""
    """PEM certificates that the webhook's own is checked against; the system's where there are none."""


@model
class WebhookConversion:
    """A webhook that converts between versions."""

    client_config: WebhookClientConfig | None = None
    """How it is reached."""
    conversion_review_versions: tuple[str, ...] = wire(default=(), required=True, list_type="atomic")
    """The versions of ConversionReview that it understands, the best first."""


@model
class CustomResourceConversion:
    """How objects are converted from one version to another."""

    strategy: str = wire(required=True)
    """``None`` only changes the apiVersion; ``Webhook`` asks a webhook."""
    webhook: WebhookConversion | None = None
    """The webhook, for strategy ``Webhook``."""


@model
class CustomResourceDefinitionNames:
    """What the kind is called."""

    plural: str = wire(required=True, emit="always")
    """The name in paths: lower case, plural."""
    singular: str = ""
    """The name of one object: lower case. By default the kind in lower case."""
    short_names: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Short names for the command line."""
    kind: str = wire(required=True, emit="always")
    """The name in objects: CamelCase, singular."""
    list_kind: str = ""
    """The name in lists. By default the kind and ``List``."""
    categories: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Groups that the kind belongs to, such as ``all``."""


@model
class CustomResourceColumnDefinition:
    """A column that ``kubectl get`` prints."""

    name: str = wire(required=True)
    """What stands above it."""
    type: str = wire(required=True)
    """``string``, ``integer``, ``number``, ``boolean`` or ``date``."""
    format: str = ""
    """How clients may write it."""
    description: str = ""
    """What it shows."""
    priority: int = wire(default=0, format="int32")
    """0 is always shown, more only where there is room."""
    json_path: str = wire(required=True)
    """Where the value is, such as ``.spec.size``."""


@model
class CustomResourceSubresourceStatus:
    """The object has a status that is written apart."""


@model
class CustomResourceSubresourceScale:
    """Where the ``scale`` subresource finds its numbers."""

    spec_replicas_path: str = wire(required=True)
    """The wanted number, below ``.spec``."""
    status_replicas_path: str = wire(required=True)
    """The present number, below ``.status``."""
    label_selector_path: str | None = wire(default=None, keep_zero=True)
    """The selector of what is counted, as text, below ``.spec`` or ``.status``."""


@model
class CustomResourceSubresources:
    """What is below an object's own path."""

    status: CustomResourceSubresourceStatus | None = None
    """The status is written by a path of its own, and only there."""
    scale: CustomResourceSubresourceScale | None = None
    """The object can be scaled like a Deployment."""


@model
class CustomResourceValidation:
    """What objects look like."""

    open_api_v3_schema: RawJson = wire(default=None, name="openAPIV3Schema", loose=PROPS)
    """The schema of the objects: everything that may be in one."""


@model
class SelectableField:
    """A field that lists can be narrowed by."""

    json_path: str = wire(required=True)
    """Where it is, such as ``.spec.colour``: a text, number or truth value."""


@model
class CustomResourceDefinitionVersion:
    """One version of the kind."""

    name: str = wire(required=True)
    """``v1``, ``v1beta1`` and the like."""
    served: bool = wire(required=True, emit="always")
    """Whether it can be asked for."""
    storage: bool = wire(required=True, emit="always")
    """Whether objects are stored in it; exactly one version is."""
    deprecated: bool = False
    """Who uses it is warned."""
    deprecation_warning: str | None = wire(default=None, keep_zero=True)
    """What the warning says."""
    schema: CustomResourceValidation | None = None
    """What objects look like in this version."""
    subresources: CustomResourceSubresources | None = None
    """What is below an object's own path."""
    additional_printer_columns: tuple[CustomResourceColumnDefinition, ...] = wire(default=(), list_type="atomic")
    """The columns that ``kubectl get`` prints."""
    selectable_fields: tuple[SelectableField, ...] = wire(default=(), list_type="atomic")
    """Fields that lists can be narrowed by."""


@model
class CustomResourceDefinitionSpec:
    """The kind: its names, scope and versions."""

    group: str = wire(required=True)
    """The API group. The definition is named ``PLURAL.GROUP``."""
    names: CustomResourceDefinitionNames = wire(required=True, emit="always")
    """What it is called."""
    scope: str = wire(required=True)
    """``Namespaced`` or ``Cluster``."""
    versions: tuple[CustomResourceDefinitionVersion, ...] = wire(default=(), required=True, list_type="atomic")
    """All versions, served or stored."""
    conversion: CustomResourceConversion | None = None
    """How objects are converted between versions."""
    preserve_unknown_fields: bool = False
    """Only false is allowed: use ``x-kubernetes-preserve-unknown-fields`` in the schema."""


@model
class CustomResourceDefinitionCondition:
    """One thing that is so with a definition, or not."""

    type: str = wire(required=True, emit="always")
    """``Established``, ``NamesAccepted``, ``NonStructuralSchema``, ``KubernetesAPIApprovalPolicyConformant`` or
    ``Terminating``."""
    status: str = wire(required=True, emit="always")
    """``True``, ``False`` or ``Unknown``."""
    observed_generation: int = wire(default=0, format="int64")
    """The generation of the definition that this was said of."""
    last_transition_time: datetime | None = None
    """When the status last changed."""
    reason: str = ""
    """One word on why."""
    message: str = ""
    """A sentence on why."""


@model
class CustomResourceDefinitionStatus:
    """What has become of the definition."""

    conditions: tuple[CustomResourceDefinitionCondition, ...] = wire(
        default=(), emit="null", list_type="map", map_keys=("type",)
    )
    """What is so with it."""
    accepted_names: CustomResourceDefinitionNames = wire(
        default=CustomResourceDefinitionNames(plural="", kind=""), emit="always"
    )
    """The names that the kind is served by. They may differ from those wanted, where others have them."""
    stored_versions: tuple[str, ...] = wire(default=(), emit="null", list_type="atomic")
    """All versions in which objects have ever been stored."""
    observed_generation: int = wire(default=0, format="int64")
    """The generation that was acted upon."""


@kind(
    "apiextensions.k8s.io/v1",
    plural="customresourcedefinitions",
    unconditional_update=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    namespaced=False,
    has_status=True,
    has_generation=True,
    rules=DefinitionRules(),
)
@model
class CustomResourceDefinition(KubeObject):
    """A kind that is served like a built-in one as long as this object exists."""

    spec: CustomResourceDefinitionSpec = wire(required=True, emit="always")
    """The kind: its names, scope and versions."""
    status: CustomResourceDefinitionStatus = wire(default=CustomResourceDefinitionStatus(), emit="always")
    """What has become of it."""
