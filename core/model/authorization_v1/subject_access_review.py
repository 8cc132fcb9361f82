"""SubjectAccessReviews: may somebody do this?"""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.authorization_v1.attributes import NonResourceAttributes, ResourceAttributes
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.authorization_v1.subject_access_review import (
    validate_local_subject_access_review,
    validate_self_subject_access_review,
    validate_subject_access_review,
)
from sampan.core.model.rules.common.reviews import ReviewRules
from sampan.core.model.storage import Posted


@model
class SubjectAccessReviewSpec:
    """Who wants to do what. Exactly one of both attributes is given."""

    resource_attributes: ResourceAttributes | None = None
    """Something that is done to objects."""
    non_resource_attributes: NonResourceAttributes | None = None
    """Something that is done to a path that is no resource."""
    user: str | None = None
    """The user who is asked about. Without ``groups`` it means the user without any group."""
    groups: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The groups of the user."""
    extra: Mapping[str, tuple[str, ...]] = EMPTY
    """Further attributes of the user, as an authenticator gave them."""
    uid: str | None = None
    """The UID of the user."""


@model
class SubjectAccessReviewStatus:
    """Whether it is allowed."""

    allowed: bool = wire(default=False, required=True, emit="always")
    """Whether it is allowed."""
    denied: bool = False
    """Whether it is denied outright, so that nobody else need be asked. Never together with ``allowed``."""
    reason: str | None = None
    """Why it is or is not allowed."""
    evaluation_error: str | None = None
    """What went wrong while rights were looked at. The answer may be right all the same."""


@kind(
    "authorization.k8s.io/v1",
    plural="subjectaccessreviews",
    namespaced=False,
    verbs=("create",),
    rules=ReviewRules(),
    storage=Posted(answer="subject-access-review"),
)
@model
class SubjectAccessReview(KubeObject):
    """Asks whether somebody may do something. It is answered at once and not stored."""

    spec: SubjectAccessReviewSpec = wire(required=True, emit="always")
    """Who wants to do what."""
    status: SubjectAccessReviewStatus = wire(default=SubjectAccessReviewStatus(), emit="always")
    """Whether it is allowed. Filled in by the server."""


@kind(
    "authorization.k8s.io/v1",
    plural="localsubjectaccessreviews",
    verbs=("create",),
    rules=ReviewRules(),
    storage=Posted(answer="local-subject-access-review"),
)
@model
class LocalSubjectAccessReview(KubeObject):
    """Asks whether somebody may do something in one namespace. Rights to ask can be given for the namespace."""

    spec: SubjectAccessReviewSpec = wire(required=True, emit="always")
    """Who wants to do what, in the namespace of the review itself."""
    status: SubjectAccessReviewStatus = wire(default=SubjectAccessReviewStatus(), emit="always")
    """Whether it is allowed. Filled in by the server."""


@model
class SelfSubjectAccessReviewSpec:
    """What one wants to do. Exactly one of both is given."""

    resource_attributes: ResourceAttributes | None = None
    """Something that is done to objects."""
    non_resource_attributes: NonResourceAttributes | None = None
    """Something that is done to a path that is no resource."""


@kind(
    "authorization.k8s.io/v1",
    plural="selfsubjectaccessreviews",
    namespaced=False,
    verbs=("create",),
    rules=ReviewRules(),
    storage=Posted(answer="self-subject-access-review"),
)
@model
class SelfSubjectAccessReview(KubeObject):
    """Asks whether one may do something oneself, which everybody may ask."""

    spec: SelfSubjectAccessReviewSpec = wire(required=True, emit="always")
    """What one wants to do."""
    status: SubjectAccessReviewStatus = wire(default=SubjectAccessReviewStatus(), emit="always")
    """Whether it is allowed. Filled in by the server."""


struct_rules(SubjectAccessReview, whole=True)(validate_subject_access_review)
struct_rules(LocalSubjectAccessReview, whole=True)(validate_local_subject_access_review)
struct_rules(SelfSubjectAccessReview, whole=True)(validate_self_subject_access_review)
