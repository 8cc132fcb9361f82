"""Which representation a client wants (``Accept``) and which one it sends (``Content-Type``).

Called by the ASGI app; pure, and cached per header value, because clients repeat theirs. Protobuf is written for who takes
nothing else: JSON is there already, and clients that prefer protobuf take that too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final, Literal, TypeVar

from sampan.core.api.problems import NoProducer
from sampan.core.classes import frozen
from sampan.core.errors import NotAcceptable, UnsupportedMediaType

Shape = Literal["object", "Table", "PartialObjectMetadata"]
Format = Literal["json", "yaml", "protobuf"]
Answer = Literal["object", "list", "watch", "posted", "document"]
"""What is answered: it decides which shapes there are to choose from."""

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
FORMATS: Final[Mapping[str, Format]] = {JSON: "json", "*/*": "json", YAML: "yaml", PROTOBUF: "protobuf"}
OFFERED: Final = f"{JSON}, {YAML}"
TAKEN: Final = f"{OFFERED}, {PROTOBUF}"
STREAMED: Final = f"{JSON};stream=watch"
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
    of_list: bool | None = None
    """What metadata alone was asked for: that of a list, or of one object; None where both are right."""


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
    return FORMATS.get(media_type)


METADATA: Final[Mapping[str, Shape]] = {
    "PartialObjectMetadata": "PartialObjectMetadata",
    "PartialObjectMetadataList": "PartialObjectMetadata",
}
SHAPES: Final[Mapping[Answer, Mapping[str, Shape]]] = {
    "object": {"Table": "Table", **METADATA},
    "list": {"Table": "Table", **METADATA},
    "watch": {"Table": "Table", **METADATA},
    "posted": METADATA,
    "document": {},
}
"""By the name in ``as=``. Nobody shows reviews, and what else is only posted, as a Table."""


def accepted(accept: str, answer: Answer = "object", *, protobuf: bool = False) -> Representation:
    """The representation of API objects for an ``Accept`` header. Raises `NotAcceptable`.

    ``protobuf``: what is asked for has such a form.
    """
    return _CHOICES[answer, protobuf](accept)


def _accepted(answer: Answer, protobuf: bool, accept: str) -> Representation:
    if not accept or accept in (JSON, "*/*"):
        return PLAIN
    offered = TAKEN if protobuf or answer == "document" else OFFERED
    servable = False
    last: Representation | None = None
    for offer in clauses(accept):
        chosen = format_of(offer.media_type)
        if chosen is None or (chosen == "protobuf" and not protobuf):
            continue
        servable = True
        found = _shaped(answer, chosen, offer.parameters)
        if found is None:
            continue
        if chosen != "protobuf":
            return found
        last = last or found
    if last is not None:
        return last
    if servable:
        raise NotAcceptable(f"only the following media types are accepted: {offered}")
    raise NoProducer(offered)


def _shaped(answer: Answer, chosen: Format, parameters: Mapping[str, str]) -> Representation | None:
    word = parameters.get("as", "")
    if not word:
        return Representation(chosen)
    shape, version = SHAPES[answer].get(word), parameters.get("v", "")
    if not shape or version not in TRANSFORM_VERSIONS or parameters.get("g") != META_GROUP:
        return None
    if shape == "Table":
        return None if chosen == "protobuf" else Representation(chosen, shape, version)
    return Representation(chosen, shape, version, None if answer == "watch" else word.endswith("List"))


_CHOICES: Final = {
    (answer, protobuf): remembering(partial(_accepted, answer, protobuf))
    for answer in SHAPES
    for protobuf in (False, True)
}


@remembering
def error_format(accept: str) -> Format:
    """How what went wrong is best said. A Status has no other shape."""
    plain = [offer.media_type for offer in clauses(accept) if "as" not in offer.parameters]
    formats = [chosen for media_type in plain if (chosen := format_of(media_type)) is not None]
    return next((chosen for chosen in formats if chosen != "protobuf"), formats[0] if formats else "json")


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
    first, *parameters = content_type.split(";")
    media_type = first.strip().lower() or JSON
    well_formed = all("=" in each or not each.strip() for each in parameters)
    if well_formed and media_type in (JSON, YAML, PROTOBUF):
        return media_type
    raise UnsupportedMediaType(
        f"the body of the request was in an unknown format - accepted media types include: {TAKEN}"
    )
