"""Why an object of one kind is none of another, in the words of Kubernetes' scheme (``k8s.io/apimachinery/pkg/runtime``).

Kubernetes registers every type by its group, version and kind, those of versions that are served no more too; a body of a
registered type cannot be converted, and one of another cannot be read. For refusals alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from sampan.core.model.kinds import KindInfo, info
from sampan.core.model.storage import ViewOf

LEGACY: Final = "pkg/api/legacyscheme/scheme.go:30"
META: Final = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"
"""Where the schemes of the API's objects and of its options are made: their names in messages."""

OPTIONS: Final = frozenset(
    {
        "CreateOptions", "DeleteOptions", "GetOptions", "ListOptions", "PatchOptions", "UpdateOptions", "WatchEvent",
    }
)  # fmt: skip
"""Registered in every version of every group."""
ANYWHERE: Final = frozenset({"APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "Status"})
"""Registered without a version: they are what they are, whatever version they name."""
FORMER: Final = {
    "admissionregistration.k8s.io": ("v1alpha1", "v1beta1"),
    "apps": ("v1beta1", "v1beta2"),
    "authentication.k8s.io": ("v1alpha1", "v1beta1"),
    "authorization.k8s.io": ("v1beta1",),
    "batch": ("v1beta1",),
    "certificates.k8s.io": ("v1alpha1", "v1beta1"),
    "coordination.k8s.io": ("v1alpha2", "v1beta1"),
    "discovery.k8s.io": ("v1beta1",),
    "events.k8s.io": ("v1beta1",),
    "flowcontrol.apiserver.k8s.io": ("v1beta1", "v1beta2", "v1beta3"),
    "networking.k8s.io": ("v1beta1",),
    "node.k8s.io": ("v1alpha1", "v1beta1"),
    "policy": ("v1beta1",),
    "rbac.authorization.k8s.io": ("v1alpha1", "v1beta1"),
    "resource.k8s.io": ("v1alpha3", "v1beta1", "v1beta2"),
    "scheduling.k8s.io": ("v1alpha2", "v1beta1"),
    "storage.k8s.io": ("v1alpha1", "v1beta1"),
}
"""Versions of built-in groups that are registered beside those that are served."""


def misfit(about: KindInfo, kind: str, api_version: str) -> str:
    """Why ``kind`` in ``api_version`` is no object of the kind ``about``; empty for another version of that kind."""
    if not is_registered(kind, api_version):
        return not_registered(kind, api_version, LEGACY)
    home = home_of(about)
    if kind == about.kind and _registered()[api_version].get(kind) == home:
        return ""
    version = "v1" if kind in ANYWHERE else api_version.rpartition("/")[2]
    return f"converting ({version}.{kind}) to ({home}.{about.kind}): unknown conversion"


def misfit_options(kind: str, api_version: str) -> str:
    """Why ``kind`` are no DeleteOptions; empty where they are, in whatever version."""
    if kind == "DeleteOptions":
        return ""
    if kind in ANYWHERE:
        return f"converting (v1.{kind}) to (v1.DeleteOptions): unknown conversion"
    return not_registered(kind, api_version or "meta.k8s.io/v1", META)


def not_registered(kind: str, api_version: str, scheme: str) -> str:
    return f'no kind "{kind}" is registered for version "{api_version}" in scheme "{scheme}"'


def is_registered(kind: str, api_version: str) -> bool:
    if kind in ANYWHERE:
        return True
    known = _registered().get(api_version)
    return known is not None and (kind in known or kind in OPTIONS)


def home_of(about: KindInfo) -> str:
    """Go's package of the kind's unversioned type, which is the stored one's where a kind is a view of another."""
    stored = info(about.storage.kind) if isinstance(about.storage, ViewOf) else about
    return stored.group.partition(".")[0] or "core"


@cache
def _registered() -> Mapping[str, Mapping[str, str]]:
    """The kinds of every version, built-in ones alone, each with its home."""
    from sampan.core.model.builtin import BUILTIN_KINDS

    known: dict[str, dict[str, str]] = {"v1": {"List": "core"}}
    for about in map(info, BUILTIN_KINDS):
        for version in (about.version, *FORMER.get(about.group, ())):
            kinds = known.setdefault(f"{about.group}/{version}".lstrip("/"), {})
            kinds[about.kind] = kinds[about.list_kind] = home_of(about)
    return known
