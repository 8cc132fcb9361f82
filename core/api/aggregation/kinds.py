"""Which kinds of objects other API servers bring, as those see them who look at objects of every kind. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sampan.core.api.aggregation.documents import Document
from sampan.core.api.aggregation.registered import GroupVersion
from sampan.core.model.kinds import KubeObject
from sampan.core.model.unstructured import unstructured

NEEDED = {"list", "watch", "delete"}


def kinds_of(
    versions: Iterable[tuple[GroupVersion, Iterable[Document]]],
) -> Mapping[GroupVersion, set[type[KubeObject]]]:
    """``versions`` with their resources, those first that clients prefer: a resource counts in the first that has it."""
    seen: set[tuple[str, str]] = set()
    found: dict[GroupVersion, set[type[KubeObject]]] = {}
    for (group, version), resources in versions:
        kinds = found[group, version] = set()
        for each in resources:
            plural, kind = each["resource"], each["responseKind"]["kind"]
            if (group, plural) in seen or not (plural and kind and set(each["verbs"]) >= NEEDED):
                continue
            seen.add((group, plural))
            kinds.add(unstructured(f"{group}/{version}", kind, plural, namespaced=each["scope"] == "Namespaced"))
    return found
