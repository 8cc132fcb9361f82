"""Namespace, Node, Lease."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, invalid, malformed, negative, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.affinity import taint_effect
from sampan.core.model.rules.carry_over import keep
from sampan.core.model.rules.resources import validate_amount
from sampan.core.model.rules.selectors import label_name

Value = Mapping[str, Any]

NAME_LABEL: Final = "kubernetes.io/metadata.name"
NOT_READY: Final = "node.kubernetes.io/not-ready"
LEASE_STRATEGIES: Final = ("OldestEmulationVersion",)


class NamespaceRules(KindRules):
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


def _finalizer(name: str, path: str) -> list[Cause]:
    causes = malformed(path, name, "qualified-name")
    if not causes and "/" not in name and name != "kubernetes":
        words = "name is neither a standard finalizer name nor is it fully qualified"
        causes.append(invalid(path, name, words))
    return causes


class NodeRules(KindRules):
    def default(self, obj: JsonObject) -> None:
        status = obj.get("status") or {}
        if status.get("capacity") and not status.get("allocatable"):
            status["allocatable"] = dict(status["capacity"])
        spec = obj.get("spec") or {}
        if spec.get("podCIDR") and not spec.get("podCIDRs"):
            spec["podCIDRs"] = [spec["podCIDR"]]
        elif spec.get("podCIDRs") and not spec.get("podCIDR"):
            spec["podCIDR"] = spec["podCIDRs"][0]

    def prepare_create(self, obj: JsonObject) -> None:
        """A new node is not ready until it says so (Kubernetes' TaintNodesByCondition admission)."""
        spec = obj.setdefault("spec", {})
        taints = list(spec.get("taints") or ())
        if not any(taint.get("key") == NOT_READY and taint.get("effect") == "NoSchedule" for taint in taints):
            taints.append({"key": NOT_READY, "effect": "NoSchedule"})
        spec["taints"] = taints

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        causes = []
        addresses = (obj.get("status") or {}).get("addresses") or ()
        for index, address in enumerate(addresses):
            if address in addresses[:index]:
                causes.append(duplicate(f"status.addresses[{index}]", address))
        spec, before = obj.get("spec") or {}, old.get("spec") or {}
        words = 'node updates may not change {} except from "" to valid'
        if before.get("podCIDRs") and spec.get("podCIDRs") != before["podCIDRs"]:
            causes.append(forbidden("spec.podCIDRs", words.format("podCIDR")))
        if before.get("providerID") and spec.get("providerID") != before["providerID"]:
            causes.append(forbidden("spec.providerID", words.format("providerID")))
        if spec.get("externalID") != before.get("externalID"):
            causes.append(forbidden("spec.externalID", "may not be updated"))
        return causes


def validate_node(obj: Value, path: str) -> list[Cause]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    causes = _taints(spec.get("taints") or (), "metadata.taints")
    for word in ("capacity", "allocatable"):
        for name, amount in (status.get(word) or {}).items():
            causes += validate_amount(name, amount, f"status.{word}.{name}")
    return causes + _pod_cidrs(spec.get("podCIDRs") or ())


def _taints(taints: Sequence[Value], path: str) -> list[Cause]:
    """Kubernetes reports them under ``metadata``."""
    causes = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        where, key, effect = f"{path}[{index}]", taint.get("key") or "", taint.get("effect") or ""
        causes += label_name(key, f"{where}.key")
        if problems := formats.label_value(taint.get("value") or ""):
            causes.append(invalid(f"{where}.value", taint["value"], ";".join(problems)))
        causes += taint_effect(effect, f"{where}.effect")
        if (effect, key) in seen:
            causes.append(duplicate(where, taint))
        seen.add((effect, key))
    return causes


def _pod_cidrs(cidrs: Sequence[str]) -> list[Cause]:
    path = "spec.podCIDRs"
    causes = [cause for index, cidr in enumerate(cidrs) for cause in malformed(f"{path}[{index}]", cidr, "cidr")]
    if len(cidrs) < 2 or causes:
        return causes
    versions = {ip_network(cidr, strict=False).version for cidr in cidrs}
    if len(versions) < 2 or len(cidrs) > 2:
        causes.append(invalid(path, list(cidrs), "may specify no more than one CIDR for each IP family"))
    causes += [duplicate(f"{path}[{i}]", cidr) for i, cidr in enumerate(cidrs) if cidr in cidrs[:i]]
    return causes


def validate_lease(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        causes.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    causes += negative("spec.leaseTransitions", spec.get("leaseTransitions"))
    strategy, holder = spec.get("strategy"), spec.get("preferredHolder")
    if strategy is not None:
        causes += malformed("spec.strategy", strategy, "qualified-name") if "/" in strategy else []
        if "/" not in strategy and strategy not in LEASE_STRATEGIES:
            causes.append(not_supported("spec.strategy", strategy, LEASE_STRATEGIES))
    if holder and strategy is None:
        words = "may only be specified if `strategy` is defined"
        causes.append(invalid("spec.preferredHolder", holder, words))
    if spec.get("holderIdentity") == "":
        causes.append(required("spec.holderIdentity", "must not be empty"))
    return causes
