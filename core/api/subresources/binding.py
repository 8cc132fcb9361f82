"""``binding``: a scheduler's decision, posted below the pod or to the namespace's ``bindings``."""

from __future__ import annotations

import attrs

from sampan.core.api.catalog import Served
from sampan.core.api.operations.bind import bind
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.options import write_options
from sampan.core.api.request import Request
from sampan.core.api.subresources.bodies import created, read_object
from sampan.core.api.subresources.contract import Plain
from sampan.core.model.builtin import Binding
from sampan.core.model.causes import not_supported, required
from sampan.core.schema.refusal import invalid_object
from sampan.core.schema.resource import resource_of

BINDING = resource_of(Binding)
CREATE = frozenset({"create"})


@attrs.define(eq=False)
class BindingSubresource(Plain):
    pipeline: Pipeline

    def belongs(self, served: Served) -> bool:
        return "binding" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return CREATE

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("", "", "Binding")

    async def serve(self, request: Request, call: Call) -> None:
        await _bind(self.pipeline, request, call)


async def post_binding(pipeline: Pipeline, request: Request, call: Call) -> None:
    """``POST …/bindings``, the one kind that is only posted: the body's own name says which pod."""
    pods = pipeline.catalog.find("", "v1", "pods")
    assert pods is not None, "pods are served"
    await _bind(pipeline, request, attrs.evolve(call, served=pods, subresource="binding"))


async def _bind(pipeline: Pipeline, request: Request, call: Call) -> None:
    options = write_options(request.query, "CreateOptions")
    wanted = await read_object(request, call, BINDING, options.field_validation)
    target, meta = wanted.get("target", {}), wanted["metadata"]
    name = call.name or meta.get("name", "")
    check_target(name, target.get("kind", ""), target.get("name", ""))
    named = attrs.evolve(call, name=name)
    await bind(pipeline, named, target["name"], uid=meta.get("uid", ""), metadata=meta, options=options)
    await request.answer(created(), 201)


def check_target(name: str, kind: str, node: str) -> None:
    """Raises `Invalid` for a target that is no node."""
    causes = []
    if kind not in ("", "Node"):
        causes.append(not_supported("target.kind", kind, ("Node", "<empty>")))
    if not node:
        causes.append(required("target.name"))
    if causes:
        raise invalid_object(BINDING, name, causes)
