"""What the router asks of a subresource."""

from __future__ import annotations

from typing import Protocol

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call
from sampan.core.api.problems import NoMethod
from sampan.core.api.request import Request


class Subresource(Protocol):
    """One per name and server. ``serve`` answers HTTP, ``connect`` a WebSocket."""

    def belongs(self, served: Served) -> bool:
        """Whether the kind has it."""
        ...

    def verbs(self, served: Served) -> frozenset[str]:
        """Of ``get create update patch delete``."""
        ...

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        """Group, version and kind of what is sent and answered; group and version are empty for the kind's own."""
        ...

    async def serve(self, request: Request, call: Call) -> None: ...

    async def connect(self, request: Request, call: Call) -> None: ...


class Plain:
    """A subresource without WebSocket, whose bodies are the kind's own objects."""

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("", "", served.info.kind)

    async def connect(self, request: Request, call: Call) -> None:
        raise NoMethod
