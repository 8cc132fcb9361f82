"""Reviews of access: may somebody do this, may I, and what may I at all.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/. The answers are those that requests would get.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.api.answers.narrowing import by_fields, by_labels
from sampan.core.api.operations.pipeline import Call, MutableWire, Pipeline
from sampan.core.contracts.access import Attributes, ListsRules, User
from sampan.core.errors import BadRequest

Wire = Mapping[str, Any]


async def decide_subject(pipeline: Pipeline, call: Call, review: MutableWire) -> dict[str, Any]:
    return await _decide(pipeline, _subject(review["spec"]), review["spec"])


async def decide_local(pipeline: Pipeline, call: Call, review: MutableWire) -> dict[str, Any]:
    spec = review["spec"]
    if (spec.get("resourceAttributes") or {}).get("namespace", "") != call.namespace:
        raise BadRequest(f"spec.resourceAttributes.namespace must match namespace: {call.namespace}")
    return await _decide(pipeline, _subject(spec), spec)


async def decide_self(pipeline: Pipeline, call: Call, review: MutableWire) -> dict[str, Any]:
    return await _decide(pipeline, call.user, review["spec"])


async def list_rules(pipeline: Pipeline, call: Call, review: MutableWire) -> dict[str, Any]:
    """What the authorizers that can list their rules have for the asker."""
    namespace = (review.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise BadRequest("no namespace on request")
    listers = [each for each in pipeline.gates.authorizers if isinstance(each, ListsRules)]
    rules = [rule for lister in listers for rule in lister.rules_of(call.user, namespace)]
    return {
        "resourceRules": [_only(rule, ("verbs", "apiGroups", "resources", "resourceNames"))
                          for rule in rules if rule.get("resources")],
        "nonResourceRules": [_only(rule, ("verbs", "nonResourceURLs")) for rule in rules if rule.get("nonResourceURLs")],
        "incomplete": False,
    }  # fmt: skip


def _only(rule: Wire, fields: Iterable[str]) -> dict[str, Any]:
    return {field: list(rule[field]) for field in fields if rule.get(field)}


async def _decide(pipeline: Pipeline, user: User, spec: Wire) -> dict[str, Any]:
    attributes, problems = _attributes(user, spec)
    decision = await pipeline.gates.authorize(attributes)
    status: dict[str, Any] = {"allowed": decision.verdict == "allow"}
    if decision.verdict == "deny":
        status["denied"] = True
    if decision.reason:
        status["reason"] = decision.reason
    if problems:
        status["evaluationError"] = "; ".join(problems)
    return status


def _subject(spec: Wire) -> User:
    extra = {key.lower(): tuple(values) for key, values in (spec.get("extra") or {}).items()}
    return User(name=spec.get("user", ""), uid=spec.get("uid", ""), groups=tuple(spec.get("groups") or ()), extra=extra)


def _attributes(user: User, spec: Wire) -> tuple[Attributes, list[str]]:
    """What is asked, and what of it could not be understood: that narrows nothing."""
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return Attributes(user=user, verb=path.get("verb", ""), path=path.get("path", "")), []
    wanted = spec["resourceAttributes"]
    words = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    fields, labels = by_fields(wanted.get("fieldSelector")), by_labels(wanted.get("labelSelector"))
    attributes = Attributes(
        user=user,
        **{word: wanted.get(word, "") for word in words},
        field_selector=fields.text,
        label_selector=labels.text,
        is_about_resource=True,
    )
    return attributes, [*fields.problem("fieldSelector"), *labels.problem("labelSelector")]
