"""MutatingWebhookConfiguration and ValidatingWebhookConfiguration: servers that are asked about writes."""

from __future__ import annotations

from sampan.core.model.admissionregistration_v1.matching import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    MatchCondition,
    RuleWithOperations,
)
from sampan.core.model.columns.admissionregistration_v1.columns import WEBHOOK_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.admissionregistration_v1.webhooks import (
    WebhookConfigurationRules,
    validate_mutating,
    validate_validating,
)

SIDE_EFFECTS = ("None", "NoneOnDryRun", "Some", "Unknown")


@model
class ServiceReference:
    """A Service that a webhook is reached by."""

    namespace: str = wire(required=True, emit="always")
    """The Service's namespace."""
    name: str = wire(required=True, emit="always")
    """The Service's name."""
    path: str | None = None
    """The path of the request."""
    port: int | None = wire(default=None, format="int32", api_default=443)
    """The Service's port."""


@model
class WebhookClientConfig:
    """How a webhook is reached: by ``url`` or by ``service``."""

    url: str | None = wire(default=None, keep_zero=True)
    """The address (``https://host:port/path``), without user, query or fragment."""
    service: ServiceReference | None = None
    """A Service of this cluster."""
    ca_bundle: bytes | None = None
    """Certificates (PEM) that the webhook's own is checked with. Left out, those that the host trusts."""


@model
class _Webhook:
    """What both kinds of webhook have."""

    name: str = wire(required=True, emit="always")
    """A domain name (``policy.example.com``) that tells the webhook from the others of its configuration."""
    client_config: WebhookClientConfig = wire(default=WebhookClientConfig(), required=True, emit="always")
    """How it is reached."""
    rules: tuple[RuleWithOperations, ...] = wire(default=(), list_type="atomic")
    """Which requests it is asked about; one that matches is enough."""
    failure_policy: str | None = wire(default=None, enum=FAILURE_POLICIES, api_default="Fail", keep_zero=True)
    """What becomes of a request where the webhook cannot be asked: ``Fail`` (the default) or ``Ignore``."""
    match_policy: str | None = wire(default=None, enum=MATCH_POLICIES, api_default="Equivalent", keep_zero=True)
    """``Equivalent`` (the default): a rule about a resource holds for it in its other groups and versions too. ``Exact``:
    it does not.
    """
    namespace_selector: LabelSelector | None = wire(default=None, api_default={})
    """Labels of the namespace that the object is in, or that it is. Objects of no namespace always match."""
    object_selector: LabelSelector | None = wire(default=None, api_default={})
    """Labels of the object or of its old state."""
    side_effects: str | None = wire(default=None, required=True, enum=SIDE_EFFECTS, keep_zero=True)
    """Whether the webhook does something besides answering: ``None``, or ``NoneOnDryRun``."""
    timeout_seconds: int | None = wire(default=None, format="int32", api_default=10)
    """Seconds that the webhook may take, 1 to 30."""
    admission_review_versions: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """Versions of ``AdmissionReview`` that the webhook understands, the best first."""
    match_conditions: tuple[MatchCondition, ...] = keyed("name")
    """Further conditions on a request, at most 64: all must hold."""


@model
class ValidatingWebhook(_Webhook):
    """A server that is asked whether a write may be."""


@model
class MutatingWebhook(_Webhook):
    """A server that is asked whether a write may be, and what it should be."""

    reinvocation_policy: str | None = wire(
        default=None, enum=("IfNeeded", "Never"), api_default="Never", keep_zero=True
    )
    """``IfNeeded``: it is asked once more where a later webhook has changed the object. ``Never`` is the default."""


@kind(
    "admissionregistration.k8s.io/v1",
    plural="mutatingwebhookconfigurations",
    unconditional_update=False,
    namespaced=False,
    categories=("api-extensions",),
    has_generation=True,
    columns=WEBHOOK_COLUMNS,
    rules=WebhookConfigurationRules(),
)
@model
class MutatingWebhookConfiguration(KubeObject):
    """Webhooks that may change what is written."""

    webhooks: tuple[MutatingWebhook, ...] = keyed("name")
    """The webhooks, asked in the order of their configurations' names and then of this list."""


@kind(
    "admissionregistration.k8s.io/v1",
    plural="validatingwebhookconfigurations",
    unconditional_update=False,
    namespaced=False,
    categories=("api-extensions",),
    has_generation=True,
    columns=WEBHOOK_COLUMNS,
    rules=WebhookConfigurationRules(),
)
@model
class ValidatingWebhookConfiguration(KubeObject):
    """Webhooks that may refuse what is written."""

    webhooks: tuple[ValidatingWebhook, ...] = keyed("name")
    """The webhooks, asked side by side."""


struct_rules(MutatingWebhookConfiguration, whole=True)(validate_mutating)
struct_rules(ValidatingWebhookConfiguration, whole=True)(validate_validating)
