"""ResourceClaimTemplate: claims that are made for each pod."""

from __future__ import annotations

from sampan.core.model.columns.resource_v1.resource_claim_template import RESOURCE_CLAIM_TEMPLATE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.resource_v1.resource_claim_spec import ResourceClaimSpec
from sampan.core.model.rules.resource_v1.resource_claim_template import (
    ResourceClaimTemplateRules,
    validate_resource_claim_template,
)


@model
class ResourceClaimTemplateSpec:
    """The claims to be made."""

    metadata: ObjectMeta = wire(default=ObjectMeta(), emit="always")
    """Labels and annotations of the claims."""
    spec: ResourceClaimSpec = wire(required=True, emit="always")
    """What the claims ask for."""


@kind(
    "resource.k8s.io/v1",
    plural="resourceclaimtemplates",
    columns=RESOURCE_CLAIM_TEMPLATE_COLUMNS,
    rules=ResourceClaimTemplateRules(),
    delete_answers_object=True,
    without_effect="no devices are given out",
)
@model
class ResourceClaimTemplate(KubeObject):
    """A ResourceClaim for every pod that refers to the template."""

    spec: ResourceClaimTemplateSpec = wire(required=True, emit="always")
    """The claims to be made. Immutable."""


struct_rules(ResourceClaimTemplate, whole=True)(validate_resource_claim_template)
