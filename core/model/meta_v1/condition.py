"""Condition: the shape that newer kinds give their conditions."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.meta import model, wire


@model
class Condition:
    """One thing that is or is not so about an object."""

    type: str = wire(required=True, emit="always")
    status: str = wire(required=True, emit="always")
    observed_generation: int = wire(default=0, format="int64")
    last_transition_time: datetime | None = wire(default=None, required=True, emit="null")
    reason: str = wire(required=True, emit="always")
    message: str = wire(default="", required=True, emit="always")
