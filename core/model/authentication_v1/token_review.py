"""TokenReview: whose token is this?"""

from __future__ import annotations

from sampan.core.model.authentication_v1.user_info import UserInfo
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.authentication_v1.token_review import validate_token_review
from sampan.core.model.rules.common.reviews import ReviewRules
from sampan.core.model.storage import Posted


@model
class TokenReviewSpec:
    """The token that is asked about."""

    token: str | None = wire(default=None, required=True)
    """The token, as a client sent it."""
    audiences: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Whom it must be meant for: at least one of these must be among its own. Defaults to the API server."""


@model
class TokenReviewStatus:
    """Whose token it is."""

    authenticated: bool = False
    """Whether the token is good."""
    user: UserInfo = wire(default=UserInfo(), emit="always")
    """Whose token it is, where it is good."""
    audiences: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Which of the audiences asked about the token is meant for. Empty where the authenticator knows of none."""
    error: str | None = None
    """Why the token could not be checked."""


@kind(
    "authentication.k8s.io/v1",
    plural="tokenreviews",
    namespaced=False,
    verbs=("create",),
    rules=ReviewRules(),
    storage=Posted(answer="token-review"),
)
@model
class TokenReview(KubeObject):
    """Asks whose token this is. It is answered at once and not stored."""

    spec: TokenReviewSpec = wire(required=True, emit="always")
    """The token that is asked about."""
    status: TokenReviewStatus = wire(default=TokenReviewStatus(), emit="always")
    """Whose token it is. Filled in by the server."""


struct_rules(TokenReview, whole=True)(validate_token_review)
