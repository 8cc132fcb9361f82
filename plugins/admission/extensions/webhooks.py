"""Mutating and validating webhooks, as admission plugins.

Mutating ones are asked one after the other, each with what the ones before it left; validating ones side by side. One that
cannot be asked stops the requests that it is for (``failurePolicy: Fail``) or nothing, and is named by a metric and in the
log. Configurations of webhooks and policies are no webhook's business, so that every mistake can be mended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

from prometheus_client import Counter

from sampan.core.api.webhook_client import DEFAULT_SECONDS, CallFailed
from sampan.core.cel.errors import CelError
from sampan.core.classes import frozen
from sampan.core.contracts.access import AccessContext, AdmissionRequest, idle
from sampan.core.errors import BadRequest, InternalError, SampanError, Unclassified
from sampan.core.schema.json_patch import RefusedPatch, apply_json_patch
from sampan.plugins.admission.base import forbid
from sampan.plugins.admission.extensions.conditions import hold
from sampan.plugins.admission.extensions.matching import Looks, Match, is_exempt, matches
from sampan.plugins.admission.extensions.review import Denied, Verdict, no_object, review, verdict

log = logging.getLogger(__name__)

NO_SIDE_EFFECTS = ("None", "NoneOnDryRun")


@frozen(eq=False)
class Hook:
    """One webhook of a configuration."""

    configuration: str
    value: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.value.get("name", ""))

    @property
    def is_optional(self) -> bool:
        return self.value.get("failurePolicy") == "Ignore"


class _Webhooks:
    """What both sorts share: finding the webhooks that a request is for, and asking one."""

    name = ""
    order = 0
    sort = ""
    resource = ""
    may_patch = False

    def __init__(self, context: AccessContext) -> None:
        self._context = context
        self._known: tuple[int, tuple[Hook, ...]] = (-2, ())
        self._failures = Counter(
            f"sampan_{self.sort}_webhook_failures",
            "Calls of webhooks that failed, and what became of the requests.",
            ["webhook", "outcome"],
            registry=context.cluster.metrics,
        )

    @idle
    async def mutate(self, request: AdmissionRequest) -> None:
        return None

    @idle
    async def validate(self, request: AdmissionRequest) -> None:
        return None

    def _hooks(self) -> tuple[Hook, ...]:
        """All of them, in the order of their configurations' names."""
        reader = self._context.reader
        changed = reader.changed(self.resource)
        if changed != self._known[0]:
            found = sorted(reader.list(self.resource), key=lambda each: str(each["metadata"]["name"]))
            hooks = tuple(Hook(each["metadata"]["name"], hook) for each in found for hook in each.get("webhooks") or ())
            self._known = (changed, hooks)
        return self._known[1]

    async def _concerned(self, request: AdmissionRequest, looks: Looks) -> AsyncIterator[tuple[Hook, Match]]:
        """With what each wants to see the request as. Raises what an expression that fails means."""
        hooks = self._hooks()
        if not hooks or is_exempt(request):
            return
        for hook in hooks:
            match = matches(hook.value, hook.value.get("rules") or (), request, self._context.reader)
            if match is not None and self._is_concerned(hook, await looks.look(match)):
                yield hook, match

    def _is_concerned(self, hook: Hook, request: AdmissionRequest) -> bool:
        try:
            return hold(hook.value.get("matchConditions") or (), request, self._context.authorizer)
        except CelError as error:
            if hook.is_optional:
                return False
            raise forbid(request, error.message) from None

    async def _ask(self, hook: Hook, request: AdmissionRequest) -> Verdict | None:
        """The webhook's verdict; ``None`` where it could not be asked and need not be. Raises `InternalError`."""
        if request.dry_run and hook.value.get("sideEffects") not in NO_SIDE_EFFECTS:
            raise BadRequest(f'admission webhook "{hook.name}" does not support dry run')
        asked = review(request, list(hook.value.get("admissionReviewVersions") or ()))
        seconds = hook.value.get("timeoutSeconds") or DEFAULT_SECONDS
        config = hook.value.get("clientConfig") or {}
        try:
            answer = await _answer(config, self._context, asked, seconds)
            said = verdict(asked, answer, may_patch=self.may_patch)
        except CallFailed as error:
            self._failures.labels(hook.name, "ignored" if hook.is_optional else "refused").inc()
            words = f'failed calling webhook "{hook.name}": {error}'
            log.warning("%s: %s", hook.configuration, words)
            if hook.is_optional:
                return None
            raise InternalError.because(words) from None
        request.warnings.extend(said.warnings)
        request.audit.update({f"{hook.name}/{name}": str(value) for name, value in said.annotations.items()})
        if not said.allowed:
            raise Denied(hook.name, said.status)
        return said


async def _answer(config: Mapping[str, Any], context: AccessContext, asked: Mapping[str, Any], seconds: float) -> Any:
    try:
        return await context.webhooks.post(config, asked, seconds)
    except CallFailed as error:
        raise CallFailed(f"failed to call webhook: {error}") from None


class Again:
    """Which webhooks with the reinvocation policy ``IfNeeded`` have not seen what others made of the object."""

    def __init__(self) -> None:
        self.wanted: set[Hook] = set()
        self._asked: set[Hook] = set()

    def asked(self, hook: Hook) -> None:
        if hook.value.get("reinvocationPolicy") == "IfNeeded":
            self._asked.add(hook)

    def changed(self) -> None:
        """By the one that is asked just now."""
        self.wanted |= self._asked
        self._asked = set()


class MutatingWebhooks(_Webhooks):
    """MutatingAdmissionWebhook."""

    name = "MutatingAdmissionWebhook"
    order = 80
    exact = True
    sort = "mutating"
    may_patch = True
    resource = "mutatingwebhookconfigurations.admissionregistration.k8s.io"

    async def mutate(self, request: AdmissionRequest) -> None:
        """All that are concerned, and then once more those that have not seen what came after them, if they want to."""
        looks, again = Looks(request), Again()
        async for hook, match in self._concerned(request, looks):
            if await self._apply(hook, match, looks):
                request.is_unsure = True
                again.changed()
            again.asked(hook)
        if not again.wanted:
            return
        async for hook, match in self._concerned(request, looks):
            if hook in again.wanted:
                if await self._apply(hook, match, looks):
                    again.changed()
                again.asked(hook)

    async def _apply(self, hook: Hook, match: Match, looks: Looks) -> bool:
        look = await looks.look(match)
        changed = await self._change(hook, look)
        if changed:
            await looks.take_over(match, look)
        return changed

    async def _change(self, hook: Hook, request: AdmissionRequest) -> bool:
        """Whether it has changed the object."""
        said = await self._ask(hook, request)
        if said is None or not said.patch:
            return False
        if request.obj is None:
            words = "attempted to modify the object, which is not supported for this operation"
            raise InternalError.because(f'admission webhook "{hook.name}" {words}')
        try:
            patched = _patched(request, said.patch)
        except SampanError as error:
            self._failures.labels(hook.name, "refused").inc()
            log.warning("%s: the patch of webhook %r: %s", hook.configuration, hook.name, error)
            raise
        if patched == request.obj:
            return False
        request.obj.clear()
        request.obj.update(patched)
        return True


class ValidatingWebhooks(_Webhooks):
    """ValidatingAdmissionWebhook."""

    name = "ValidatingAdmissionWebhook"
    order = 95
    exact = True
    sort = "validating"
    resource = "validatingwebhookconfigurations.admissionregistration.k8s.io"

    async def validate(self, request: AdmissionRequest) -> None:
        looks = Looks(request)
        concerned = [(hook, await looks.look(match)) async for hook, match in self._concerned(request, looks)]
        if not concerned:
            return
        results = await asyncio.gather(*(self._ask(hook, look) for hook, look in concerned), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


def _patched(request: AdmissionRequest, patch: list[dict[str, Any]]) -> dict[str, Any]:
    """The object as a patch makes it. Raises in the words in which Kubernetes passes on what its libraries say."""
    try:
        made = apply_json_patch(request.obj or {}, patch)
    except RefusedPatch as error:
        raise InternalError.because(error.why or str(error)) from None
    except SampanError as error:
        raise InternalError.because(str(error)) from None
    if not isinstance(made, dict):
        raise InternalError.because(no_object(made))
    own, given = (_kind(each, request) for each in (request.obj or {}, made))
    if given != own:
        raise Unclassified(f"converting ({given}) to ({own}): unknown conversion")
    if _namespace(made) != _namespace(request.obj or {}):
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    return made


def _namespace(obj: Mapping[str, Any]) -> Any:
    meta = obj.get("metadata")
    return meta.get("namespace") if isinstance(meta, Mapping) else None


def _kind(obj: Mapping[str, Any], request: AdmissionRequest) -> str:
    """As Go names a type: ``v1.Pod``. A client may have left the kind out."""
    version = str(obj.get("apiVersion") or request.info.api_version).rpartition("/")[2]
    return f"{version}.{obj.get('kind') or request.info.kind}"
