"""``binding``: a scheduler's decision, posted below the pod."""

from __future__ import annotations

from sampan.core.api.catalog import Served
from sampan.core.api.operations.bind import BINDING, bind_as_told
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.options import write_options
from sampan.core.api.request import Request
from sampan.core.api.subresources.bodies import created, read_object
from sampan.core.api.subresources.contract import Plain
from sampan.core.classes import define

CREATE = frozenset({"create"})


@define(eq=False)
class BindingSubresource(Plain):
    pipeline: Pipeline

    def belongs(self, served: Served) -> bool:
        return "binding" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return CREATE

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("", "", "Binding")

    async def serve(self, request: Request, call: Call) -> None:
        options = write_options(request.query, "CreateOptions")
        wanted = await read_object(request, call, BINDING, options.field_validation)
        await bind_as_told(self.pipeline, call, wanted, options)
        await request.answer(created(), 201)
