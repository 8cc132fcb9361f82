from __future__ import annotations

from contextlib import nullcontext

import pytest

from sampan.core.api.negotiate import Answer, Representation, accepted, body_type, discovery_version, error_format
from sampan.core.errors import NotAcceptable, UnsupportedMediaType

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", Representation()),
        ("*/*", Representation()),
        ("text/html, */*;q=0.8", Representation()),
        ("application/yaml", Representation("yaml")),
        (f"{TABLE},application/json", Representation("json", "Table")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Representation()),
        ("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io," + TABLE, Representation("json", "Table")),
        (
            "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
            Representation("json", "PartialObjectMetadata", of_list=False),
        ),
        ("application/yaml;q=0.9,application/json;q=0.5", Representation("yaml")),
    ],
)
def test_the_most_wanted_representation_that_can_be_served(accept: str, wanted: Representation) -> None:
    assert accepted(accept) == wanted


@pytest.mark.parametrize("accept", ["text/html", "application/vnd.kubernetes.protobuf", "application/json;as=Nope"])
def test_what_cannot_be_served_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        accepted(accept)


def test_aggregated_discovery_only_for_those_who_want_it_most() -> None:
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    assert discovery_version(f"{aggregated},application/json") == "v2"
    assert discovery_version(f"application/json,{aggregated}") == ""


def test_bodies_are_json_yaml_or_protobuf() -> None:
    assert body_type("application/json; charset=utf-8") == "application/json"
    assert body_type("") == "application/json"
    for other in ("text/plain", "application/json;x"):
        with pytest.raises(UnsupportedMediaType):
            body_type(other)


METADATA = "application/json;as=PartialObjectMetadata{};v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("answer", "accept", "fits"),
    [
        ("object", METADATA.format(""), True),
        ("list", METADATA.format("List"), True),
        ("watch", METADATA.format(""), True),
        ("posted", TABLE, False),
        ("document", METADATA.format(""), False),
    ],
)
def test_shapes_fit_what_is_answered(answer: Answer, accept: str, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(NotAcceptable):
        accepted(accept, answer)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/vnd.kubernetes.protobuf", Representation("protobuf")),
        ("application/vnd.kubernetes.protobuf,application/json", Representation()),
        ("application/vnd.kubernetes.protobuf,text/html", Representation("protobuf")),
    ],
)
def test_protobuf_is_for_who_takes_nothing_else(accept: str, wanted: Representation) -> None:
    assert accepted(accept, protobuf=True) == wanted


def test_errors_are_told_in_the_format_that_is_wanted() -> None:
    assert error_format("application/yaml") == "yaml"
    assert error_format("application/json,application/yaml") == "json"
    assert error_format("application/vnd.kubernetes.protobuf,application/yaml") == "yaml"
    assert error_format("application/vnd.kubernetes.protobuf") == "protobuf"
    assert error_format("application/yaml;as=Table;v=v1;g=meta.k8s.io") == "json"
    assert error_format("text/html") == "json"
