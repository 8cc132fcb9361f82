"""The controller that puts ClusterRoles together out of others: ``view``, ``edit``, ``admin``, and those that people make.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Plan, Update
from sampan.core.model.kinds import KubeObject
from sampan.core.model.labels import matches_selector
from sampan.core.model.meta import evolve
from sampan.core.model.rbac_v1.role import ClusterRole, PolicyRule
from sampan.core.schema.codec import to_wire


def keys_of_sums(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """The role itself, and every role that is put together: any of them may have gained or lost this one."""
    yield from own_key(obj, state)
    for role in state.list(ClusterRole):
        if role.aggregation_rule is not None:
            yield Key(*role.key)


class ClusterRoleAggregation:
    name = "clusterrole-aggregation-controller"
    watches: Sequence[Watch] = (Watch(kind=ClusterRole, keys=keys_of_sums),)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        role = state.get(ClusterRole, "", key.name)
        if role is None or role.aggregation_rule is None or role.metadata.deletion_timestamp is not None:
            return NOTHING
        rules = gathered(role, state.list(ClusterRole))
        return NOTHING if rules == tuple(role.rules) else Plan(actions=(Update(obj=evolve(role, rules=rules)),))


def gathered(role: ClusterRole, others: Iterable[ClusterRole]) -> tuple[PolicyRule, ...]:
    """The rules of all roles that a selector picks, by their names, each rule once."""
    assert role.aggregation_rule is not None, "only such roles are put together"
    selectors = [to_wire(selector) for selector in role.aggregation_rule.cluster_role_selectors]
    rules: list[PolicyRule] = []
    for other in sorted(others, key=lambda each: each.metadata.name or ""):
        if other.metadata.name == role.metadata.name:
            continue
        if any(matches_selector(selector, other.metadata.labels) for selector in selectors):
            rules += [rule for rule in other.rules if rule not in rules]
    return tuple(rules)
