"""Condition: the shape that newer kinds give their conditions."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.meta import model, wire


@model
class Condition:
    """One thing that is or is not so about an object."""

    type: str = wire(required=True, emit="always")
    """What is stated, in CamelCase or ``example.com/CamelCase``. Each type comes once in a list."""
    status: str = wire(required=True, emit="always")
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that the condition was judged by; an older one means that it may be out of date."""
    last_transition_time: datetime | None = wire(default=None, required=True, emit="null")
    """When ``status`` last changed from one value to another."""
    reason: str = wire(required=True, emit="always")
    """Why, as one CamelCase word that programs can compare. Must not be empty."""
    message: str = wire(default="", required=True, emit="always")
    """Why, in a sentence for people. At most 32768 characters."""


@model
class StateCondition:
    """One thing that is or is not so about an object, as the kinds have it that are older than `Condition`."""

    type: str = wire(required=True, emit="always")
    """What is stated, as a word for programs."""
    status: str = wire(required=True, emit="always")
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    last_transition_time: datetime | None = wire(default=None, emit="null")
    """When ``status`` last changed from one value to another."""
    reason: str | None = None
    """Why, as one word for programs."""
    message: str | None = None
    """Why, in a sentence for people."""
