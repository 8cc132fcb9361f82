"""The RBAC authorizer: allowed is what a rule of a bound role allows; it never says no, only nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sampan.core.contracts.access import Attributes, Decision, User
from sampan.plugins.auth.rbac.grants import Grants

NO_OPINION = Decision("no-opinion")


class RbacAuthorizer:
    order = 30

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    async def authorize(self, attributes: Attributes) -> Decision:
        missing: list[str] = []
        for grant in self._grants.of(attributes.user, attributes.namespace):
            if grant.missing:
                missing.append(grant.missing)
            for rule in grant.rules:
                if rule.allows(attributes):
                    return Decision("allow", f"RBAC: allowed by {grant.through}")
        if not missing:
            return NO_OPINION
        said = missing[0] if len(set(missing)) == 1 else f"[{', '.join(dict.fromkeys(missing))}]"
        return Decision("no-opinion", f"RBAC: {said}")

    def rules_of(self, user: User, namespace: str) -> Iterator[Mapping[str, Any]]:
        """For SelfSubjectRulesReview."""
        for grant in self._grants.of(user, namespace):
            yield from grant.wires
