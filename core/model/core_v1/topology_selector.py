"""Parts of the cluster, by the labels of their nodes."""

from __future__ import annotations

from sampan.core.model.meta import model, wire


@model
class TopologySelectorLabelRequirement:
    """Values that a node label may have."""

    key: str = wire(required=True, emit="always")
    """The label's key."""
    values: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The values of which the label must have one."""


@model
class TopologySelectorTerm:
    """Nodes on which all of these hold."""

    __map_type__ = "atomic"

    match_label_expressions: tuple[TopologySelectorLabelRequirement, ...] = wire(default=(), list_type="atomic")
    """What must be true of a node's labels."""
