"""TokenRequest: a new token for a ServiceAccount."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.authentication_v1.token_request import TokenRequestRules, validate_token_request


@model
class BoundObjectReference:
    """An object that the token dies with."""

    kind: str | None = None
    """The object's kind: ``Pod``, ``Secret`` or ``Node``."""
    api_version: str | None = None
    """Group and version of the object's kind, such as ``v1``."""
    name: str | None = None
    """The object's name."""
    uid: str | None = None
    """The object's UID, where this very object is meant."""


@model
class TokenRequestSpec:
    """The token that is wanted."""

    audiences: tuple[str, ...] = wire(default=(), emit="null", list_type="atomic")
    """Whom the token is meant for. Empty means the API server."""
    expiration_seconds: int | None = wire(default=None, format="int64", emit="null", api_default=3600)
    """How long the token should be valid, at least 600 seconds. Defaults to an hour; it may be shortened."""
    bound_object_ref: BoundObjectReference | None = wire(default=None, emit="null")
    """An object that the token dies with. It is in the account's namespace."""


@model
class TokenRequestStatus:
    """The token that was made."""

    token: str = wire(default="", emit="always")
    """The token itself."""
    expiration_timestamp: datetime | None = wire(default=None, emit="null")
    """When the token ends."""


@kind(
    "authentication.k8s.io/v1",
    plural="tokenrequests",
    verbs=(),
    rules=TokenRequestRules(),
)
@model
class TokenRequest(KubeObject):
    """Asks for a token of a ServiceAccount. The body of its ``token`` subresource."""

    spec: TokenRequestSpec = wire(emit="always")
    """The token that is wanted."""
    status: TokenRequestStatus = wire(default=TokenRequestStatus(), emit="always")
    """The token that was made. Filled in by the server."""


struct_rules(TokenRequest, whole=True)(validate_token_request)
