"""The string formats of OpenAPI that Kubernetes checks in custom resources.

The names are those of the CustomResourceDefinition documentation ("validation"); unknown ones are documentation only.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final
from urllib.parse import urlsplit

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_HOSTNAME: Final = re.compile(
    r"([a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?"
)
_MAC: Final = re.compile(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}")
_DURATION: Final = re.compile(r"[+-]?(\d+(\.\d*)?\s*(ns|us|µs|ms|s|m|h|d|w)\s*)+")
_COLOUR: Final = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def _raises_nothing(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, binascii.Error):
            return False
        return True

    return accepts


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _date_time(text: str) -> datetime:
    if "T" not in text.upper():
        raise ValueError(text)
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _uri(text: str) -> bool:
    try:
        return bool(urlsplit(text).scheme) or text.startswith("/")
    except ValueError:
        return False


def _uuid(version: int | None) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            parsed = uuid.UUID(text)
        except ValueError:
            return False
        return version is None or parsed.version == version

    return accepts


OPENAPI_FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "byte": _raises_nothing(lambda text: base64.b64decode(text, validate=True)),
    "cidr": _raises_nothing(lambda text: ipaddress.ip_network(text, strict=False)),
    "date": _raises_nothing(date.fromisoformat),
    "date-time": _raises_nothing(_date_time),
    "datetime": _raises_nothing(_date_time),
    "duration": _matches(_DURATION),
    "email": _matches(_EMAIL),
    "hexcolor": _matches(_COLOUR),
    "hostname": _matches(_HOSTNAME),
    "ipv4": _raises_nothing(ipaddress.IPv4Address),
    "ipv6": _raises_nothing(ipaddress.IPv6Address),
    "mac": _matches(_MAC),
    "uri": _uri,
    "uuid": _uuid(None),
    "uuid3": _uuid(3),
    "uuid4": _uuid(4),
    "uuid5": _uuid(5),
}
