"""The error that refuses an object, made from the causes that validation found.

The text is that of ``apimachinery``'s ``NewInvalid``. Called by the API server and by patching.
"""

from __future__ import annotations

from collections.abc import Sequence

from sampan.core.errors import Cause, Invalid
from sampan.core.schema.resource import Resource


def invalid_object(resource: Resource, name: str, causes: Sequence[Cause]) -> Invalid:
    """The 422 for an object of ``resource`` called ``name``."""
    info = resource.info
    kind = f"{info.kind}.{info.group}" if info.group else info.kind
    message = f'{kind} "{name}" is invalid: {aggregate(causes)}'
    return Invalid(message, kind=info.kind, group=info.group, name=name, causes=causes)


def aggregate(causes: Sequence[Cause]) -> str:
    """All causes in one line; the same thing is said once."""
    said = list(dict.fromkeys(f"{cause.field or '<nil>'}: {cause.message}" for cause in causes))
    return said[0] if len(said) == 1 else f"[{', '.join(said)}]"
