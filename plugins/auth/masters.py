"""``system:masters`` may do everything: the administrator and the cluster's own components.

Everybody else waits for authorizers that know more (role-based access control); without one, the answer is no.
"""

from __future__ import annotations

from sampan.core.contracts.access import SYSTEM_MASTERS, Attributes, Decision

ALLOW = Decision("allow")
NO_OPINION = Decision("no-opinion")


class Masters:
    order = 10

    async def authorize(self, attributes: Attributes) -> Decision:
        return ALLOW if SYSTEM_MASTERS in attributes.user.groups else NO_OPINION
