"""Flow schemas and priority levels."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import FlowSchema, PriorityLevelConfiguration
from tests.support.rules import cells, created, refusals

RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["*"]}
RULES = {"subjects": [{"kind": "User", "user": {"name": "ann"}}], "resourceRules": [RULE]}


def schema(**change: Any) -> dict[str, Any]:
    return {"spec": {"priorityLevelConfiguration": {"name": "low"}, "rules": [RULES]} | change}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (schema(), []),
        (schema(matchingPrecedence=10001), [
            "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000",
        ]),
        (schema(matchingPrecedence=1, distinguisherMethod={"type": "ByHost"}), [
            "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
            'spec.distinguisherMethod.type: Unsupported value: {"Type":"ByHost"}: '
            'supported values: "ByNamespace", "ByUser"',
        ]),
        (schema(rules=[{"subjects": [{"kind": "User", "group": {"name": "g"}}]}]), [
            "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
            "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
            "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty",
        ]),
        (schema(rules=[RULES | {"resourceRules": [RULE | {"verbs": ["*", "get"], "namespaces": []}]}]), [
            'spec.rules[0].resourceRules[0].verbs: Invalid value: ["*","get"]: '
            "if '*' is present, must not specify other verbs",
            "spec.rules[0].resourceRules[0].namespaces: Required value: "
            "resource rules that are not cluster scoped must supply at least one namespace",
        ]),
        (schema(rules=[RULES | {"nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["a", "/b*"]}]}]), [
            'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash',
            'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/b*": '
            "wildcard can only do suffix matching",
        ]),
    ],
)  # fmt: skip
def test_flow_schemas(body: dict[str, Any], expected: list[str]) -> None:
    assert refusals(FlowSchema, body) == expected


def limited(**queuing: Any) -> dict[str, Any]:
    return {"spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": queuing}}}}


def test_a_level_gets_its_queues() -> None:
    stored = created(PriorityLevelConfiguration, limited())
    shown = cells(PriorityLevelConfiguration, stored)
    assert [shown[word] for word in ("NominalConcurrencyShares", "Queues", "HandSize")] == [30, 64, 8]


def test_no_share_is_a_share() -> None:
    body = limited()
    body["spec"]["limited"]["nominalConcurrencyShares"] = 0
    assert created(PriorityLevelConfiguration, body)["spec"]["limited"]["nominalConcurrencyShares"] == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (limited(queues=4, handSize=5), [
            "spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)",
        ]),
        (limited(queues=1024, handSize=7), [
            "spec.limited.limitResponse.queuing.handSize: Invalid value: 7: "
            "required entropy bits of deckSize 1024 and handSize 7 should not be greater than 60",
        ]),
        ({"spec": {"type": "Exempt", "limited": {}}}, [
            "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
            "spec.limited: Forbidden: must be nil if the type is not Limited",
        ]),
        ({"metadata": {"name": "exempt"}, "spec": {"type": "Exempt", "exempt": {"lendablePercent": 101}}}, [
            "spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
        ]),
    ],
)  # fmt: skip
def test_priority_levels(body: dict[str, Any], expected: list[str]) -> None:
    assert refusals(PriorityLevelConfiguration, body) == expected
