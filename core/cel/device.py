"""What expressions see of a device: the variable ``device`` of selectors in claims and device classes.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/resource-claim-v1/
"""

from __future__ import annotations

from typing import Final

from sampan.core.schema.types import Field, Map, Scalar, Struct, Type

_BY_NAME: Final = Map(value=Map(value=Scalar(kind="any")))
"""Domain, then identifier."""
_FIELDS: Final[dict[str, Type]] = {
    "driver": Scalar(kind="string"),
    "attributes": _BY_NAME,
    "capacity": _BY_NAME,
    "allowMultipleAllocations": Scalar(kind="boolean"),
}
DEVICE: Final = Struct(make_fields=lambda: {name: Field(name=name, type=kind) for name, kind in _FIELDS.items()})
