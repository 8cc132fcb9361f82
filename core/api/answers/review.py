"""The usual way of a posted object (a review): checked like a new object, answered in its status, kept nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sampan.core.api.operations import metadata
from sampan.core.api.operations.admission import mutate
from sampan.core.api.operations.create import fill_defaults
from sampan.core.api.operations.managed import Writer, track
from sampan.core.api.operations.pipeline import Call, MutableWire, Outcome, Pipeline
from sampan.core.api.options import WriteOptions
from sampan.core.api.storage import Answer
from sampan.core.errors import Cause, Invalid
from sampan.core.schema.refusal import aggregate
from sampan.core.schema.resource import Resource
from sampan.core.schema.scalars import format_time
from sampan.core.schema.validate import validate

Decide = Callable[[Pipeline, Call, MutableWire], Awaitable[dict[str, Any]]]
"""The status that answers a review."""


Metadata = Callable[[Pipeline], dict[str, Any]]


def nothing(pipeline: Pipeline) -> dict[str, Any]:
    """Of an answer that says nothing of itself."""
    return {}


def its_time(pipeline: Pipeline) -> dict[str, Any]:
    return {"creationTimestamp": format_time(pipeline.clock())}


def review(decide: Decide, *, alone_with: Metadata | None = None) -> Answer:
    """An answer that fills in ``status`` with what ``decide`` says of a valid review.

    Most repeat the question. What is answered ``alone_with`` metadata of its own is that and the status.
    """

    async def answer(pipeline: Pipeline, call: Call, obj: MutableWire, options: WriteOptions) -> Outcome:
        resource = call.served.resource
        metadata.wipe(metadata.place(obj, resource.info, call.namespace))
        fill_defaults(resource, obj)
        track(call.served, obj, None, Writer.of(call, options), pipeline.clock())
        request = pipeline.admission(call, "CREATE", obj, None, dry_run=options.dry_run)
        obj = await mutate(pipeline, call, request)
        fill_defaults(resource, obj)
        causes = [*validate(resource.struct, obj), *resource.rules.validate(obj), *resource.rules.validate_create(obj)]
        if causes:
            raise _invalid(resource, causes)
        await pipeline.gates.validate(request)
        status = await decide(pipeline, call, obj)
        if alone_with is not None:
            obj = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "metadata": alone_with(pipeline)}
            fill_defaults(resource, obj)
        answered = {**obj, "status": status}
        return Outcome(code=201, entry=pipeline.not_stored(call.served, "", answered))

    return answer


def _invalid(resource: Resource, causes: Sequence[Cause]) -> Invalid:
    """A review has no name to be called by, and Kubernetes names no kind for it either."""
    group = resource.info.group
    return Invalid(f'.{group} "" is invalid: {aggregate(causes)}', group=group, causes=causes)
