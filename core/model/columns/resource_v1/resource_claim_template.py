"""The columns of ResourceClaimTemplates."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME

RESOURCE_CLAIM_TEMPLATE_COLUMNS: Final = (NAME, AGE)
