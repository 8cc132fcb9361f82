"""Bodies that are not JSON or YAML are refused in Go's words; keys given twice are found with their paths."""

from __future__ import annotations

import contextlib
import time

import pytest

from sampan.core.schema.parse import SyntaxProblem, duplicate_fields, parse_json, parse_yaml


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a": ', "unexpected end of JSON input"),
        (b'{"a": "b', "unexpected end of JSON input"),
        (b'{"a": x}', "invalid character 'x' looking for beginning of value"),
        (b"{a: 1}", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a": 1 "b": 2}', "invalid character '\"' after object key:value pair"),
        (b'{"a": 1} x', "invalid character 'x' after top-level value"),
        (b"[NaN]", "invalid character 'N' looking for beginning of value"),
        (b'{"a": 1,}', "invalid character '}' looking for beginning of object key string"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"{'a':1}", r"invalid character '\'' looking for beginning of object key string"),
        (b'{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        (b'{"a":01}', "invalid character '1' after object key:value pair"),
        (b'{"a":1.}', "invalid character '}' after decimal point in numeric literal"),
        (b'{"a":1e}', "invalid character '}' in exponent of numeric literal"),
        (b"- a", "invalid character ' ' in numeric literal"),
        (rb'{"a":"\x"}', "invalid character 'x' in string escape code"),
        (rb'{"a":"\u00g0"}', r"invalid character 'g' in \u hexadecimal character escape"),
        (b'{"a":"\x01"}', r"invalid character '\x01' in string literal"),
        (b'{"a":"\n"}', r"invalid character '\n' in string literal"),
        (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value"),
        (b"[" * 10_001, "exceeded max depth"),
        (b"[1e999]", "json: cannot unmarshal number into Go value of type float64"),
    ],
)
def test_broken_json_is_explained(raw: bytes, said: str) -> None:
    with pytest.raises(SyntaxProblem, match=r"^") as caught:
        parse_json(raw)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'"a\xff"', "a\ufffd"),
        (rb'"\ud800"', "\ufffd"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\ud800\ud83d\ude00\udc00"', "\ufffd\U0001f600\ufffd"),
        (rb'"\\ud800\ud800"', "\\ud800\ufffd"),
    ],
)
def test_what_is_no_unicode_is_replaced(raw: bytes, text: str) -> None:
    assert parse_json(raw) == text


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        (b'{"a": 1, "b": {"c": 1}}', []),
        (b'{"data": {"k": "v", "k": "w"}}', ["data.k"]),
        (b'{"a": 1, "a": 2, "a": 3}', ["a", "a"]),
        (b'{"spec": {"containers": [{"name": "a"}, {"name": "b", "name": "c"}]}}', ["spec.containers[1].name"]),
        (b'{"a": "\\"a\\": 1, \\"a\\": 2"}', []),
        (b'{"a": "\\\\", "b" : [{"c:": ":"}, {"c:": {}}]}', []),
        (b'{"a": {"x": 1, "y": 2}, "a": 1}', ["a"]),
        (b'{"a" : 1, "b": 1, "b": 2}', ["b"]),
        (b'{"a"\n\t: 1, "b": 1, "b": 2}', ["b"]),
        (b'{"a": "\\u0022:", "b": 1, "b": 2}', ["b"]),
        (b'{"a\\u0022": 1, "b": 1, "b": 2}', ["b"]),
        (b'{"n": 123456789012345678901234567890, "b": 1, "b": 2}', ["b"]),
    ],
)
def test_keys_given_twice_are_found(raw: bytes, paths: list[str]) -> None:
    assert duplicate_fields(raw, parse_json(raw)) == paths


def test_yaml_is_read_as_json() -> None:
    raw = b"a: {7: yes, true: 0644}\nt: 2024-01-01T00:00:00Z\nz: null\nl: [1.5, text]\n"
    assert parse_yaml(raw) == (
        {"a": {"7": True, "true": 420}, "t": "2024-01-01T00:00:00Z", "z": None, "l": [1.5, "text"]},
        [],
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12:30", "12:30"),
        ("1:59:59", "1:59:59"),
        ("2024-01-01", "2024-01-01"),
        ("0x1F", 31),
        ("0b11", 3),
        ("0o17", 15),
        ("-010", -8),
        ("089", 89),
        ("1_000", 1000),
        ("+7", 7),
        ("1e3", 1000),
        (".5", 0.5),
        ("1.", 1),
        ("1.2.3", "1.2.3"),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", float(2**64)),
        ("on", True),
        ("N", False),
        ("~", None),
        ("'yes'", "yes"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ("!!float 1", 1.0),
        ("!!binary aGk=", "hi"),
        ("-", [None]),
        ("- <<", ["<<"]),
    ],
)
def test_plain_yaml_means_what_it_means_to_kubernetes(text: str, value: object) -> None:
    read, _ = parse_yaml(f"a:\n  {text}\n".encode())
    assert read == {"a": value}
    assert type(read["a"]) is type(value)


def test_yaml_maps_are_merged_and_anchors_copied() -> None:
    raw = b"a: &a {x: 1, z: 2}\nb: {<<: *a, z: 3}\nc: {<<: [{x: 0}, *a]}\nd: *a\n"
    value, _ = parse_yaml(raw)
    assert (value["b"], value["c"]) == ({"x": 1, "z": 3}, {"x": 0, "z": 2})
    assert value["d"] is not value["a"]


def test_only_the_first_document_is_read() -> None:
    assert parse_yaml(b"a: 1\n---\n{broken: [") == ({"a": 1}, [])
    assert parse_yaml(b"") == (None, [])


ATTACKS = {
    "base 60": b"a: 1" + b":59" * 500_000,
    "a number of many digits": b"a: " + b"9" * 2_000_000,
    "merges of merges": b"\n".join(
        [
            b"a0: &a0 {x: 1}",
            *(b"a%d: &a%d {<<: [%b]}" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)),
        ]
    ),
    "text that is repeated": b"a: &a " + b"x" * 100_000 + b"\nb: [" + b"*a, " * 30_000 + b"]",
    "open brackets": b"[" * 1_000_000,
    "indentation": b"\n".join(b" " * n + b"a:" for n in range(2000)),
    "millions of values": b"[" + b"1," * 1_500_000 + b"]",
    "keys": b"{" + b"?," * 1_000_000 + b"}",
}


@pytest.mark.parametrize("raw", ATTACKS.values(), ids=ATTACKS)
def test_yaml_made_to_be_dear_is_cheap(raw: bytes) -> None:
    began = time.process_time()
    with contextlib.suppress(SyntaxProblem):
        parse_yaml(raw)
    assert time.process_time() - began < 3


@pytest.mark.parametrize("raw", [b"a: .nan", b"a: -.inf", b"? [a]\n: b", b"a: !!int x", b"a: *b"])
def test_yaml_that_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(SyntaxProblem, match=r"^yaml: "):
        parse_yaml(raw)


def test_numbers_of_thousands_of_digits_are_no_trouble() -> None:
    raw = b'{"a": 1, "b": ' + b"1" * 5000 + b"}"
    with pytest.raises(SyntaxProblem, match="cannot unmarshal number"):
        parse_json(raw)


def test_yaml_says_which_keys_are_repeated() -> None:
    value, repeated = parse_yaml(b"a: 1\nb: 2\na: 3\n")
    assert value == {"a": 3, "b": 2}
    assert repeated == ['line 3: key "a" already set in map']


@pytest.mark.parametrize("raw", [b"a: [", b"a: b: c", b"a: !!python/object:os.system {}", b"&a [*a]"])
def test_broken_or_dangerous_yaml_is_refused(raw: bytes) -> None:
    with pytest.raises(SyntaxProblem, match=r"^yaml: "):
        parse_yaml(raw)


def test_values_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises(SyntaxProblem, match="cannot be written as JSON"):
        parse_yaml(b"a: !!set {x, y}")


def test_a_small_text_cannot_become_a_large_document() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(SyntaxProblem, match="excessive aliasing"):
        parse_yaml("\n".join(lines).encode())
