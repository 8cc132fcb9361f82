"""CSIDriver, CSINode and CSIStorageCapacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, duplicate, invalid, malformed, negative, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.quantity import canonical, parse
from sampan.core.model.rules.common.selectors import validate_selector
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]

FS_GROUP_POLICIES: Final = ("File", "None", "ReadWriteOnceWithFSType")
LIFECYCLE_MODES: Final = ("Persistent", "Ephemeral")
SHORTEST_TOKEN: Final = 600
LONGEST_TOKEN: Final = 1 << 32
MAX_NODE_ID: Final = 256
ADVICE: Final = (
    "spec.tokenRequests: service account tokens are handed to the driver with the volume's attributes, where they may "
    "be logged; set spec.serviceAccountTokenInSecrets for drivers that can take them as secrets"
)


class CsiDriverRules(KindRules):
    def prepare_create(self, obj: JsonObject) -> None:
        """A driver's generation counts from its first change. What is behind an alpha feature is left out."""
        obj["metadata"].pop("generation", None)
        if spec := obj.get("spec"):
            spec.pop("preventPodSchedulingIfMissing", None)

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        if "preventPodSchedulingIfMissing" not in old["spec"]:
            obj["spec"].pop("preventPodSchedulingIfMissing", None)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        spec, before = obj["spec"], old["spec"]
        causes = changed("spec.attachedRequired", spec.get("attachRequired"), before.get("attachRequired"))
        modes = "volumeLifecycleModes"
        return causes + changed(f"spec.{modes}", spec.get(modes), before.get(modes))

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        spec = obj.get("spec") or {}
        return [ADVICE] if spec.get("tokenRequests") and spec.get("serviceAccountTokenInSecrets") is None else ()


def validate_csi_driver(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    policy, tokens = spec.get("fsGroupPolicy"), spec.get("tokenRequests") or ()
    if policy is not None and policy not in FS_GROUP_POLICIES:
        causes.append(not_supported("spec.fsGroupPolicy", policy, FS_GROUP_POLICIES))
    causes += _token_requests(tokens, "spec.tokenRequests")
    for mode in spec.get("volumeLifecycleModes") or ():
        if mode not in LIFECYCLE_MODES:
            causes.append(not_supported("spec.volumeLifecycleModes", mode, LIFECYCLE_MODES))
    period, in_secrets = spec.get("nodeAllocatableUpdatePeriodSeconds"), spec.get("serviceAccountTokenInSecrets")
    if period is not None and period < 10:
        words = "must be greater than or equal to 10 seconds"
        causes.append(invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, words))
    if in_secrets is not None and not tokens:
        words = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        causes.append(invalid("spec.serviceAccountTokenInSecrets", in_secrets, words))
    return causes


def _token_requests(tokens: Sequence[Value], path: str) -> list[Cause]:
    causes, audiences = [], set()
    for index, token in enumerate(tokens):
        audience, seconds = token.get("audience") or "", token.get("expirationSeconds")
        if audience in audiences:
            causes.append(duplicate(f"{path}[{index}].audience", audience))
            continue
        audiences.add(audience)
        where = f"{path}[{index}].expirationSeconds"
        if seconds is not None and seconds < SHORTEST_TOKEN:
            causes.append(invalid(where, seconds, "may not specify a duration less than 10 minutes"))
        if seconds is not None and seconds > LONGEST_TOKEN:
            causes.append(invalid(where, seconds, "may not specify a duration larger than 2^32 seconds"))
    return causes


class CsiNodeRules(KindRules):
    revalidates_metadata = 1
    rechecks_changes = False

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        """A driver that stays says the same as before, but for how many volumes it can have."""
        causes = []
        for before in old["spec"].get("drivers") or ():
            for driver in obj["spec"].get("drivers") or ():
                if driver.get("name") == before.get("name"):
                    causes += changed("spec.drivers", _lasting(driver), _lasting(before))
        return causes


def _lasting(driver: Value) -> Value:
    return {word: item for word, item in driver.items() if word != "allocatable"}


def validate_csi_node(obj: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    names: set[str] = set()
    for index, driver in enumerate((obj.get("spec") or {}).get("drivers") or ()):
        name = driver.get("name") or ""
        causes += _node_driver(driver, name in names, f"spec.drivers[{index}]")
        names.add(name)
    return causes


def _node_driver(driver: Value, repeated: bool, path: str) -> list[Cause]:
    name, node_id, keys = driver.get("name") or "", driver.get("nodeID") or "", driver.get("topologyKeys") or ()
    causes = validate_driver_name(name, f"{path}.name")
    if not node_id:
        causes.append(required(f"{path}.nodeID"))
    if len(node_id.encode()) > MAX_NODE_ID:
        causes.append(invalid(f"{path}.nodeID", node_id, f"must be {MAX_NODE_ID} characters or less"))
    causes += negative(f"{path}.allocatable.count", (driver.get("allocatable") or {}).get("count"))
    if repeated:
        causes.append(duplicate(f"{path}.name", name))
    for index, key in enumerate(keys):
        if not key:
            causes.append(required(path))
        if key in keys[:index]:
            causes.append(duplicate(path, key))
        causes += malformed(path, key, "qualified-name")
    return causes


class CsiStorageCapacityRules(KindRules):
    revalidates_metadata = 1

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        """What the free space was asked about; only the answer may change."""
        return [
            cause
            for word in ("nodeTopology", "storageClassName")
            for cause in changed(word, obj.get(word), old.get(word))
        ]


def validate_csi_storage_capacity(obj: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    if (topology := obj.get("nodeTopology")) is not None:
        causes += validate_selector(topology, "nodeTopology")
    causes += malformed("storageClassName", obj.get("storageClassName") or "", "dns1123-subdomain")
    capacity = obj.get("capacity")
    if capacity is not None and parse(capacity).number < 0:
        causes.append(invalid("capacity", canonical(capacity), "must be greater than or equal to 0"))
    return causes
