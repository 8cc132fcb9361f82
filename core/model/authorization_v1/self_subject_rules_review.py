"""SelfSubjectRulesReview: what may I do?"""

from __future__ import annotations

from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.common.reviews import ReviewRules
from sampan.core.model.rules.common.unchecked import no_further_checks
from sampan.core.model.storage import Posted


@model
class ResourceRule:
    """Actions on objects that are allowed."""

    verbs: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """What may be done; ``*`` is everything."""
    api_groups: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The API groups of the resources; ``*`` is every group."""
    resources: tuple[str, ...] = wire(default=(), list_type="atomic")
    """What it may be done to; ``*`` is all of the groups, ``*/foo`` the subresource ``foo`` of all."""
    resource_names: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The objects that it may be done to. Empty means all."""


@model
class NonResourceRule:
    """Paths that are allowed."""

    verbs: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The HTTP methods in small letters; ``*`` is every method."""
    non_resource_ur_ls: tuple[str, ...] = wire(default=(), name="nonResourceURLs", list_type="atomic")
    """The paths; a ``*`` at the end stands for all that begin so."""


@model
class SubjectRulesReviewStatus:
    """What is allowed."""

    resource_rules: tuple[ResourceRule, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The objects that something may be done to. In no particular order, perhaps repeatedly."""
    non_resource_rules: tuple[NonResourceRule, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The paths that something may be done to. In no particular order, perhaps repeatedly."""
    incomplete: bool = wire(default=False, required=True, emit="always")
    """Whether there may be more, because an authorizer cannot list what it allows."""
    evaluation_error: str | None = None
    """What went wrong while rights were listed. The lists may be incomplete then."""


@model
class SelfSubjectRulesReviewSpec:
    """Where one wants to do something."""

    namespace: str | None = None
    """The namespace that is asked about."""


@kind(
    "authorization.k8s.io/v1",
    plural="selfsubjectrulesreviews",
    namespaced=False,
    verbs=("create",),
    rules=ReviewRules(),
    storage=Posted(answer="self-subject-rules-review"),
)
@model
class SelfSubjectRulesReview(KubeObject):
    """Asks for all that one may do in a namespace. For user interfaces, not for decisions."""

    spec: SelfSubjectRulesReviewSpec = wire(required=True, emit="always")
    """Where one wants to do something."""
    status: SubjectRulesReviewStatus = wire(default=SubjectRulesReviewStatus(), emit="always")
    """What is allowed. Filled in by the server."""


struct_rules(SelfSubjectRulesReview, whole=True)(no_further_checks)
