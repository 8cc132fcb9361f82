"""Which rule of an audit policy a request meets, and policies that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.audit.policy import Level, policy_of, read_policy
from sampan.core.contracts.access import Attributes, User
from sampan.core.errors import ConfigError

JANE = User(name="jane", groups=("crew", "system:authenticated"))


def policy(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": list(rules), **more}


def asked(**more: Any) -> Attributes:
    return Attributes(**{"user": JANE, "verb": "get", "version": "v1", "resource": "pods", "namespace": "shop", **more})


SCALE = {"group": "apps", "resource": "deployments", "subresource": "scale", "name": "web"}


@pytest.mark.parametrize(
    ("rule", "request_", "covered"),
    [
        ({}, {}, True),
        ({}, {"resource": "", "path": "/healthz"}, True),
        ({"users": ["jane"]}, {}, True),
        ({"users": ["joe"]}, {}, False),
        ({"userGroups": ["x", "crew"]}, {}, True),
        ({"userGroups": ["x"]}, {}, False),
        ({"verbs": ["list", "get"]}, {}, True),
        ({"verbs": ["list"]}, {}, False),
        ({"namespaces": ["shop"]}, {}, True),
        ({"namespaces": [""]}, {}, False),
        ({"namespaces": [""]}, {"resource": "nodes", "namespace": ""}, True),
        ({"namespaces": [""]}, {"resource": "", "path": "/version", "namespace": ""}, False),
        ({"resources": [{}]}, {}, True),
        ({"resources": [{"group": "apps"}]}, {}, False),
        ({"resources": [{"group": "*", "resources": ["pods"]}]}, {}, True),
        ({"resources": [{"resources": ["pods"]}]}, {"subresource": "log"}, False),
        ({"resources": [{"resources": ["pods/log"]}]}, {"subresource": "log"}, True),
        ({"resources": [{"resources": ["pods/*"]}]}, {"subresource": "log"}, True),
        ({"resources": [{"group": "apps", "resources": ["*/scale"]}]}, SCALE, True),
        ({"resources": [{"group": "apps", "resources": ["*"]}]}, SCALE, True),
        ({"resources": [{"group": "apps", "resources": ["deployments"]}]}, SCALE, False),
        ({"resources": [{"group": "apps", "resources": ["*/scale"], "resourceNames": ["web"]}]}, SCALE, True),
        ({"resources": [{"group": "apps", "resources": ["*/scale"], "resourceNames": ["db"]}]}, SCALE, False),
        ({"nonResourceURLs": ["/health*"]}, {"resource": "", "path": "/healthz/etcd"}, True),
        ({"nonResourceURLs": ["/version"]}, {"resource": "", "path": "/versions"}, False),
        ({"nonResourceURLs": ["*"]}, {"resource": "", "path": "/"}, True),
        ({"nonResourceURLs": ["*"]}, {}, False),
    ],
)
def test_a_rule_covers_what_all_of_its_fields_say(
    rule: dict[str, Any], request_: dict[str, Any], covered: bool
) -> None:
    found = policy_of(policy({"level": "Metadata", **rule})).treatment(asked(**request_))
    assert (found is not None) is covered


def test_the_first_rule_that_covers_counts() -> None:
    made = policy_of(
        policy(
            {"level": "None", "verbs": ["watch"]},
            {"level": "Request", "verbs": ["get"], "omitStages": ["RequestReceived"], "omitManagedFields": False},
            {"level": "RequestResponse"},
            omitStages=["Panic"],
            omitManagedFields=True,
        )
    )
    assert made.treatment(asked(verb="watch")) is None
    read = made.treatment(asked())
    assert read is not None
    assert read.level is Level.REQUEST
    assert read.omit_stages == {"RequestReceived", "Panic"}
    assert not read.omit_managed_fields
    written = made.treatment(asked(verb="create"))
    assert written is not None
    assert written.omit_managed_fields
    assert written.omit_stages == {"Panic"}


@pytest.mark.parametrize(
    "confidential",
    [
        {"resource": "secrets"},
        {"resource": "serviceaccounts", "subresource": "token"},
        {"group": "authentication.k8s.io", "resource": "tokenreviews"},
    ],
)
def test_secrets_and_tokens_need_a_rule_that_names_them(confidential: dict[str, Any]) -> None:
    request = asked(**confidential)
    general = policy_of(policy({"level": "RequestResponse"})).treatment(request)
    assert general is not None
    assert general.level is Level.METADATA
    name = "/".join(filter(None, (request.resource, request.subresource)))
    naming = {"level": "RequestResponse", "resources": [{"group": request.group, "resources": [name]}]}
    named = policy_of(policy(naming)).treatment(request)
    assert named is not None
    assert named.level is Level.REQUEST_RESPONSE


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "it must be an object"),
        ({"kind": "Policy"}, "apiVersion audit.k8s.io/v1"),
        (policy(), "rules: there must be at least one"),
        (policy({}), "rules[0].level: '' is none of None, Metadata"),
        (policy({"level": "Metadata", "verb": ["get"]}), "rules[0].verb: there is no such field"),
        (policy({"level": "Metadata", "verbs": "get"}), "rules[0].verbs: 'get' is no list"),
        (policy({"level": "Metadata", "omitStages": ["Late"]}), "rules[0].omitStages: 'Late' is none of"),
        (policy({"level": "Metadata", "nonResourceURLs": ["healthz"]}), "must begin with '/'"),
        (policy({"level": "Metadata", "nonResourceURLs": ["/a*/b"]}), "may have a '*' at its end"),
        (policy({"level": "Metadata", "nonResourceURLs": ["/a"], "namespaces": ["b"]}), "not both"),
        (policy({"level": "Metadata", "resources": [{"group": "apps/v1"}]}), "leave the version away"),
        (policy({"level": "Metadata", "resources": [{"resourceNames": ["a"]}]}), "needs resources beside it"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(value: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        policy_of(value)
    assert said in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Any) -> None:
    with pytest.raises(ConfigError, match=r"policy\.yaml cannot be read"):
        read_policy(tmp_path / "policy.yaml")
    (tmp_path / "policy.yaml").write_text("kind: [")
    with pytest.raises(ConfigError, match=r"policy\.yaml is wrong: yaml"):
        read_policy(tmp_path / "policy.yaml")
