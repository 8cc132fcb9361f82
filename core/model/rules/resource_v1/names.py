"""What things are called: pools, attributes and capacities, requests of a claim, shares of a device."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, malformed, required, too_long
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]

LONGEST_POOL: Final = 253
LONGEST_ID: Final = 32
LONGEST_QUALIFIED: Final = 63 + 1 + LONGEST_ID
"""A domain, a slash and an identifier."""
UNKNOWN_REQUEST: Final = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)
NO_UUID: Final = "error validating uid: invalid UUID length: {}"
UUID_SHAPE: Final = "`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`"
NOT_NORMAL: Final = f"uid must be in RFC 4122 normalized form, {UUID_SHAPE} with lowercase hexadecimal characters"


def validate_pool_name(name: str, path: str) -> list[Cause]:
    """Parts that are DNS names, with slashes between them."""
    if not name:
        return [required(path)]
    causes = [too_long(path, LONGEST_POOL)] if len(name.encode()) > LONGEST_POOL else []
    return causes + [cause for part in name.split("/") for cause in malformed(path, part, "dns1123-subdomain")]


def validate_qualified_name(name: str, path: str) -> list[Cause]:
    """An identifier, perhaps with a domain before it."""
    parts = name.split("/")
    if len(parts) == 1:
        return _identifier(name, path)
    if len(parts) != 2:
        return []
    domain, identifier = parts
    causes = validate_driver_name(domain, path) if domain else [invalid(path, "", "the domain must not be empty")]
    return causes + (_identifier(identifier, path) if identifier else [invalid(path, "", "the name must not be empty")])


def validate_fully_qualified_name(name: str, path: str) -> list[Cause]:
    causes = validate_qualified_name(name, path)
    if "/" not in name:
        words = "a fully qualified name must be a domain and a name separated by a slash"
        causes.append(invalid(path, name, words))
    return causes


def _identifier(text: str, path: str) -> list[Cause]:
    causes = [too_long(path, LONGEST_ID)] if len(text.encode()) > LONGEST_ID else []
    return causes + [invalid(path, text, problem) for problem in formats.c_identifier(text)]


def validate_uid(text: str, path: str) -> list[Cause]:
    try:
        parsed = str(uuid.UUID(text))
    except ValueError:
        return [invalid(path, text, NO_UUID.format(len(text)))]
    return [] if text == parsed else [invalid(path, text, NOT_NORMAL)]


RequestNames = Mapping[str, frozenset[str]]
"""The requests of a claim with the names of their alternatives."""


def request_names(requests: Sequence[Value]) -> RequestNames:
    return {
        request.get("name") or "": frozenset(each.get("name") or "" for each in request.get("firstAvailable") or ())
        for request in requests
    }


def validate_request_ref(name: str, known: RequestNames, path: str) -> list[Cause]:
    """The name of a request, or of one of its alternatives (``request/alternative``)."""
    parts = name.split("/")
    if len(parts) > 2:
        return [invalid(path, name, UNKNOWN_REQUEST)]
    causes = [cause for part in parts for cause in malformed(path, part, "dns1123-label")]
    alternatives = known.get(parts[0])
    if alternatives is None or not set(parts[1:]) <= alternatives:
        causes.append(invalid(path, name, UNKNOWN_REQUEST))
    return causes
