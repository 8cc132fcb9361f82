"""A served kind as the API server sees it, whatever it was made from: a Python class or a CustomResourceDefinition.

Handlers, watch caches and the OpenAPI writer hold `Resource`s and never ask where one came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import attrs

from sampan.core.classes import frozen
from sampan.core.model.kinds import Column, KindInfo, KindRules, info
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.types import Struct

DEFAULT_COLUMNS: Final = (
    Column(name="Name", cell=".metadata.name", format="name"),
    Column(name="Created At", cell=lambda obj, now: obj["metadata"].get("creationTimestamp"), type="date"),
)
"""What Kubernetes prints for a kind without columns of its own."""

CUSTOM_COLUMNS: Final = (
    Column(name="Name", cell=".metadata.name", format="name"),
    Column(name="Age", cell=".metadata.creationTimestamp", type="date"),
)
"""What Kubernetes prints for a custom resource without ``additionalPrinterColumns``."""

NAME_COLUMN: Final = CUSTOM_COLUMNS[0]


@frozen(kw_only=True)
class Resource:
    """A kind's description, its type, and (for kinds with a Python class) the class that its objects decode into."""

    info: KindInfo
    struct: Struct
    cls: type | None = None
    schema: Mapping[str, Any] | None = attrs.field(default=None, eq=False, repr=False)
    """The ``openAPIV3Schema`` that it was made from, as OpenAPI documents show it; ``None`` for a class."""

    @property
    def rules(self) -> KindRules:
        return self.info.rules

    @property
    def custom(self) -> bool:
        """Made from a schema at run time: no strategic merge, values kept as written."""
        return self.struct.verbatim

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The Table's columns, first the name (unless the kind puts it elsewhere)."""
        columns = self.info.columns
        if not columns:
            return CUSTOM_COLUMNS if self.custom else DEFAULT_COLUMNS
        if any(column.format == "name" for column in columns):
            return columns
        return (NAME_COLUMN, *columns)


def resource_of(cls: type) -> Resource:
    """The resource of a class with ``@kind``. Raises `TypeError` for any other class."""
    return Resource(info=info(cls), struct=struct_of(cls), cls=cls)
