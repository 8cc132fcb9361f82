"""What the ``Warning`` header tells the writer of a valid object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sampan.core.model.kinds import KindInfo


def remarks(
    info: KindInfo,
    obj: Mapping[str, Any],
    old: Mapping[str, Any] | None = None,
    subresource: str = "",
    here: Mapping[str, str] = {},
) -> Iterator[str]:
    """That nothing acts on the kind, anywhere or (by ``here``) in this cluster, and what its own rules have to say.

    ``old`` is what there was, where the object is not new.
    """
    without_effect = info.without_effect or here.get(info.resource)
    if without_effect and not subresource:
        yield f"{info.kind} is stored without effect: {without_effect}"
    yield from info.rules.warnings(obj)
    if old is None:
        yield from info.rules.new_warnings(obj)
    elif not subresource:
        yield from info.rules.change_warnings(obj, old)
    if old is None or obj["metadata"].get("generation") != old["metadata"].get("generation"):
        yield from info.rules.spec_warnings(obj)
