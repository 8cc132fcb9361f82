"""What expressions see of an admission request: the variable ``request``.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from __future__ import annotations

from typing import Final

from sampan.core.schema.types import Field, List, Map, Scalar, Struct, Type

TEXT: Final = Scalar(kind="string")


def _struct(called: str, **fields: Type) -> Struct:
    made = {name: Field(name=name, type=kind) for name, kind in fields.items()}
    return Struct(definition=f"kubernetes.{called}", make_fields=lambda: made)


KIND: Final = _struct("GroupVersionKind", group=TEXT, version=TEXT, kind=TEXT)
RESOURCE: Final = _struct("GroupVersionResource", group=TEXT, version=TEXT, resource=TEXT)
USER: Final = _struct("UserInfo", username=TEXT, uid=TEXT, groups=List(item=TEXT), extra=Map(value=List(item=TEXT)))
REQUEST: Final = _struct(
    "AdmissionRequest",
    kind=KIND,
    resource=RESOURCE,
    subResource=TEXT,
    requestKind=KIND,
    requestResource=RESOURCE,
    requestSubResource=TEXT,
    name=TEXT,
    namespace=TEXT,
    operation=TEXT,
    userInfo=USER,
    dryRun=Scalar(kind="boolean"),
    options=Scalar(kind="any"),
)
