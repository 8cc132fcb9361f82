"""The columns of RuntimeClasses."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

RUNTIME_CLASS_COLUMNS: Final = (NAME, Column(name="Handler", cell=lambda obj, now: obj.get("handler") or ""), AGE)
