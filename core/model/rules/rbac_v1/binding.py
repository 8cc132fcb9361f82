"""RoleBinding and ClusterRoleBinding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.metadata import path_segment

Value = Mapping[str, Any]

GROUP: Final = "rbac.authorization.k8s.io"
SUBJECT_KINDS: Final = ("ServiceAccount", "User", "Group")


class BindingRules(KindRules):
    revalidates_metadata = 1

    def default(self, obj: JsonObject) -> None:
        """Roles, users and groups are of this API group where nothing else is said."""
        role = obj.setdefault("roleRef", {})
        if not role.get("apiGroup"):
            role["apiGroup"] = GROUP
        for subject in obj.get("subjects") or ():
            if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
                subject["apiGroup"] = GROUP

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        """Who was given one role must not silently have another."""
        if obj["roleRef"] == old["roleRef"]:
            return ()
        role = {"APIGroup" if word == "apiGroup" else word.capitalize(): text for word, text in obj["roleRef"].items()}
        return [invalid("roleRef", role, "cannot change roleRef")]


def validate_role_binding(obj: Value, path: str) -> list[Cause]:
    return _binding(obj, ("Role", "ClusterRole"), namespaced=True)


def validate_cluster_role_binding(obj: Value, path: str) -> list[Cause]:
    return _binding(obj, ("ClusterRole",), namespaced=False)


def _binding(obj: Value, role_kinds: tuple[str, ...], *, namespaced: bool) -> list[Cause]:
    role = obj.get("roleRef") or {}
    group, kind, name = role.get("apiGroup") or "", role.get("kind") or "", role.get("name") or ""
    causes = []
    if group != GROUP:
        causes.append(not_supported("roleRef.apiGroup", group, (GROUP,)))
    if kind not in role_kinds:
        causes.append(not_supported("roleRef.kind", kind, role_kinds))
    if not name:
        causes.append(required("roleRef.name"))
    causes += [invalid("roleRef.name", name, problem) for problem in path_segment(name)]
    for index, subject in enumerate(obj.get("subjects") or ()):
        causes += _subject(subject, f"subjects[{index}]", namespaced=namespaced)
    return causes


def _subject(subject: Value, path: str, *, namespaced: bool) -> list[Cause]:
    kind, name, group = subject.get("kind") or "", subject.get("name") or "", subject.get("apiGroup") or ""
    causes = [] if name else [required(f"{path}.name")]
    if kind == "ServiceAccount":
        if name:
            causes += [invalid(f"{path}.name", name, problem) for problem in formats.dns1123_subdomain(name)]
        if group:
            causes.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            causes.append(required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != GROUP:
            causes.append(not_supported(f"{path}.apiGroup", group, (GROUP,)))
    else:
        causes.append(not_supported(f"{path}.kind", kind, SUBJECT_KINDS))
    return causes
