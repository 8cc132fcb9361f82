"""Every field of every built-in kind says what it is for, in plain words of its own."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from sampan.core.schema.types import Struct
from tests.core.model.test_openapi_parity import TYPE_META, structs

STRUCTS = tuple(structs())
SNAKE_CASE = re.compile(r"[a-z]+(_[a-z]+)+")
PLACEHOLDERS = ("todo", "tbd", "fixme", "xxx")


def docs(struct: Struct) -> dict[str, str]:
    """Documentation by field. ``kind`` and ``apiVersion`` of kinds themselves are the OpenAPI writer's."""
    own = {"kind", "apiVersion", "metadata"} <= set(struct.fields)
    return {name: struct.docs.get(name, "") for name in struct.fields if not (own and name in TYPE_META)}


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.definition.removeprefix("io.k8s."))
def test_every_field_is_documented(struct: Struct) -> None:
    assert struct.doc
    for name, doc in docs(struct).items():
        assert 12 <= len(doc) <= 250, name
        assert doc.endswith("."), name
        assert doc[0].isupper() or doc[0] in "`0123456789", name
        assert not any(word in doc.lower().split() for word in PLACEHOLDERS), name


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.definition.removeprefix("io.k8s."))
def test_no_two_fields_of_a_struct_say_the_same(struct: Struct) -> None:
    assert len(set(docs(struct).values())) == len(docs(struct))


def test_the_same_words_are_for_the_same_sort_of_field() -> None:
    """A text that fields of many names share would be one that says nothing."""
    names: dict[str, set[str]] = defaultdict(set)
    for struct in STRUCTS:
        for name, doc in docs(struct).items():
            names[doc].add(name)
    assert {doc: found for doc, found in names.items() if len(found) > 2} == {}


def test_the_documentation_names_fields_as_they_are_on_the_wire() -> None:
    """A reader of ``kubectl explain`` has not seen the Python classes: no ``snake_case``."""
    for struct in STRUCTS:
        for name, doc in {"": struct.doc, **docs(struct)}.items():
            literals = doc.split("`")[1::2]
            assert [each for each in literals if SNAKE_CASE.fullmatch(each)] == [], f"{struct.definition}.{name}"
