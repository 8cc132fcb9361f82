"""Refusals of the HTTP layer itself, in the words and shapes that Kubernetes' clients tell apart.

A path or method without a route is answered by Kubernetes' router, whose ``Status`` has empty ``details``; kubectl and
client-go read that as "no such resource here", where a `NotFound` with details means "no such object".
"""

from __future__ import annotations

from typing import Any

from sampan.core.errors import ApiError, MethodNotAllowed, NotAcceptable, NotFound, UnsupportedMediaType


class _Routing(ApiError):
    """An answer of the router: ``details`` is there, and empty."""

    def to_status(self) -> dict[str, Any]:
        status = super().to_status()
        code = status.pop("code")
        return {**status, "details": {}, "code": code}


class NoRoute(_Routing, NotFound):
    def __init__(self) -> None:
        super().__init__("the server could not find the requested resource")


class NoMethod(_Routing, MethodNotAllowed):
    def __init__(self) -> None:
        super().__init__("the server does not allow this method on the requested resource")


class NoProducer(_Routing, NotAcceptable):
    """No representation that the client's ``Accept`` names."""

    def __init__(self, offered: str) -> None:
        super().__init__(f"406: Not Acceptable\n\nAvailable representations: {offered}")


class NoConsumer(_Routing, UnsupportedMediaType):
    """A PATCH in a format that there is not."""

    def __init__(self) -> None:
        super().__init__("415: Unsupported Media Type")


class PageNotFound(NotFound):
    """A path outside the API: answered as plain text, as Go's HTTP server does."""

    def __init__(self) -> None:
        super().__init__("404 page not found")


class PlainRefusal(ApiError):
    """What a node says instead of a stream: as plain text, which kubectl shows behind "unable to upgrade connection"."""

    reason = ""


class NoCommonProtocol(PlainRefusal):
    code = 403
