"""ServiceAccount."""

from __future__ import annotations

from sampan.core.model.kinds import KindRules


class ServiceAccountRules(KindRules):
    revalidates_metadata = True
