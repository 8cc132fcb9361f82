"""A server's ``Status`` body back into the error that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.errors import BY_REASON, ApiError, Cause, NotFound


class OtherApiError(ApiError):
    """A failure whose reason is not one of Kubernetes' usual ones: only its code tells what it is."""

    def __init__(self, message: str, code: int, reason: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]
        self.reason = reason  # type: ignore[misc]


def error_of(code: int, body: object) -> ApiError:
    """``body`` is the decoded answer, whatever it is."""
    if not isinstance(body, Mapping) or body.get("kind") != "Status":
        text = " ".join(str(body).split())[:200]
        if code == NotFound.code:
            return NotFound(f"the server does not serve this: {text}")
        return OtherApiError(f"the server answered {code}: {text or 'nothing'}", code, "")
    reason = str(body.get("reason", ""))
    message = str(body.get("message", "")) or f"the server answered {code}"
    known = BY_REASON.get(reason)
    if known is None:
        return OtherApiError(message, code, reason)
    details: Mapping[str, Any] = body.get("details") or {}
    causes = [
        Cause(cause.get("reason", ""), cause.get("message", ""), cause.get("field", ""))
        for cause in details.get("causes") or []
    ]
    return known(
        message,
        kind=details.get("kind", ""),
        name=details.get("name", ""),
        group=details.get("group", ""),
        uid=details.get("uid", ""),
        causes=causes,
        retry_after=details.get("retryAfterSeconds", 0),
    )
