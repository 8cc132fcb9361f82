"""DeviceClass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.core_v1.resource_names import is_extended
from sampan.core.model.rules.resource_v1.device_configuration import MAX_CONFIGS, validate_configuration
from sampan.core.model.rules.resource_v1.device_selector import validate_selectors
from sampan.core.model.rules.resource_v1.lists import each_of

Value = Mapping[str, Any]


class DeviceClassRules(KindRules):
    revalidates_metadata = 1
    checks_prefix = False


def validate_device_class(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = validate_selectors(spec.get("selectors") or (), "spec.selectors")
    causes += each_of(spec.get("config") or (), MAX_CONFIGS, validate_configuration, "spec.config")
    resource = spec.get("extendedResourceName")
    if resource is not None and not is_extended(resource):
        causes.append(invalid("spec.extendedResourceName", resource, "must be a valid extended resource name"))
    return causes
