"""ValidatingAdmissionPolicy as an admission plugin: what breaks a rule is refused, warned of, or only written down."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sampan.core.cel.errors import CelError
from sampan.core.classes import frozen
from sampan.core.contracts.access import AccessContext, AdmissionRequest, idle
from sampan.core.errors import ApiError, Cause
from sampan.plugins.admission.extensions.conditions import hold
from sampan.plugins.admission.extensions.evaluation import Evaluation, failed
from sampan.plugins.admission.extensions.matching import Looks
from sampan.plugins.admission.extensions.policies import (
    Bound,
    BoundPolicies,
    ParamKindMissing,
    ParamsMissing,
    parameters,
)

log = logging.getLogger(__name__)

CODES: Final = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
"""By reason; all others are 422."""
LONGEST_ANNOTATION = 10 << 10


@frozen
class Finding:
    """A rule that does not hold, or could not be evaluated."""

    message: str
    reason: str = "Invalid"
    of_binding: bool = True
    """Whether it is the doing of one binding, and not of the policy itself."""
    always_refuses: bool = False
    """Whatever the binding does about rules that do not hold: it is set up wrongly itself."""


class Refused(ApiError):
    """A refusal in the words and with the reason of a policy."""

    def __init__(self, request: AdmissionRequest, bound: Bound, finding: Finding) -> None:
        info = request.info
        with_binding = f" with binding '{bound.binding_name}'" if finding.of_binding else ""
        said = f"ValidatingAdmissionPolicy '{bound.name}'{with_binding} denied request: "
        named = f'{info.resource} "{request.name}"' if request.name else info.resource
        super().__init__(
            f"{named} is forbidden: {said}{finding.message}",
            kind=info.plural,
            group=info.group,
            name=request.name,
            causes=[Cause("", f"{said}{finding.message}", "")],
        )
        self.reason = finding.reason  # type: ignore[misc]
        self.code = CODES.get(finding.reason, 422)  # type: ignore[misc]


def _audited(bound: Bound, finding: Finding, actions: Sequence[str]) -> str:
    """What the audit log says of a rule that does not hold."""
    failure = {
        "message": finding.message,
        "policy": bound.name,
        "binding": bound.binding_name,
        "validationActions": list(actions),
    }
    return json.dumps([failure], separators=(",", ":"))


class ValidatingPolicies:
    name = "ValidatingAdmissionPolicy"
    order = 90
    exact = True

    def __init__(self, context: AccessContext) -> None:
        self._context = context
        self._policies = BoundPolicies(context, "validatingadmissionpolicies")

    @idle
    async def mutate(self, request: AdmissionRequest) -> None:
        return None

    async def validate(self, request: AdmissionRequest) -> None:
        """Every policy is asked, for its warnings and the audit log, also where one has refused already."""
        looks = Looks(request)
        refused: Refused | None = None
        for bound, match in self._policies.concerned(request):
            for finding in self._findings(bound, await looks.look(match)):
                refusal = self._act(bound, request, finding)
                refused = refused or refusal
        if refused is not None:
            raise refused

    def _act(self, bound: Bound, request: AdmissionRequest, finding: Finding) -> Refused | None:
        """The refusal, where that is what the binding does."""
        if finding.always_refuses:
            return Refused(request, bound, finding)
        actions = (bound.binding.get("spec") or {}).get("validationActions") or ()
        if "Audit" in actions:
            request.audit["validation.policy.admission.k8s.io/validation_failure"] = _audited(bound, finding, actions)
        if "Warn" in actions:
            said = f"Validation failed for ValidatingAdmissionPolicy '{bound.name}' with binding '{bound.binding_name}'"
            request.warnings.append(f"{said}: {finding.message}")
        return Refused(request, bound, finding) if "Deny" in actions else None

    def _findings(self, bound: Bound, request: AdmissionRequest) -> Iterator[Finding]:
        try:
            given = parameters(bound, request, self._context.reader)
        except ParamsMissing as error:
            if not bound.is_optional:
                yield Finding(f"failed to configure binding: {error}", always_refuses=True)
            return
        except ParamKindMissing as error:
            if not bound.is_optional:
                yield Finding(str(error), of_binding=False, always_refuses=True)
            return
        for params in given:
            yield from self._evaluated(bound, request, params)

    def _evaluated(self, bound: Bound, request: AdmissionRequest, params: Any) -> Iterator[Finding]:
        try:
            conditions = bound.spec.get("matchConditions") or ()
            if not hold(conditions, request, self._context.authorizer, params):
                return
            evaluate = Evaluation(bound.spec, request, self._context, params)
        except CelError as error:
            if not bound.is_optional:
                yield Finding(error.message)
            return
        for validation in bound.spec.get("validations") or ():
            finding = _finding(evaluate, validation, bound)
            if finding is not None:
                yield finding
        for annotation in bound.spec.get("auditAnnotations") or ():
            if (found := _annotate(evaluate, annotation, bound, request)) is not None:
                yield found


def _finding(evaluate: Evaluation, validation: Mapping[str, Any], bound: Bound) -> Finding | None:
    source = validation["expression"]
    try:
        if evaluate(source) is True:
            return None
    except CelError as error:
        return None if bound.is_optional else Finding(failed(source, error))
    return Finding(_message(evaluate, validation), validation.get("reason") or "Invalid")


def _annotate(
    evaluate: Evaluation, annotation: Mapping[str, Any], bound: Bound, request: AdmissionRequest
) -> Finding | None:
    """Write it into the request's audit event; a failure counts as one of a rule does."""
    source = annotation["valueExpression"]
    try:
        value = evaluate(source)
    except CelError as error:
        return None if bound.is_optional else Finding(failed(source, error))
    if isinstance(value, str) and value:
        request.audit[f"{bound.name}/{annotation['key']}"] = value[:LONGEST_ANNOTATION]
    return None


def _message(evaluate: Evaluation, validation: Mapping[str, Any]) -> str:
    """The policy's own words, as far as they make sense; else the expression."""
    said = validation.get("message") or f"failed expression: {validation['expression'].strip()}"
    if not validation.get("messageExpression"):
        return str(said)
    try:
        better = evaluate(validation["messageExpression"])
    except CelError as error:
        log.debug("a message expression failed: %s", error)
        return str(said)
    is_usable = isinstance(better, str) and better.strip() and "\n" not in better and len(better) <= 5 * 1024
    return better.strip() if is_usable else str(said)
