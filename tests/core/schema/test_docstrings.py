"""Fields are documented where they are declared, and the OpenAPI documents say so."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from sampan.core.model.builtin import Pod
from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.meta import model, wire
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.docstrings import attribute_docs, prose
from sampan.core.schema.openapi import openapi_v2, openapi_v3
from sampan.core.schema.resource import resource_of

SOURCE = '''
from sampan.core.model.meta import model

@model
class Raft:
    logs: int = 0
    """How many logs it has."""
'''


@model
class Hull:
    """What floats."""

    planks: int = 0
    """How many planks,
    counted ``twice``.

    Never negative.
    """
    colour: str | None = None
    length: int = wire(default=0, name="lengthOverall", doc="In metres.")
    """In the boat builder's feet."""


@model
class JunkHull(Hull):
    colour: str | None = None
    """Red, as a junk's is."""
    rig: str | None = wire(default=None, enum=("sprit", "junk"))
    """How it is sailed."""
    flag: str | None = wire(default=None, enum=("yellow", "white"))


@kind("example.com/v1", plural="junks")
@model
class Junk(KubeObject):
    hull: JunkHull = wire(default=JunkHull())
    """What carries it."""


def test_a_docstring_is_one_line_per_paragraph() -> None:
    assert attribute_docs(Hull)["planks"] == "How many planks, counted `twice`.\n\nNever negative."
    assert prose("What it is.") == "What it is."
    assert prose("What\n    it is.\n    ") == prose("What it is.\n    ") == "What it is."


def test_fields_are_inherited_with_their_documentation() -> None:
    docs = struct_of(JunkHull).docs
    assert docs["planks"].startswith("How many planks")
    assert docs["colour"] == "Red, as a junk's is."
    assert struct_of(Junk).docs["metadata"] == struct_of(Pod).docs["metadata"] != ""


def test_what_wire_says_wins() -> None:
    assert struct_of(Hull).docs["lengthOverall"] == "In metres."


def test_classes_are_told_apart_by_where_they_are() -> None:
    @model
    class Hull:
        planks: int = 0
        """Another hull's planks."""

    assert attribute_docs(Hull) == {"planks": "Another hull's planks."}


def test_without_a_docstring_there_is_no_documentation() -> None:
    assert "colour" not in struct_of(Hull).docs


def test_without_source_there_is_no_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("sampan_test_module_without_source")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(SOURCE, module.__dict__)

    assert struct_of(module.Raft).docs == {}
    assert list(struct_of(module.Raft).fields) == ["logs"]


def test_using_a_struct_reads_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a document's maker asks for documentation: requests must not wait for a parser."""

    @model
    class Dinghy:
        oars: int = 0
        """How many oars."""

    asked: list[type] = []

    def asking(cls: type) -> dict[str, str]:
        asked.append(cls)
        return {}

    monkeypatch.setattr("sampan.core.schema.builtin.attribute_docs", asking)
    assert struct_of(Dinghy).fields["oars"].doc == ""
    assert asked == []
    assert struct_of(Dinghy).docs == {}
    assert asked == [Dinghy]


def test_explain_tells_what_a_field_is_for() -> None:
    hull = openapi_v3([resource_of(Junk)], "v1.36.0")["components"]["schemas"][struct_of(JunkHull).definition]
    assert hull["properties"]["colour"]["description"] == "Red, as a junk's is."
    assert hull["properties"]["lengthOverall"]["description"] == "In metres."


def test_a_field_with_an_enum_ends_with_its_values() -> None:
    hull = openapi_v3([resource_of(Junk)], "v1.36.0")["components"]["schemas"][struct_of(JunkHull).definition]
    values = 'Possible enum values:\n - `"junk"`\n - `"sprit"`'
    assert hull["properties"]["rig"]["description"] == f"How it is sailed.\n\n{values}"
    assert hull["properties"]["flag"]["description"].startswith("Possible enum values:\n")


def test_both_versions_of_the_document_say_it() -> None:
    second = openapi_v2([resource_of(Pod)], "v")["definitions"]["io.k8s.api.core.v1.PodSpec"]
    third = openapi_v3([resource_of(Pod)], "v")["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]
    description = third["properties"]["restartPolicy"]["description"]
    assert second["properties"]["restartPolicy"]["description"] == description
    assert description.endswith('\n\nPossible enum values:\n - `"Always"`\n - `"Never"`\n - `"OnFailure"`')
