"""Match conditions: expressions that must all give true for a webhook or a policy to be asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sampan.core.cel.errors import CelError
from sampan.core.cel.library.authorization import Question, asking, authorizer
from sampan.core.cel.variables import environment
from sampan.core.contracts.access import AdmissionRequest, Attributes, Decider, User
from sampan.core.model.rules.admissionregistration_v1.matching import REQUEST_VARIABLES
from sampan.plugins.admission.extensions.asked import about, as_object

Value = Mapping[str, Any]


def variables(request: AdmissionRequest) -> dict[str, Any]:
    """The values of what every expression about a request may use."""
    return {
        "object": as_object(request, request.obj),
        "oldObject": as_object(request, request.old),
        "request": about(request),
        "authorizer": authorizer(),
    }


def hold(conditions: Sequence[Value], request: AdmissionRequest, decider: Decider, params: Any = None) -> bool:
    """Whether all conditions give true: one that gives false settles it, whatever the others do. Raises `CelError`."""
    if not conditions:
        return True
    known = {**REQUEST_VARIABLES, **({"params": "object"} if params is not None else {})}
    cel = environment(known)
    values = cel.values({**variables(request), **({"params": params} if params is not None else {})})
    failures: list[str] = []
    with asking(answers(request.user, decider)):
        for condition in conditions:
            try:
                if cel.compile(condition["expression"].strip()).evaluate(values) is not True:
                    return False
            except CelError as error:
                failures.append(f"expression '{condition['expression']}' resulted in error: {error.message}")
    if failures:
        raise CelError(failures[0] if len(failures) == 1 else f"[{', '.join(failures)}]")
    return True


def answers(user: User, decider: Decider) -> Callable[[Question], tuple[bool, str]]:
    """Who answers the questions that expressions ask of ``authorizer``."""

    def answer(question: Question) -> tuple[bool, str]:
        account = question.get("serviceAccount")
        decision = _now(decider.authorize(_attributes(User(name=account) if account else user, question)))
        return decision.verdict == "allow", decision.reason

    return answer


def _attributes(user: User, question: Question) -> Attributes:
    if "path" in question:
        return Attributes(user=user, verb=question["verb"], path=question["path"])
    return Attributes(
        user=user,
        verb=question["verb"],
        group=question.get("group", ""),
        version="*",
        resource=question.get("resource", ""),
        subresource=question.get("subresource", ""),
        namespace=question.get("namespace", ""),
        name=question.get("name", ""),
    )


def _now(decision: Awaitable[Any]) -> Any:
    """The result of a coroutine that does not wait for anything. An expression cannot wait."""
    step = decision.__await__()
    try:
        next(step)
    except StopIteration as done:
        return done.value
    step.close()
    raise CelError("the authorizer cannot be asked by expressions: it waits for something")
