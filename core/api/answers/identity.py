"""Reviews of identity: whose token is this, and who am I.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sampan.core.api.operations.pipeline import Call, MutableWire, Pipeline
from sampan.core.contracts.access import ANONYMOUS, Credentials, User
from sampan.core.errors import BadRequest, Unauthorized
from sampan.core.model.causes import quoted

INVALID: Final = "invalid bearer token"


async def review_token(pipeline: Pipeline, call: Call, review: MutableWire) -> dict[str, Any]:
    """The user of a token, and for which of the wanted audiences it is good."""
    spec = review.get("spec") or {}
    if not spec.get("token"):
        raise BadRequest("token is required for TokenReview in authentication")
    wanted = tuple(spec.get("audiences") or ())
    try:
        user = await pipeline.gates.authenticate(Credentials(token=spec["token"], audiences=wanted))
    except Unauthorized:
        return {"user": {}, "error": _refusal(pipeline, spec["token"], wanted)}
    # Who knows nothing of audiences has let the token in here: it is good for this server.
    own = user.audiences or tuple(each for each in wanted if each in pipeline.tokens.audiences)
    if user.name == ANONYMOUS or (wanted and not own):
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": user_info(user), "audiences": list(own or pipeline.tokens.audiences)}


def _refusal(pipeline: Pipeline, token: str, wanted: Sequence[str]) -> str:
    """What is wrong with a token: that it is for others is told."""
    claims = pipeline.tokens.read(token)
    target = wanted or pipeline.tokens.audiences
    if claims is None or not set(claims["aud"]).isdisjoint(target):
        return INVALID
    return (
        f"[{INVALID}, token audiences {_listed(claims['aud'])} is invalid for the target audiences {_listed(target)}]"
    )


def _listed(texts: Sequence[str]) -> str:
    """A list of texts as Go prints it."""
    return f"[{' '.join(map(quoted, texts))}]"


async def review_self(pipeline: Pipeline, call: Call, review: MutableWire) -> dict[str, Any]:
    return {"userInfo": user_info(call.user)}


def user_info(user: User) -> dict[str, Any]:
    info = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra.items()},
    }
    return {key: value for key, value in info.items() if value}
