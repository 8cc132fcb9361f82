"""The columns of DeviceClasses."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME

DEVICE_CLASS_COLUMNS: Final = (NAME, AGE)
