"""URL paths to what they ask for, as Kubernetes' RequestInfoFactory reads them.

Called by the ASGI app for every request, on the API server's loop; results are cached per path, because most requests
are for paths that were asked for before.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote

from sampan.core.classes import frozen

Form = Literal["resource", "other"]

NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})
"""``/namespaces/NS/status`` is about the namespace; any other word after the name is a resource inside it."""


@frozen(kw_only=True)
class Target:
    """What a path names. For ``other`` (discovery, health …) ``path`` alone says it.

    ``parts`` counts the segments after the version that were not used, so that what is too deep can be refused.
    """

    form: Form
    path: str
    group: str = ""
    version: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: tuple[str, ...] = ()
    """Segments below the subresource (``pods/NAME/proxy/a/b``)."""
    watch: bool = False
    """The deprecated ``/api/v1/watch/…`` prefix."""


KEPT_LENGTH: Final = 512
"""Characters of a path that is worth remembering: what a stranger asks for must not fill memory."""


def parse_path(path: str) -> Target:
    """The target of a raw (still percent-encoded) path."""
    return _remembered(path) if len(path) <= KEPT_LENGTH else _parse(path)


def _parse(path: str) -> Target:
    segments = [unquote(part) for part in path.strip("/").split("/")]
    if segments[0] == "api" and len(segments) > 2:
        group, version, rest = "", segments[1], segments[2:]
    elif segments[0] == "apis" and len(segments) > 3:
        group, version, rest = segments[1], segments[2], segments[3:]
    else:
        return Target(form="other", path=path)
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in NAMESPACE_SUBRESOURCES:
            rest = rest[2:]
    resource, name, subresource = [*rest, "", ""][:3]
    return Target(
        form="resource",
        path=path,
        group=group,
        version=version,
        resource=resource,
        namespace=namespace,
        name=name,
        subresource=subresource,
        rest=tuple(rest[3:]),
        watch=watch,
    )


_remembered = lru_cache(maxsize=4096)(_parse)
