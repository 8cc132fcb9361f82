"""Bodies that are not JSON or YAML are refused in Go's words; keys given twice are found with their paths."""

from __future__ import annotations

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
        (b"[NaN]", "invalid JSON"),
    ],
)
def test_broken_json_is_explained(raw: bytes, said: str) -> None:
    with pytest.raises(SyntaxProblem, match=r"^") as caught:
        parse_json(raw)
    assert str(caught.value) == said


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(SyntaxProblem, match="invalid character"):
        parse_json(b'{"a": "\xff"}')


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        (b'{"a": 1, "b": {"c": 1}}', []),
        (b'{"data": {"k": "v", "k": "w"}}', ["data.k"]),
        (b'{"a": 1, "a": 2, "a": 3}', ["a", "a"]),
        (b'{"spec": {"containers": [{"name": "a"}, {"name": "b", "name": "c"}]}}', ["spec.containers[1].name"]),
        (b'{"a": "\\"a\\": 1, \\"a\\": 2"}', []),
    ],
)
def test_keys_given_twice_are_found(raw: bytes, paths: list[str]) -> None:
    assert duplicate_fields(raw) == paths


def test_yaml_is_read_as_json() -> None:
    raw = b"a: {7: yes, true: 0644}\nt: 2024-01-01T00:00:00Z\nn: null\nl: [1.5, text]\n"
    assert parse_yaml(raw) == (
        {"a": {"7": True, "true": 420}, "t": "2024-01-01T00:00:00Z", "n": None, "l": [1.5, "text"]},
        [],
    )


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
