"""Field selectors choose objects by the fields that their kind allows."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from sampan.core.errors import BadRequest
from sampan.core.model.builtin import ConfigMap, Node, Pod
from sampan.core.schema.fields import field_selector
from sampan.core.schema.resource import Resource, resource_of

SELECTABLE = ("spec.nodeName", "status.phase", "spec.hostNetwork")
POD = attrs.evolve(resource_of(Pod), info=attrs.evolve(resource_of(Pod).info, selectable_fields=SELECTABLE))
CONFIG_MAP = resource_of(ConfigMap)
NODE = resource_of(Node)
OBJECT: dict[str, Any] = {
    "metadata": {"name": "a", "namespace": "n"},
    "spec": {"nodeName": "node,1"},
    "status": {"phase": "Pending"},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("metadata.name=a", True),
        ("metadata.name==a", True),
        ("metadata.name!=a", False),
        ("metadata.name=a,metadata.namespace=other", False),
        ("status.phase=Pending,metadata.name!=b", True),
        (r"spec.nodeName=node\,1", True),
        ("spec.nodeName=", False),
        ("spec.nodeName!=", True),
        ("spec.hostNetwork=false", True),
    ],
)
def test_selectors(text: str, matches: bool) -> None:
    assert field_selector(POD, text).matches(OBJECT) is matches


def test_a_missing_field_is_empty() -> None:
    assert field_selector(POD, "spec.nodeName=").matches({"metadata": {"name": "a"}})


@pytest.mark.parametrize(
    ("resource", "text", "said"),
    [
        (POD, "spec.image=x", "field label not supported: spec.image"),
        (CONFIG_MAP, "data=x", '"data" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        (POD, "nonsense", "invalid selector: 'nonsense'; can't understand 'nonsense'"),
        (POD, "metadata.name=a,x", "invalid selector: 'metadata.name=a,x'; can't understand 'x'"),
        (POD, "metadata.name=a=b", "unescaped character"),
        (POD, r"metadata.name=a\b", r"invalid escape sequence: \b"),
        (POD, "metadata.name=a\\", "invalid escape sequence"),
        (NODE, "metadata.namespace=x", "field label not supported: metadata.namespace"),
    ],
)
def test_selectors_that_are_refused(resource: Resource, text: str, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        field_selector(resource, text)
    assert said in caught.value.message


def test_one_name_is_told() -> None:
    assert field_selector(POD, "metadata.name=a,status.phase!=x").exact("metadata.name") == "a"
    assert field_selector(POD, "metadata.name!=a").exact("metadata.name") is None
    assert not field_selector(POD, "")
