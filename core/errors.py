"""The one vocabulary of errors, each shaped so that the API server can answer it as a Kubernetes ``Status``.

Every layer raises these; drivers translate their SDK's errors at the boundary (``raise NotFound(...) from exc``).
The HTTP codes and reasons are those of Kubernetes' ``metav1.StatusReason``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sampan.core.classes import frozen


@frozen
class Cause:
    """One thing that is wrong with an object, as in ``Status.details.causes``.

    ``reason`` is one of Kubernetes' ``FieldValue…`` words, ``field`` the full wire path (``spec.ports[0].name``).
    ``place`` is that path where Kubernetes names no field.
    """

    reason: str
    message: str
    field: str
    place: str = ""

    def to_wire(self) -> dict[str, str]:
        cause = {"reason": self.reason, "message": self.message, "field": self.field}
        return {key: text for key, text in cause.items() if text}


class Tolerated(Cause):
    """Something wrong that an update leaves as it was: who writes is told, and not refused."""


class SampanError(Exception):
    """Any failure that a user may see: one clear sentence, never a traceback."""


def unexpected(exc: BaseException) -> str:
    """A failure in a sentence: its own where it was meant for users, else with its type."""
    return str(exc) if isinstance(exc, SampanError) else f"unexpected {type(exc).__name__}: {exc}"


class ApiError(SampanError):
    """A failure with a place in the API: an HTTP code, a ``StatusReason`` and optional details."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        kind: str = "",
        name: str = "",
        group: str = "",
        uid: str = "",
        causes: Sequence[Cause] = (),
        retry_after: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.name = name
        self.group = group
        self.uid = uid
        self.causes = tuple(causes)
        self.retry_after = retry_after

    def details(self) -> dict[str, Any]:
        """``Status.details``: empty where there is nothing to say."""
        details: dict[str, Any] = {
            "name": self.name,
            "group": self.group,
            "kind": self.kind,
            "uid": self.uid,
            "causes": [cause.to_wire() for cause in self.causes],
            "retryAfterSeconds": self.retry_after,
        }
        return {key: value for key, value in details.items() if value}

    def to_status(self) -> dict[str, Any]:
        """The error as a Kubernetes ``Status`` body."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if details := self.details():
            status["details"] = details
        return status | {"code": self.code}


class BadRequest(ApiError):
    code = 400
    reason = "BadRequest"


class Unauthorized(ApiError):
    code = 401
    reason = "Unauthorized"


class Forbidden(ApiError):
    code = 403
    reason = "Forbidden"


class NotFound(ApiError):
    code = 404
    reason = "NotFound"


class MethodNotAllowed(ApiError):
    code = 405
    reason = "MethodNotAllowed"


class NotAcceptable(ApiError):
    code = 406
    reason = "NotAcceptable"


class AlreadyExists(ApiError):
    code = 409
    reason = "AlreadyExists"


class Conflict(ApiError):
    code = 409
    reason = "Conflict"


class Expired(ApiError):
    """A resourceVersion or continue token that compaction has passed (Kubernetes' ``Expired``; 410)."""

    code = 410
    reason = "Expired"


class Gone(ApiError):
    code = 410
    reason = "Gone"


class TooLarge(ApiError):
    code = 413
    reason = "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code = 415
    reason = "UnsupportedMediaType"


class Invalid(ApiError):
    """An object that breaks its kind's rules: all causes at once."""

    code = 422
    reason = "Invalid"


class TooManyRequests(ApiError):
    code = 429
    reason = "TooManyRequests"


class InternalError(ApiError):
    """A request that Kubernetes answers with 500 (and a bug of ours, once it is logged)."""

    @classmethod
    def because(cls, said: str) -> InternalError:
        """In Kubernetes' words and form."""
        return cls(f"Internal error occurred: {said}", causes=[Cause("", said, "")])


class Unclassified(ApiError):
    """What Kubernetes answers with 500 and no reason."""

    reason = ""


class ServiceUnavailable(ApiError):
    code = 503
    reason = "ServiceUnavailable"


class Timeout(ApiError):
    code = 504
    reason = "Timeout"


class StorageReadError(ApiError):
    """What is stored of an object cannot be read any more; it can only be deleted."""

    code = 500
    reason = "StorageReadError"


class InsufficientStorage(ApiError):
    """The disk under the store is full: nothing was written."""

    code = 507
    reason = "InsufficientStorage"


BY_REASON: Mapping[str, type[ApiError]] = {
    error.reason: error
    for error in (
        BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, NotAcceptable, AlreadyExists, Conflict,
        Expired, Gone, TooLarge, UnsupportedMediaType, Invalid, TooManyRequests, ServiceUnavailable, Timeout,
        InsufficientStorage,
    )
}  # fmt: skip
"""For clients: the class that a ``Status.reason`` stands for."""


class Retry(SampanError):
    """Try again after ``after`` seconds: the state is not there yet, nothing is wrong."""

    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after


class Permanent(SampanError):
    """Trying again cannot help: say it once and stop."""


class ConfigError(SampanError):
    """Something the user chose cannot be: the message says what to do instead. The CLI exits with 1."""
