"""The parts of ``metadata`` that only the server writes: names made up, identity, times, generation.

Called by create, update and delete. Works in place on wire values; pure but for the randomness of names and uids.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any, Final

from sampan.core.api.uids import new_uid
from sampan.core.errors import BadRequest
from sampan.core.model.kinds import KindInfo
from sampan.core.schema.scalars import format_time

MAX_NAME: Final = 63
SUFFIX_LENGTH: Final = 5
SUFFIX_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no look-alikes, so that no bad words come out."""

Meta = MutableMapping[str, Any]


def generated_name(prefix: str) -> str:
    """``prefix`` and five random letters, cut so that the whole is a valid label."""
    return prefix[: MAX_NAME - SUFFIX_LENGTH] + "".join(random.choices(SUFFIX_LETTERS, k=SUFFIX_LENGTH))


def place(obj: MutableMapping[str, Any], info: KindInfo, namespace: str) -> Meta:
    """Put the object into the URL's namespace. Raises `BadRequest` where it says another."""
    meta: Meta = obj.setdefault("metadata", {})
    own = meta.get("namespace", "")
    if info.namespaced:
        if own and own != namespace:
            raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
        meta["namespace"] = namespace
    else:
        meta.pop("namespace", None)
    return meta


def wipe(meta: Meta) -> None:
    """Take out what a client cannot choose of a new object, before anybody counts what it has written."""
    for field in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        meta.pop(field, None)


def without_repeated_owners(meta: Meta) -> list[str]:
    """Leave each owner once. The UIDs of those that were there again."""
    kept: list[Any] = []
    repeated = []
    for owner in meta.get("ownerReferences") or ():
        if owner in kept:
            repeated.append(str(owner.get("uid") or ""))
        else:
            kept.append(owner)
    if repeated:
        meta["ownerReferences"] = kept
    return repeated


def owners_warning(repeated: Sequence[str], *, admitted: bool = False) -> str:
    """``admitted``: the object is looked at as a patch and mutating admission have left it."""
    when = " after mutating admission happens" if admitted else ""
    return (
        f".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and may "
        f"reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {', '.join(repeated)}"
    )


def begin(meta: Meta, info: KindInfo, now: datetime) -> None:
    """What a new object is given, whatever the client wrote there."""
    for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"):
        meta.pop(field, None)
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = generated_name(meta["generateName"])
    meta["uid"] = new_uid()
    meta["creationTimestamp"] = format_time(now)
    if info.has_generation:
        meta["generation"] = 1


def carry_over(meta: Meta, old: Mapping[str, Any]) -> None:
    """What an update may leave out, and what it cannot change however hard it tries."""
    meta["creationTimestamp"] = old.get("creationTimestamp")
    meta.setdefault("uid", old.get("uid"))
    if old.get("deletionTimestamp"):
        meta["deletionTimestamp"] = old["deletionTimestamp"]
    if "deletionGracePeriodSeconds" in old:
        meta.setdefault("deletionGracePeriodSeconds", old["deletionGracePeriodSeconds"])
    if "generation" in old:
        meta["generation"] = old["generation"]
    else:
        meta.pop("generation", None)
    meta.pop("selfLink", None)


def is_deleting(wire: Mapping[str, Any]) -> bool:
    return bool(wire["metadata"].get("deletionTimestamp"))
