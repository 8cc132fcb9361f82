"""Namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, malformed
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.carry_over import keep

NAME_LABEL: Final = "kubernetes.io/metadata.name"


class NamespaceRules(KindRules):
    revalidates_metadata = 1

    def default(self, obj: JsonObject) -> None:
        """Every namespace can be selected by its name."""
        name = obj["metadata"].get("name")
        if name:
            obj["metadata"]["labels"] = {**(obj["metadata"].get("labels") or {}), NAME_LABEL: name}

    def prepare_create(self, obj: JsonObject) -> None:
        self.default(obj)
        spec = obj.setdefault("spec", {})
        finalizers = list(spec.get("finalizers") or ())
        if "kubernetes" not in finalizers:
            finalizers.append("kubernetes")
        spec["finalizers"] = finalizers
        obj["status"] = {"phase": "Active"}

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        if not subresource:
            keep(obj, old, "spec")

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        finalizers = (obj.get("spec") or {}).get("finalizers") or ()
        return [cause for each in finalizers for cause in _finalizer(each, "spec.finalizers")]

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "finalize":
            finalizers = (obj.get("spec") or {}).get("finalizers") or ()
            return [
                cause
                for index, each in enumerate(finalizers)
                for cause in _finalizer(each, f"spec.finalizers[{index}]")
            ]
        if subresource == "status":
            phase = (obj.get("status") or {}).get("phase")
            ending = bool(obj["metadata"].get("deletionTimestamp"))
            if ending and phase != "Terminating":
                words = "may only be 'Terminating' if `deletionTimestamp` is not empty"
                return [invalid("status.Phase", phase, words)]
            if not ending and phase != "Active":
                return [invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")]
        return ()

    def begin_delete(self, obj: JsonObject) -> None:
        obj["metadata"].pop("deletionGracePeriodSeconds", None)
        obj.setdefault("status", {})["phase"] = "Terminating"

    def may_be_removed(self, obj: Mapping[str, Any]) -> bool:
        """It also waits for the finalizers in its spec: its contents go first."""
        return not (obj.get("spec") or {}).get("finalizers")


def _finalizer(name: str, path: str) -> list[Cause]:
    causes = malformed(path, name, "qualified-name")
    if "/" not in name and name != "kubernetes":
        words = "name is neither a standard finalizer name nor is it fully qualified"
        causes.append(invalid(path, name, words))
    return causes
