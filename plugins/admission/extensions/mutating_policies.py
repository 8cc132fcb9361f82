"""MutatingAdmissionPolicy as an admission plugin: what is written is changed as the policies' expressions say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.cel.errors import CelError
from sampan.core.cel.mutations import misnamed
from sampan.core.contracts.access import AccessContext, AdmissionRequest, idle
from sampan.core.errors import ApiError, Cause, SampanError
from sampan.core.schema.json_patch import RefusedPatch, apply_json_patch
from sampan.plugins.admission.extensions.conditions import hold
from sampan.plugins.admission.extensions.evaluation import Evaluation, failed
from sampan.plugins.admission.extensions.matching import Looks, Match
from sampan.plugins.admission.extensions.policies import (
    Bound,
    BoundPolicies,
    ParamKindMissing,
    ParamsMissing,
    parameters,
)


class Failed(ApiError):
    """A policy could not be carried out. Kubernetes forbids what is written, and calls it invalid."""

    code = 403
    reason = "Invalid"

    def __init__(self, request: AdmissionRequest, bound: Bound, error: Exception) -> None:
        said = f"policy '{bound.name}' with binding '{bound.binding_name}' denied request: {error}"
        about = request.info
        super().__init__(said, kind=about.plural, group=about.group, name=request.name, causes=[Cause("", said, "")])


class MutatingPolicies:
    name = "MutatingAdmissionPolicy"
    order = 75
    exact = True

    def __init__(self, context: AccessContext) -> None:
        self._context = context
        self._policies = BoundPolicies(context, "mutatingadmissionpolicies")

    @idle
    async def validate(self, request: AdmissionRequest) -> None:
        return None

    async def mutate(self, request: AdmissionRequest) -> None:
        if request.obj is None:
            return
        looks = Looks(request)
        asked: list[tuple[Bound, Match]] = []
        last_change = -1
        for bound, match in self._policies.concerned(request):
            asked.append((bound, match))
            if await self._change(bound, match, looks):
                last_change = len(asked) - 1
                request.is_unsure = True
        for bound, match in asked[: max(last_change, 0)]:  # they have not seen what came after them
            if bound.spec.get("reinvocationPolicy") == "IfNeeded":
                await self._change(bound, match, looks)

    async def _change(self, bound: Bound, match: Match, looks: Looks) -> bool:
        look = await looks.look(match)
        changed = self._apply(bound, look)
        if changed:
            await looks.take_over(match, look)
        return changed

    def _apply(self, bound: Bound, request: AdmissionRequest) -> bool:
        """Whether it has changed the object. Raises `Failed` for a policy that fails and must not."""
        before = dict(request.obj or {})
        try:
            for params in parameters(bound, request, self._context.reader):
                if hold(bound.spec.get("matchConditions") or (), request, self._context.authorizer, params):
                    self._mutate(bound, request, params)
        except (CelError, ParamsMissing, ParamKindMissing, SampanError) as error:
            if request.obj is not None:
                request.obj.clear()
                request.obj.update(before)
            if bound.is_optional:
                return False
            raise Failed(request, bound, error) from None
        return request.obj != before

    def _mutate(self, bound: Bound, request: AdmissionRequest, params: Any) -> None:
        for mutation in bound.spec.get("mutations") or ():
            evaluate = Evaluation(bound.spec, request, self._context, params)
            is_patch = mutation.get("patchType") == "JSONPatch"
            source = (mutation.get("jsonPatch" if is_patch else "applyConfiguration") or {}).get("expression", "")
            try:
                given = evaluate(source, constructs=True)
            except CelError as error:
                raise CelError(failed(source, error)) from None
            self._take_over(request, source, given, is_patch=is_patch)

    def _take_over(self, request: AdmissionRequest, source: str, given: Any, *, is_patch: bool) -> None:
        assert request.obj is not None
        if is_patch:
            if not isinstance(given, list):
                raise CelError("the expression gives no list of JSONPatch")
            try:
                changed = apply_json_patch(request.obj, given)
            except RefusedPatch as error:
                if error.of_test:
                    return  # the patch is for other objects
                raise CelError(f"JSON Patch: {error.why or error}") from None
        else:
            if not isinstance(given, Mapping):
                raise CelError("the expression gives no Object")
            if wrong := misnamed(source):
                raise CelError(f"type mismatch: {wrong}")
            changed = request.merge(dict(request.obj), given)
        request.obj.clear()
        request.obj.update(changed)
