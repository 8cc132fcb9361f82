"""Roles and bindings."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from tests.support.rules import cells, changes_refused, created, refusals

GROUP = "rbac.authorization.k8s.io"
BOTH = "rules cannot apply to both regular resources and non-resource URLs"


@pytest.mark.parametrize(
    ("cls", "rule", "expected"),
    [
        (Role, {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, []),
        (
            Role,
            {},
            [
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[0].resources: Required value: resource rules must supply at least one resource",
            ],
        ),
        (
            Role,
            {"verbs": ["get"], "nonResourceURLs": ["/x"]},
            [
                'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
            ],
        ),
        (ClusterRole, {"verbs": ["get"], "nonResourceURLs": ["/x"]}, []),
        (
            ClusterRole,
            {"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["pods"]},
            [f'rules[0].nonResourceURLs: Invalid value: ["/x"]: {BOTH}'],
        ),
    ],
)
def test_rules(cls: type, rule: dict[str, Any], expected: list[str]) -> None:
    assert refusals(cls, {"rules": [rule]}) == expected


def test_an_aggregated_role_selects_something_well_formed() -> None:
    where = "aggregationRule.clusterRoleSelectors"
    assert refusals(ClusterRole, {"aggregationRule": {}}) == [
        f"{where}: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"
    ]
    selector = {"matchExpressions": [{"key": "a", "operator": "Is"}]}
    assert refusals(ClusterRole, {"aggregationRule": {"clusterRoleSelectors": [selector]}}) == [
        f'{where}[0].matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
        f"{where}[0]: Invalid value: null: invalid label selector.",
    ]


def test_names_of_roles_are_parts_of_a_path() -> None:
    assert refusals(Role, {"metadata": {"name": "system:Node Reader"}}) == []
    assert refusals(Role, {"metadata": {"name": "a/b"}}) == [
        "metadata.name: Invalid value: \"a/b\": may not contain '/'",
    ]


def test_a_binding_fills_in_groups() -> None:
    subjects = [{"kind": "User", "name": "ann"}, {"kind": "ServiceAccount", "name": "default", "namespace": "a"}]
    stored = created(RoleBinding, {"roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects})

    assert stored["roleRef"]["apiGroup"] == GROUP
    assert [each.get("apiGroup") for each in stored["subjects"]] == [GROUP, None]
    assert cells(RoleBinding, stored) | {"Age": ""} == {
        "Role": "Role/r", "Users": "ann", "Groups": "", "ServiceAccounts": "a/default", "Age": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "body", "expected"),
    [
        (
            RoleBinding,
            {"roleRef": {"kind": "Job"}, "subjects": [{"kind": "ServiceAccount", "name": "x"}, {"kind": "Robot"}]},
            [
                'roleRef.kind: Unsupported value: "Job": supported values: "Role", "ClusterRole"',
                "roleRef.name: Required value",
                "subjects[1].name: Required value",
                'subjects[1].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
            ],
        ),
        (
            ClusterRoleBinding,
            {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "ServiceAccount", "name": "x"}]},
            [
                'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
                "subjects[0].namespace: Required value",
            ],
        ),
    ],
)
def test_bindings(cls: type, body: dict[str, Any], expected: list[str]) -> None:
    assert refusals(cls, body) == expected


def test_the_role_of_a_binding_never_changes() -> None:
    body = {"roleRef": {"kind": "Role", "name": "r"}}
    shown = '{"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"other"}'
    assert changes_refused(RoleBinding, body, {"roleRef": {"name": "other"}}) == [
        f"roleRef: Invalid value: {shown}: cannot change roleRef"
    ]
    assert changes_refused(RoleBinding, body, {"subjects": [{"kind": "User", "name": "ann"}]}) == []
