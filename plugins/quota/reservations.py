"""What requests that have been admitted are about to store, as it counts for quotas; as data, and as a note."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import attrs
import orjson

from sampan.core.classes import frozen
from sampan.plugins.quota.usage import Usage


@frozen
class Reservation:
    resource: str
    name: str
    """The object's. What it uses counts instead of what it used before."""
    until: datetime
    usage: Mapping[str, Usage]
    """Of each quota that counts it."""
    uid: str = attrs.field(factory=lambda: uuid.uuid4().hex)


def written(reservations: Sequence[Reservation]) -> bytes:
    """Empty where there are none."""
    if not reservations:
        return b""
    return orjson.dumps(
        [
            {
                "resource": each.resource,
                "name": each.name,
                "until": each.until.isoformat(),
                "uid": each.uid,
                "usage": {
                    quota: {name: str(number) for name, number in usage.items()} for quota, usage in each.usage.items()
                },
            }
            for each in reservations
        ]
    )


def read(note: bytes) -> list[Reservation]:
    return [
        Reservation(
            each["resource"],
            each["name"],
            datetime.fromisoformat(each["until"]),
            {
                quota: {name: Decimal(number) for name, number in usage.items()}
                for quota, usage in each["usage"].items()
            },
            each["uid"],
        )
        for each in orjson.loads(note or b"[]")
    ]
