"""Which representation a client wants (``Accept``) and which one it sends (``Content-Type``).

Called by the ASGI app; pure, and cached per header value, because clients repeat theirs. Protobuf is read, but never
written: clients that prefer it also take JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final, Literal, TypeVar

from sampan.core.api.problems import NoProducer
from sampan.core.classes import frozen
from sampan.core.errors import NotAcceptable, UnsupportedMediaType

Shape = Literal["object", "Table", "PartialObjectMetadata"]
Format = Literal["json", "yaml"]
Answer = Literal["object", "list", "watch", "posted", "document"]
"""What is answered: it decides which shapes there are to choose from."""

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

    def remembered(header: str) -> R:
        return kept(header) if len(header) <= KEPT_LENGTH else read(header)

    return remembered


@frozen
class Representation:
    """How to answer: the format, and for Tables and metadata alone the version of ``meta.k8s.io``."""

    format: Format = "json"
    shape: Shape = "object"
    version: str = "v1"


PLAIN: Final = Representation()


@frozen
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
        offers.append(Offer(media_type, parameters, quality))
    return tuple(sorted(offers, key=lambda offer: -offer.quality))


def format_of(media_type: str) -> Format | None:
    if media_type in (JSON, "*/*"):
        return "json"
    return "yaml" if media_type == YAML else None


SHAPES: Final[Mapping[Answer, Mapping[str, Shape]]] = {
    "object": {"Table": "Table", "PartialObjectMetadata": "PartialObjectMetadata"},
    "list": {"Table": "Table", "PartialObjectMetadataList": "PartialObjectMetadata"},
    "watch": {
        "Table": "Table",
        "PartialObjectMetadata": "PartialObjectMetadata",
        "PartialObjectMetadataList": "PartialObjectMetadata",
    },
    "posted": {"PartialObjectMetadata": "PartialObjectMetadata"},
    "document": {},
}
"""By the name in ``as=``. Nobody shows reviews, and what else is only posted, as a Table."""


def accepted(accept: str, answer: Answer = "object") -> Representation:
    """The representation of API objects for an ``Accept`` header. Raises `NotAcceptable`."""
    return _CHOICES[answer](accept)


def _accepted(answer: Answer, accept: str) -> Representation:
    if not accept or accept in (JSON, "*/*"):
        return PLAIN
    servable = False
    for offer in clauses(accept):
        chosen = format_of(offer.media_type)
        if chosen is None:
            continue
        servable = True
        if answer == "watch" and chosen == "yaml":
            raise NotAcceptable(f"only the following media types are accepted: {JSON};stream=watch")
        word = offer.parameters.get("as", "")
        if not word:
            return Representation(chosen)
        shape, version = SHAPES[answer].get(word), offer.parameters.get("v", "")
        if shape and version in TRANSFORM_VERSIONS and offer.parameters.get("g") == META_GROUP:
            return Representation(chosen, shape, version)
    if servable:
        raise NotAcceptable(f"only the following media types are accepted: {OFFERED}")
    raise NoProducer(OFFERED)


_CHOICES: Final = {answer: remembering(partial(_accepted, answer)) for answer in SHAPES}


@remembering
def prefers_yaml(accept: str) -> bool:
    """Whether what went wrong is best said in YAML."""
    formats = (format_of(offer.media_type) for offer in clauses(accept))
    return next(filter(None, formats), "json") == "yaml"


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
