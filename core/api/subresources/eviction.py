"""``eviction``: a delete that a pod's disruption budget may refuse (kubectl drain)."""

from __future__ import annotations

import attrs

from sampan.core.api.catalog import Served
from sampan.core.api.operations.evict import evict
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.options import delete_options, write_options
from sampan.core.api.request import Request
from sampan.core.api.subresources.binding import CREATE
from sampan.core.api.subresources.bodies import created, read_object
from sampan.core.api.subresources.contract import Plain
from sampan.core.classes import define
from sampan.core.errors import BadRequest
from sampan.core.model.policy_v1.eviction import Eviction
from sampan.core.schema.decode import decode_value
from sampan.core.schema.resource import resource_of

EVICTION = resource_of(Eviction)


@define(eq=False)
class EvictionSubresource(Plain):
    pipeline: Pipeline

    def belongs(self, served: Served) -> bool:
        return "eviction" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return CREATE

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("policy", "v1", "Eviction")

    async def serve(self, request: Request, call: Call) -> None:
        options = write_options(request.query, "CreateOptions")
        wanted = await read_object(request, call, EVICTION, options.field_validation)
        if wanted["metadata"].get("name") != call.name:
            raise BadRequest("name in URL does not match name in Eviction object")
        asked = wanted.get("deleteOptions") or {}
        dry_run = options.dry_run or bool(asked.get("dryRun"))
        admission = self.pipeline.admission(call, "CREATE", wanted, None, dry_run=dry_run)
        if await self.pipeline.gates.mutate(admission):
            admission.obj = decode_value(EVICTION, admission.obj or {}).value
        await self.pipeline.gates.validate(admission)
        deletion = delete_options(request.query, (admission.obj or {}).get("deleteOptions") or {})
        await evict(self.pipeline, call, attrs.evolve(deletion, dry_run=deletion.dry_run or options.dry_run))
        await request.answer(created(), 201)
