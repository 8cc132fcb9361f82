"""``POST …/bindings``: a scheduler's decision, posted to the namespace instead of below its pod."""

from __future__ import annotations

import attrs

from sampan.core.api.operations.bind import bind_as_told
from sampan.core.api.operations.pipeline import Call, MutableWire, Outcome, Pipeline
from sampan.core.api.options import WriteOptions
from sampan.core.api.subresources.bodies import check_place, created
from sampan.core.schema.default import apply_defaults


async def answer_binding(pipeline: Pipeline, call: Call, obj: MutableWire, options: WriteOptions) -> Outcome:
    pods = pipeline.catalog.find("", "v1", "pods")
    assert pods is not None, "pods are served"
    apply_defaults(call.served.resource.struct, obj)
    check_place(call, obj)
    await bind_as_told(pipeline, attrs.evolve(call, served=pods, subresource="binding"), obj, options)
    return Outcome(code=201, status=created())
