"""The forms of names, and the sentences about those that are malformed."""

from __future__ import annotations

import pytest

from sampan.core.model import formats

WELL_FORMED = {
    "dns1123-label": ["a", "my-name", "123-abc", "a" * 63],
    "dns1123-subdomain": ["a", "example.com", "1.2.3", "a" * 253],
    "dns1035-label": ["my-name", "abc-123"],
    "qualified-name": ["a", "MyName", "my.name", "example.com/my_name", "123-abc", "a" * 63],
    "label-value": ["", "MyValue", "my_value", "12345"],
    "c-identifier": ["my_name", "MY_NAME1", "_"],
    "port-name": ["http", "a", "x-1"],
    "percent": ["0%", "150%"],
    "http-header-name": ["X-Header-Name"],
    "env-var-name": ["PATH", "my.env-name", "1st", "a b"],
    "config-map-key": ["key.name", "KEY_NAME", ".hidden", "a..b"],
    "absolute-path": ["/", "/a/b"],
    "ip": ["10.0.0.1", "2001:db8::ffff"],
    "cidr": ["10.0.0.0/24", "2001:db8::/64"],
    "canonical-ip": ["10.0.0.1", "2001:db8::1"],
    "canonical-cidr": ["10.0.0.0/24", "2001:db8::/64"],
    "wildcard-dns1123-subdomain": ["*.example.com"],
    "quantity": ["1Gi", "500m"],
}

MALFORMED = [
    ("dns1123-label", "", ["a lowercase RFC 1123 label"]),
    ("dns1123-label", "a.b", ["must not contain dots"]),
    ("dns1123-label", "A" * 64, ["must be no more than 63 characters", "a lowercase RFC 1123 label"]),
    ("dns1123-label", "a\n", ["a lowercase RFC 1123 label"]),
    ("dns1123-subdomain", "Bad_Name", ["a lowercase RFC 1123 subdomain"]),
    ("dns1123-subdomain", "a..b", ["a lowercase RFC 1123 subdomain"]),
    ("dns1035-label", "1a", ["a DNS-1035 label"]),
    ("qualified-name", "", ["name part must be non-empty", "name part must consist of"]),
    ("qualified-name", "/a", ["prefix part must be non-empty"]),
    ("qualified-name", "UPPER.com/a", ["prefix part a lowercase RFC 1123 subdomain"]),
    ("qualified-name", "a/b/c", ["a valid label key must consist of"]),
    ("qualified-name", "a" * 64, ["name part must be no more than 63 bytes"]),
    ("label-value", "bad value!", ["a valid label must be an empty string or consist of"]),
    ("label-value", "-x", ["a valid label must be"]),
    (
        "port-name",
        "TooLongPortNameX",
        ["must be no more than 15 characters", "must contain only alpha-numeric characters"],
    ),
    ("port-name", "80", ["must contain at least one letter (a-z)"]),
    ("port-name", "a--b", ["must not contain consecutive hyphens"]),
    ("port-name", "-a", ["must not begin or end with a hyphen"]),
    ("env-var-name", "", ["environment variable name must be non-empty"]),
    ("env-var-name", "A=B", ["a valid environment variable name must consist only of printable ASCII"]),
    ("env-var-name", "ü", ["a valid environment variable name must consist only of printable ASCII"]),
    ("config-map-key", "a/b", ["a valid config key must consist of"]),
    ("config-map-key", "..", ["must not be '..'"]),
    ("config-map-key", "..data", ["must not start with '..'"]),
    ("percent", "150", ["a valid percent string"]),
    ("http-header-name", "a b", ["a valid HTTP header"]),
    ("absolute-path", "a", ["must be an absolute path"]),
    ("ip", "1.2.3", ["must be a valid IP address"]),
    ("ip", "fe80::1%eth0", ["must be a valid IP address"]),
    ("cidr", "10.0.0.0", ["must be a valid CIDR value"]),
    ("cidr", "nonsense", ["must be a valid CIDR value"]),
    ("canonical-ip", "2001:db8:0::1", ['must be in canonical form ("2001:db8::1")']),
    ("canonical-ip", "::ffff:10.0.0.1", ["must not be an IPv4-mapped IPv6 address"]),
    ("canonical-cidr", "10.0.0.1/24", ["must not have bits set beyond the prefix length"]),
    ("canonical-cidr", "2001:DB8::/64", ['must be in canonical form ("2001:db8::/64")']),
    ("wildcard-dns1123-subdomain", "*", ["a wildcard DNS-1123 subdomain must start with '*.'"]),
    ("quantity", "much", ["quantities must match"]),
]


@pytest.mark.parametrize(("form", "value"), [(form, value) for form, values in WELL_FORMED.items() for value in values])
def test_well_formed(form: str, value: str) -> None:
    assert formats.problems_of(form, value) == []


@pytest.mark.parametrize(("form", "value", "beginnings"), MALFORMED)
def test_malformed(form: str, value: str, beginnings: list[str]) -> None:
    problems = formats.problems_of(form, value)
    assert len(problems) == len(beginnings)
    assert all(said.startswith(expected) for said, expected in zip(problems, beginnings, strict=True))


def test_every_form_is_in_the_tables() -> None:
    assert set(WELL_FORMED) == set(formats.FORMATS)
    assert {form for form, *_ in MALFORMED} >= set(formats.FORMATS) - {"c-identifier"}


def test_the_sentence_is_kubernetes_own() -> None:
    assert formats.dns1123_label("Bad_Name") == [
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    ]


@pytest.mark.parametrize(("number", "fits"), [(0, False), (1, True), (65535, True), (65536, False), (-1, False)])
def test_port_numbers(number: int, fits: bool) -> None:
    assert (formats.problems_of("port-number", number) == []) is fits


def test_an_openapi_format_is_only_documentation() -> None:
    assert formats.problems_of("int32", 2**40) == []
