"""What is stated of flow schemas and priority levels."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.meta import model, wire


@model
class FlowCondition:
    """One thing that is or is not so; nothing in it is required."""

    type: str | None = None
    """What is stated, as a word for programs."""
    status: str | None = None
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    last_transition_time: datetime | None = wire(default=None, emit="null")
    """When ``status`` last changed from one value to another."""
    reason: str | None = None
    """Why, as one word for programs."""
    message: str | None = None
    """Why, in a sentence for people."""
