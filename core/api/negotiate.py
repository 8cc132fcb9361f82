"""Which representation a client wants (``Accept``) and which one it sends (``Content-Type``).

Called by the ASGI app; pure, and cached per header value, because clients repeat theirs. Protobuf is read, but never
written: clients that prefer it also take JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, Literal, TypeVar

import attrs

from sampan.core.api.problems import NoProducer
from sampan.core.errors import NotAcceptable, UnsupportedMediaType

Shape = Literal["object", "Table", "PartialObjectMetadata"]
Format = Literal["json", "yaml"]

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
OFFERED: Final = f"{JSON}, {YAML}"
TAKEN: Final = f"{OFFERED}, {PROTOBUF}"
META_GROUP: Final = "meta.k8s.io"
TRANSFORM_VERSIONS: Final = ("v1", "v1beta1")


R = TypeVar("R")
KEPT_LENGTH: Final = 512
"""Characters of a header that is worth remembering: what a stranger sends must not fill memory."""


def remembering(read: Callable[[str], R]) -> Callable[[str], R]:
    """Keep what ``read`` makes of short headers."""
    kept = lru_cache(maxsize=1024)(read)
    return wraps(read)(lambda header: kept(header) if len(header) <= KEPT_LENGTH else read(header))


@attrs.frozen
class Representation:
    """How to answer: the format, and for Tables and metadata alone the version of ``meta.k8s.io``."""

    format: Format = "json"
    shape: Shape = "object"
    version: str = "v1"


PLAIN: Final = Representation()


@attrs.frozen
class Offer:
    """One clause of an ``Accept`` header."""

    media_type: str
    parameters: dict[str, str]
    quality: float


@remembering
def clauses(accept: str) -> tuple[Offer, ...]:
    """The header's clauses, the most wanted first; an empty header accepts anything."""
    offers = []
    for text in (accept or "*/*").split(","):
        media_type, *rest = [part.strip() for part in text.split(";")]
        parameters = dict(part.partition("=")[::2] for part in rest if part)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 1.0
        offers.append(Offer(media_type.lower(), parameters, quality))
    return tuple(sorted(offers, key=lambda offer: -offer.quality))


def format_of(media_type: str) -> Format | None:
    if media_type in (JSON, "*/*", "application/*"):
        return "json"
    return "yaml" if media_type == YAML else None


@remembering
def accepted(accept: str) -> Representation:
    """The representation of API objects for an ``Accept`` header. Raises `NotAcceptable`."""
    return _accepted(accept, tables=True)


@remembering
def accepted_without_tables(accept: str) -> Representation:
    """The same for what is shown as a Table by nobody: reviews and other objects that are only posted."""
    return _accepted(accept, tables=False)


def _accepted(accept: str, *, tables: bool) -> Representation:
    if not accept or accept in (JSON, "*/*"):
        return PLAIN
    servable = False
    for offer in clauses(accept):
        chosen = format_of(offer.media_type)
        if chosen is None:
            continue
        servable = True
        shape = offer.parameters.get("as", "")
        if not shape:
            return Representation(chosen)
        base = shape.removesuffix("List") if shape == "PartialObjectMetadataList" else shape
        version = offer.parameters.get("v", "")
        known = base in ("Table", "PartialObjectMetadata")[not tables :] and version in TRANSFORM_VERSIONS
        if known and offer.parameters.get("g") == META_GROUP:
            return Representation(chosen, base, version)  # type: ignore[arg-type]
    if servable:
        raise NotAcceptable(f"only the following media types are accepted: {OFFERED}")
    raise NoProducer(OFFERED)


@remembering
def discovery_version(accept: str) -> str:
    """``v2`` or ``v2beta1`` where aggregated discovery is wanted most, else empty."""
    for offer in clauses(accept):
        if format_of(offer.media_type) is None:
            continue
        if not offer.parameters.get("as"):
            return ""
        wanted = (offer.parameters.get("as"), offer.parameters.get("g"))
        version = offer.parameters.get("v", "")
        if wanted == ("APIGroupDiscoveryList", "apidiscovery.k8s.io") and version in ("v2", "v2beta1"):
            return version
    return ""


@remembering
def body_type(content_type: str) -> str:
    """The media type of a request body: `JSON`, `YAML` or `PROTOBUF`. Raises `UnsupportedMediaType`."""
    media_type = content_type.partition(";")[0].strip().lower() or JSON
    if media_type in (JSON, YAML, PROTOBUF):
        return media_type
    raise UnsupportedMediaType(
        f"the body of the request was in an unknown format - accepted media types include: {TAKEN}"
    )
