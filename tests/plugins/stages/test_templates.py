"""Go's templates as stages use them, and jq's expressions."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.errors import ConfigError
from sampan.plugins.stages.functions import COMMON
from sampan.plugins.stages.go_template import Template
from sampan.plugins.stages.jq import Query

POD: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"app": "shop"}},
    "spec": {"containers": [{"name": "a", "image": "i:1"}, {"name": "b", "image": "i:2"}], "hostNetwork": False},
    "status": {"count": 3},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{ .metadata.name }}", "web"),
        ("{{.metadata.name}}-{{ .status.count }}", "web-3"),
        ("{{ .missing }}", "<no value>"),
        ("{{ .missing.deeper.still | default 7 }}", "7"),
        ("{{ .metadata.name | Quote }}", '"web"'),
        ("{{ .status.count | Quote }}", '"3"'),
        ('{{ printf "%s has %d%%, %q" .metadata.name 3 "x" }}', 'web has 3%, "x"'),
        ("{{ $x := .metadata }}{{ $x.name }}", "web"),
        ("{{ range .spec.containers }}{{ .name }},{{ end }}", "a,b,"),
        ("{{ range $i, $c := .spec.containers }}{{ $i }}{{ $c.name }}{{ end }}", "0a1b"),
        ("{{ range $c := .spec.containers }}{{ $c.name }}{{ $.metadata.name }} {{ end }}", "aweb bweb "),
        ("{{ range .spec.initContainers }}x{{ else }}none{{ end }}", "none"),
        ("{{ range $k, $v := .metadata.labels }}{{ $k }}={{ $v }}{{ end }}", "app=shop"),
        ("{{ with .metadata }}{{ .name }}{{ end }}{{ with .nothing }}x{{ else }}y{{ end }}", "weby"),
        ("{{ if .spec.hostNetwork }}host{{ else if .spec.containers }}pod{{ else }}none{{ end }}", "pod"),
        ('{{ if and .metadata (eq .metadata.name "db" "web") }}yes{{ end }}', "yes"),
        ("{{ or .spec.hostNetwork false }}", "false"),
        ('{{ or .nothing "" .metadata.name }}', "web"),
        ('{{ if eq .nothing "Always" }}x{{ else }}y{{ end }}', "y"),
        ("{{ index .spec.containers 1 | YAML }}", "image: i:2\nname: b\n"),
        ('{{ index .metadata.labels "app" }}{{ index .nothing 3 }}', "shop<no value>"),
        ("{{ (index .spec.containers 0).name }}", "a"),
        ("a {{- .metadata.name -}} b", "awebb"),
        ("a {{/* a remark */}} b", "a  b"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ len .spec.containers }}{{ if gt (len .spec.containers) 1 }}!{{ end }}", "2!"),
        ("{{ `raw` }}{{ true }}{{ 1.5 }}", "rawtrue1.5"),
    ],
)
def test_a_template_says_what_gos_would(template: str, text: str) -> None:
    assert Template(template, COMMON).render(POD) == text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ nonsense }}", "calls nonsense, which is not known here"),
        ("{{ if .a }}x", "{{ if .a }} has no end"),
        ("x{{ end }}", "{{ end }} with nothing to belong to"),
        ("{{ range .a }}{{ else }}", "has no end"),
        ("{{ .a", "{{ without }}"),
        ('{{ define "x" }}{{ end }}', "{{ define }}, which is not served here"),
        ("{{ .a | .b }}", "pipes into what is no function"),
        ("{{ ( .a }}", "cannot be read"),
        ("{{ .a ; }}", "has ';'"),
        ("{{ | }}", "cannot be read"),
    ],
)
def test_what_is_no_template_is_said_when_it_is_read(template: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Template(template, COMMON)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("template", "words"),
    [("{{ $x }}", "declared nowhere"), ("{{ upper 3 }}", "a template's upper failed"), ('{{ printf "%x" }}', "no %x")],
)
def test_what_fails_for_an_object_is_said_in_words(template: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Template(template, COMMON).render(POD)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        (".metadata.name", ["web"]),
        (".metadata.deletionTimestamp", []),
        (".spec.containers.[].name", ["a", "b"]),
        ('.spec.containers.[] | select( .image == "i:2" ) | .name', ["b"]),
        ('.metadata.labels["app"]', ["shop"]),
        (".metadata.name.deeper", []),
    ],
)
def test_an_expression_yields_what_jq_does_without_nulls(expression: str, values: list[Any]) -> None:
    assert Query(expression).values(POD) == values


def test_what_is_no_expression_is_refused() -> None:
    with pytest.raises(ConfigError, match="is none of jq's"):
        Query(".a[")
