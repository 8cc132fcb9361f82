"""ClusterRoles that are put together out of others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import NOTHING, Plan, Update
from sampan.core.model.rbac_v1.role import ClusterRole
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.testing.state import State
from sampan.plugins.auth.rbac.aggregation import ClusterRoleAggregation, keys_of_sums
from sampan.plugins.auth.rbac.default_roles import cluster_roles
from sampan.plugins.auth.rbac.notation import on

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def role(name: str, *rules: Any, labels: dict[str, str] | None = None, gathers: str = "") -> ClusterRole:
    wire: dict[str, Any] = {"metadata": {"name": name, "labels": labels or {}}, "rules": list(rules)}
    if gathers:
        wire["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {"to": gathers}}]}
    return from_wire(ClusterRole, wire)


def decide(name: str, *roles: ClusterRole) -> Plan:
    return ClusterRoleAggregation().reconcile(Key("", name), State(*roles), NOW)


def rules_of(plan: Plan) -> list[Any]:
    [action] = plan.actions
    assert isinstance(action, Update)
    return list(to_wire(action.obj)["rules"])


A, B = on("get", "", "pods"), on("*", "apps", "deployments")


def test_rules_come_by_the_names_of_their_roles_and_once() -> None:
    roles = (role("b", B, A, labels={"to": "s"}), role("a", A, labels={"to": "s"}), role("c", A, labels={"to": "x"}))
    assert rules_of(decide("sum", role("sum", gathers="s"), *roles)) == [A, B]


def test_what_was_written_by_hand_is_overwritten_and_what_is_right_left() -> None:
    part = role("a", A, labels={"to": "s"})
    assert rules_of(decide("sum", role("sum", B, gathers="s"), part)) == [A]
    assert decide("sum", role("sum", A, gathers="s"), part) == NOTHING
    assert decide("a", role("sum", A, gathers="s"), part) == NOTHING
    assert rules_of(decide("sum", role("sum", A, gathers="s"))) == []


def test_any_change_concerns_every_sum() -> None:
    roles = (role("sum", gathers="s"), role("a"), role("b"))
    assert set(keys_of_sums(roles[1], State(*roles))) == {Key("", "a"), Key("", "sum")}


def test_the_default_roles_add_up() -> None:
    """view is in edit, and edit in admin, as soon as each has been looked at."""
    roles = {each["metadata"]["name"]: from_wire(ClusterRole, each) for each in cluster_roles()}
    for name in ("view", "edit", "admin"):
        [action] = decide(name, *roles.values()).actions
        assert isinstance(action, Update)
        roles[name] = action.obj  # type: ignore[assignment]
    view, edit, admin = (set(map(str, roles[name].rules)) for name in ("view", "edit", "admin"))
    assert view < edit < admin
