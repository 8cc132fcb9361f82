"""SelfSubjectReview: who am I?"""

from __future__ import annotations

from sampan.core.model.authentication_v1.user_info import UserInfo
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.common.reviews import ReviewRules
from sampan.core.model.rules.common.unchecked import no_further_checks
from sampan.core.model.storage import Posted


@model
class SelfSubjectReviewStatus:
    """Who asked."""

    user_info: UserInfo = wire(default=UserInfo(), emit="always")
    """Who asked, as the API server sees it."""


@kind(
    "authentication.k8s.io/v1",
    plural="selfsubjectreviews",
    namespaced=False,
    verbs=("create",),
    rules=ReviewRules(),
    storage=Posted(answer="self-subject-review"),
)
@model
class SelfSubjectReview(KubeObject):
    """Asks who one is oneself. It is answered at once and not stored."""

    status: SelfSubjectReviewStatus = wire(default=SelfSubjectReviewStatus(), emit="always")
    """Who asked. Filled in by the server."""


struct_rules(SelfSubjectReview, whole=True)(no_further_checks)
