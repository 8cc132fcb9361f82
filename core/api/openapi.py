"""The OpenAPI documents over HTTP."""

from __future__ import annotations

import attrs

from sampan.core.api.catalog import Catalog
from sampan.core.api.problems import PageNotFound
from sampan.core.api.request import Request


@attrs.define(eq=False)
class OpenApi:
    catalog: Catalog
    subresources: object

    async def serve(self, request: Request, segments: tuple[str, ...]) -> None:
        raise PageNotFound
