"""What validating and mutating admission policies have in common."""

from __future__ import annotations

from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import LabelSelector


@model
class ParamKind:
    """The kind of a policy's parameters."""

    __map_type__ = "atomic"

    api_version: str = ""
    """Group and version of the kind (``rules.example.com/v1``)."""
    kind: str = ""
    """The kind, as objects name it (``ReplicaLimit``)."""


@model
class ParamRef:
    """The objects that a binding gives its policy as parameters."""

    __map_type__ = "atomic"

    name: str = ""
    """The object's name. Not together with ``selector``."""
    namespace: str = ""
    """The objects' namespace. Left out, the one of the object that is written."""
    selector: LabelSelector | None = None
    """Labels of the objects: the policy is asked once with each. Not together with ``name``."""
    parameter_not_found_action: str | None = wire(default=None, keep_zero=True)
    """What it means where there is no such object: ``Allow`` or ``Deny``."""


@model
class Variable:
    """A value that expressions use by ``variables.NAME``; worked out when it is first used."""

    __map_type__ = "atomic"

    name: str = wire(required=True, emit="always")
    """The variable's name."""
    expression: str = wire(required=True, emit="always")
    """Its value, as a CEL expression that may use the variables before it."""
