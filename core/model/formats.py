"""Kubernetes' words about the form of a name, a key or a number, each as a function from the value to what is wrong.

An empty list means the value is well formed. A value can be wrong in two ways at once (too long, bad characters): each
message then becomes a cause of its own. The texts and rules are those of ``k8s.io/apimachinery/pkg/util/validation``.
Called by the validation walk (`FORMATS`, by the name a field's `wire` gives) and by the kinds' rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from sampan.core.model.address_formats import canonical_cidr, canonical_ip, cidr, ip
from sampan.core.model.quantity import parse as parse_quantity

Problems = list[str]

_USUAL_LENGTH: Final = 128
"""Names that are longer are not remembered."""
_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = _LABEL + r"(\." + _LABEL + ")*"
_WILDCARD: Final = r"\*\." + _SUBDOMAIN
_LABEL_1035: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE: Final = f"({_QUALIFIED})?"
_KEY: Final = "[-._a-zA-Z0-9]+"
_HEADER: Final = "[-A-Za-z0-9]+"
_C_IDENTIFIER: Final = "[A-Za-z_][A-Za-z0-9_]*"
_PERCENT: Final = "[0-9]+%"
_QUANTITY: Final = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_QUALIFIED_TEXT: Final = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)


def too_long(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


def between(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def regex_message(text: str, pattern: str, *examples: str) -> str:
    """A sentence, its examples and its pattern, laid out as Kubernetes does it (the double blank is Kubernetes' own)."""
    if not examples:
        return f"{text} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def _length(value: str, limit: int, unit: str = "characters") -> Problems:
    """Kubernetes counts bytes, and says so of labels alone."""
    return [too_long(limit, unit)] if len(value.encode()) > limit else []


def dns1123_label(value: str) -> Problems:
    problems = _length(value, 63)
    if not re.fullmatch(_LABEL, value):
        text = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        text += "and must start and end with an alphanumeric character"
        if re.fullmatch(_SUBDOMAIN, value):
            problems.append("must not contain dots")
        else:
            problems.append(regex_message(text, _LABEL, "my-name", "123-abc"))
    return problems


def dns1123_subdomain(value: str, unit: str = "characters") -> Problems:
    problems = _length(value, 253, unit)
    if not re.fullmatch(_SUBDOMAIN, value):
        text = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
        text += "and must start and end with an alphanumeric character"
        problems.append(regex_message(text, _SUBDOMAIN, "example.com"))
    return problems


def wildcard_dns1123_subdomain(value: str) -> Problems:
    """A whole domain: ``*.example.com``."""
    problems = _length(value, 253)
    if not re.fullmatch(_WILDCARD, value):
        text = (
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist "
        )
        text += "of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
        problems.append(regex_message(text, _WILDCARD, "*.example.com"))
    return problems


def dns1035_label(value: str) -> Problems:
    problems = _length(value, 63)
    if not re.fullmatch(_LABEL_1035, value):
        text = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
        text += "start with an alphabetic character, and end with an alphanumeric character"
        problems.append(regex_message(text, _LABEL_1035, "my-name", "abc-123"))
    return problems


def qualified_name(value: str) -> Problems:
    """A label or annotation key: a name with an optional DNS prefix (``example.com/name``)."""
    return [] if len(value) <= _USUAL_LENGTH and _is_qualified(value) else _wrong_in_qualified(value)


@lru_cache(maxsize=4096)
def _is_qualified(value: str) -> bool:
    """Clients write the same few keys again and again."""
    return not _wrong_in_qualified(value)


def _wrong_in_qualified(value: str) -> Problems:
    prefix, slash, name = value.rpartition("/")
    rule = regex_message(_QUALIFIED_TEXT, _QUALIFIED, "MyName", "my.name", "123-abc")
    if value.count("/") > 1:
        return [f"a valid label key {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    problems = []
    if slash and not prefix:
        problems.append("prefix part must be non-empty")
    elif slash:
        problems += [f"prefix part {problem}" for problem in dns1123_subdomain(prefix, "bytes")]
    if not name:
        problems.append("name part must be non-empty")
    problems += [f"name part {problem}" for problem in _length(name, 63, "bytes")]
    if not re.fullmatch(_QUALIFIED, name):
        problems.append(f"name part {rule}")
    return problems


def label_value(value: str) -> Problems:
    problems = _length(value, 63, "bytes")
    if not re.fullmatch(_LABEL_VALUE, value):
        text = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
        text += "and must start and end with an alphanumeric character"
        problems.append(regex_message(text, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return problems


def c_identifier(value: str) -> Problems:
    if re.fullmatch(_C_IDENTIFIER, value):
        return []
    text = "a valid C identifier must start with alphabetic character or '_', "
    text += "followed by a string of alphanumeric characters or '_'"
    return [regex_message(text, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName")]


def port_name(value: str) -> Problems:
    """An IANA service name (RFC 6335), lower case only."""
    problems = _length(value, 15)
    if not re.fullmatch("[-a-z0-9]+", value):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        problems.append("must contain at least one letter (a-z)")
    if "--" in value:
        problems.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def port_number(value: int) -> Problems:
    return [] if 1 <= value <= 65535 else [between(1, 65535)]


def user_id(value: int) -> Problems:
    """A Unix user or group id."""
    return [] if 0 <= value <= 0xFFFFFFFF else [between(0, 0xFFFFFFFF)]


def percent(value: str) -> Problems:
    if re.fullmatch(_PERCENT, value):
        return []
    text = "a valid percent string must be a numeric string followed by an ending '%'"
    return [regex_message(text, _PERCENT, "1%", "93%")]


def http_header_name(value: str) -> Problems:
    if re.fullmatch(_HEADER, value):
        return []
    return [
        regex_message("a valid HTTP header must consist of alphanumeric characters or '-'", _HEADER, "X-Header-Name")
    ]


def env_var_name(value: str) -> Problems:
    """Any printable ASCII but ``=``: Kubernetes' relaxed rule, the default since 1.32."""
    if not value:
        return ["environment variable name must be non-empty"]
    if any(not " " <= char <= "~" or char == "=" for char in value):
        return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
    return []


def config_map_key(value: str) -> Problems:
    problems = _length(value, 253)
    if not re.fullmatch(_KEY, value):
        text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        problems.append(regex_message(text, _KEY, "key.name", "KEY_NAME", "key-name"))
    if value in (".", ".."):
        problems.append(f"must not be '{value}'")
    elif value.startswith(".."):
        problems.append("must not start with '..'")
    return problems


def absolute_path(value: str) -> Problems:
    return [] if value.startswith("/") else ["must be an absolute path"]


def quantity(value: str) -> Problems:
    try:
        parse_quantity(value)
    except ValueError as error:
        return [str(error)]
    return []


FORMATS: Final[Mapping[str, Callable[[str], Problems]]] = {
    "dns1123-label": dns1123_label,
    "dns1123-subdomain": dns1123_subdomain,
    "wildcard-dns1123-subdomain": wildcard_dns1123_subdomain,
    "dns1035-label": dns1035_label,
    "qualified-name": qualified_name,
    "label-value": label_value,
    "c-identifier": c_identifier,
    "port-name": port_name,
    "percent": percent,
    "http-header-name": http_header_name,
    "env-var-name": env_var_name,
    "config-map-key": config_map_key,
    "absolute-path": absolute_path,
    "ip": ip,
    "canonical-ip": canonical_ip,
    "cidr": cidr,
    "canonical-cidr": canonical_cidr,
    "quantity": quantity,
}
"""Checks on text, by the name that `wire(format=…)` gives."""

NUMBER_FORMATS: Final[Mapping[str, Callable[[int], Problems]]] = {
    "port-number": port_number,
    "user-id": user_id,
}
"""Checks on whole numbers, by the name that `wire(format=…)` gives."""


def problems_of(format_name: str, value: str | int) -> Problems:
    """What is wrong with ``value``; nothing for a format that is only documentation (``int32``)."""
    if isinstance(value, str):
        check = FORMATS.get(format_name)
        return check(value) if check else []
    number_check = NUMBER_FORMATS.get(format_name)
    return number_check(value) if number_check else []
