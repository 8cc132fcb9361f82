"""``status`` (every kind that has one), and the other parts of an object that are written through a path of their own."""

from __future__ import annotations

from typing import Final

from sampan.core.api.catalog import Served
from sampan.core.api.handlers import Handlers
from sampan.core.api.operations.pipeline import Call
from sampan.core.api.request import Request
from sampan.core.api.subresources.contract import Plain
from sampan.core.classes import define

READ_AND_WRITE: Final = frozenset({"get", "patch", "update"})
WRITE: Final = frozenset({"update"})


@define(eq=False)
class Part(Plain):
    """The same object under another path: what a write of it may change is for the kind's ``prepare_update``."""

    name: str
    handlers: Handlers
    allowed: frozenset[str] = READ_AND_WRITE

    def belongs(self, served: Served) -> bool:
        return served.info.has_status if self.name == "status" else self.name in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return self.allowed

    async def serve(self, request: Request, call: Call) -> None:
        if call.verb == "get":
            await self.handlers.get(request, call)
        elif call.verb == "patch":
            await self.handlers.patch(request, call)
        else:
            await self.handlers.update(request, call)
