"""Parameters for drivers, which are theirs to understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, required, too_long
from sampan.core.model.rules.resource_v1.lists import each_once
from sampan.core.model.rules.resource_v1.names import RequestNames, validate_request_ref
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]

MAX_CONFIGS: Final = 32
MAX_REQUESTS: Final = 32
MAX_BYTES: Final = 10 * 1024


def validate_configuration(config: Value, path: str) -> list[Cause]:
    opaque = config.get("opaque")
    if opaque is None:
        return [required(f"{path}.opaque")]
    causes = validate_driver_name(opaque.get("driver") or "", f"{path}.opaque.driver")
    return causes + validate_free_object(opaque.get("parameters"), f"{path}.opaque.parameters")


def validate_requested_configuration(config: Value, known: RequestNames, path: str) -> list[Cause]:
    """One that is about some requests of a claim."""
    causes = validate_request_refs(config.get("requests") or (), known, f"{path}.requests")
    return causes + validate_configuration(config, path)


def validate_request_refs(names: Sequence[str], known: RequestNames, path: str) -> list[Cause]:
    return each_once(names, MAX_REQUESTS, lambda name, where: validate_request_ref(name, known, where), str, path)


def validate_free_object(value: Any, path: str) -> list[Cause]:
    """A JSON object of any content that is not too large."""
    if value is None:
        return [required(path)]
    if len(orjson.dumps(value)) > MAX_BYTES:
        return [too_long(path, MAX_BYTES)]
    return [] if isinstance(value, dict) else [invalid(path, "<value omitted>", "must be a valid JSON object")]
