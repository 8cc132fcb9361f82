"""``-o``: which formats there are, and what JSONPath templates and YAML look like."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sampan.cli.jsonpath import compile_template
from sampan.cli.output import Output, parse_output, without_managed_fields
from sampan.cli.yaml_text import to_yaml
from sampan.core.errors import ConfigError

PODS: dict[str, Any] = {
    "items": [
        {"metadata": {"name": "one", "labels": {"tier": "front"}}, "spec": {"images": ["web:1", "log"]}},
        {"metadata": {"name": "two"}, "spec": {"images": ["db"], "ports": [{"n": 80}]}},
    ]
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.items[*].metadata.name}", "one two"),
        (".items[0].metadata.name", "one"),
        ('{range .items[*]}{.metadata.name}{"\\t"}{.metadata.labels.tier}{"\\n"}{end}', "one\tfront\ntwo\t\n"),
        ("names: {.items[*].metadata.name}!", "names: one two!"),
        ("{.items[1].spec.ports}", '[{"n":80}]'),
        ("{range .items[*]}{range .spec.images[*]}<{@}>{end};{end}", "<web:1><log>;<db>;"),
        ("{.items[?(@.metadata.name=='two')].spec.images[-1:]}", "db"),
        ("{.nothing}", ""),
        ('{"}{"}', "}{"),
    ],
)
def test_jsonpath(template: str, text: str) -> None:
    assert compile_template(template)(PODS) == text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{.spec.containers", "unclosed action"),
        ("{range .items[*]}{.x}", "end"),
        ("{.x}{end}", "unexpected end of range"),
        ("{'a}", "unclosed action"),
    ],
)
def test_jsonpath_that_cannot_be_read(template: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        compile_template(template)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("table", 'output format "table", allowed formats are: json,jsonpath,name,wide,yaml'),
        ("go-template={{.}}", "no go-template output"),
        ("jsonpath", "template format specified but no template given"),
        ("json=x", "takes no template"),
        ("jsonpath={.a", "unclosed action"),
    ],
)
def test_formats_that_there_are_not(option: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("{", r"\{")):
        parse_output(option)


def test_json_has_sorted_keys_and_four_spaces() -> None:
    assert Output("json").text({"b": 1, "a": ["ü"]}, name="") == '{\n    "a": [\n        "ü"\n    ],\n    "b": 1\n}\n'


def test_names() -> None:
    assert Output("name").text({}, name="pod/one") == "pod/one\n"
    assert Output("name").text({}, name="") == ""


def test_yaml_is_kubectls() -> None:
    value = {"b": [{"x": "1", "y": None}], "a": "two\nlines", "n": "yes", "t": "2026-01-01", "s": "it's: fine"}
    assert to_yaml(value) == (
        'a: |-\n  two\n  lines\nb:\n- x: "1"\n  "y": null\n"n": "yes"\ns: \'it\'\'s: fine\'\nt: "2026-01-01"\n'
    )


def test_yaml_of_one_object_twice_has_no_aliases() -> None:
    labels = {"app": "web"}
    assert "&" not in to_yaml([labels, labels])


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abny1 :-\n", min_size=1), inner),
        max_leaves=8,
    )
)
def test_yaml_reads_back_as_what_it_was(value: Any) -> None:
    read = yaml.safe_load(to_yaml(value))
    assert json.dumps(read, sort_keys=True) == json.dumps(value, sort_keys=True)


def test_managed_fields_are_left_out_of_a_copy() -> None:
    obj = {"metadata": {"name": "a", "managedFields": [{}]}}
    assert without_managed_fields(obj) == {"metadata": {"name": "a"}}
    assert "managedFields" in obj["metadata"]
