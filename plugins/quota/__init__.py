"""ResourceQuota: what a namespace may use in all. Admission keeps to it, a controller tells how much is used."""

from __future__ import annotations

from sampan.core.registry import Registry
from sampan.plugins.quota.admission import QuotaAdmission
from sampan.plugins.quota.controller import QuotaController


def register(registry: Registry) -> None:
    registry.admission("ResourceQuota", lambda context: QuotaAdmission(context.clock, context.notes))
    registry.controller(QuotaController.name, lambda context: QuotaController(context.kinds))
