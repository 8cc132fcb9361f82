"""Who wrote what: ``metadata.managedFields`` of plain writes (creates, updates, patches)."""

from __future__ import annotations

from datetime import datetime

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import MutableWire, Wire


def track(
    served: Served, obj: MutableWire, old: Wire | None, manager: str, now: datetime, subresource: str = ""
) -> None:
    pass
