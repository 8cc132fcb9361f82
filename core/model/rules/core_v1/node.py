"""Node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, internal, invalid, malformed
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.addresses import range_warnings
from sampan.core.model.rules.common.selectors import label_name
from sampan.core.model.rules.core_v1.affinity import taint_effect
from sampan.core.model.rules.core_v1.resource_names import validate_amount

Value = Mapping[str, Any]

NOT_READY: Final = "node.kubernetes.io/not-ready"


class NodeRules(KindRules):
    revalidates_metadata = 1

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        spec = obj.get("spec") or {}
        if spec.get("configSource") is not None:
            yield "spec.configSource: the feature is removed"
        if spec.get("externalID"):
            yield "spec.externalID: this field is deprecated, and is unused by Kubernetes"
        for index, text in enumerate(spec.get("podCIDRs") or ()):
            yield from range_warnings(text, f"spec.podCIDRs[{index}]")

    def default(self, obj: JsonObject) -> None:
        status = obj.get("status") or {}
        if status.get("capacity") and not status.get("allocatable"):
            status["allocatable"] = dict(status["capacity"])
        _agree_on_ranges(obj.get("spec") or {})

    def prepare_create(self, obj: JsonObject) -> None:
        """A new node is not ready until it says so (Kubernetes' TaintNodesByCondition admission)."""
        spec = obj.setdefault("spec", {})
        spec.pop("configSource", None)
        obj.get("status", {}).pop("config", None)
        taints = list(spec.get("taints") or ())
        if not any(taint.get("key") == NOT_READY and taint.get("effect") == "NoSchedule" for taint in taints):
            taints.append({"key": NOT_READY, "effect": "NoSchedule"})
        spec["taints"] = taints

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        """What a feature that is gone had to say can only be kept."""
        half, word = ("status", "config") if subresource == "status" else ("spec", "configSource")
        if not (old.get(half) or {}).get(word):
            (obj.get(half) or {}).pop(word, None)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        """What holds for a new node is looked at once more, and told once more."""
        causes = _resources(obj.get("status") or {})
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
        causes += _taints(spec.get("taints") or (), "metadata.taints")
        if spec.get("externalID") != before.get("externalID"):
            causes.append(forbidden("spec.externalID", "may not be updated"))
        return causes


def _agree_on_ranges(spec: JsonObject) -> None:
    """``podCIDR`` is the first of ``podCIDRs``, and decides where they differ."""
    first, all_of_them = spec.get("podCIDR"), spec.get("podCIDRs")
    if first and (all_of_them or [""])[0] != first:
        spec["podCIDRs"] = [first]
    elif all_of_them and not first:
        spec["podCIDR"] = all_of_them[0]


def validate_node(obj: Value, path: str) -> list[Cause]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    causes = _taints(spec.get("taints") or (), "metadata.taints") + _resources(status)
    return causes + _pod_cidrs(spec.get("podCIDRs") or ())


def _resources(status: Value) -> list[Cause]:
    return [
        cause
        for word in ("capacity", "allocatable")
        for name, amount in (status.get(word) or {}).items()
        for cause in validate_amount(name, amount, f"status.{word}.{name}")
    ]


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
    found = [malformed(f"{path}[{index}]", cidr, "cidr") for index, cidr in enumerate(cidrs)]
    causes = [cause for each in found for cause in each]
    if len(cidrs) < 2:
        return causes
    bad = next((index for index, each in enumerate(found) if each), None)
    if bad is not None:
        words = f"invalid CIDR[{bad}]: <nil> (invalid CIDR address: {cidrs[bad]})"
        causes.append(internal(path, f"invalid PodCIDRs. failed to check with dual stack with error:{words}"))
    versions = {ip_network(cidr, strict=False).version for cidr in cidrs} if not causes else set()
    if len(versions) < 2 or len(cidrs) > 2:
        causes.append(invalid(path, list(cidrs), "may specify no more than one CIDR for each IP family"))
    return causes
