"""What a request asks to be allowed, read off its method, path and query alone.

As Kubernetes' RequestInfoFactory: known before anything is looked up, so that nobody learns what there is, or has a body
read, without the right to it. Called by the router, on the API server's loop.
"""

from __future__ import annotations

from typing import Final

from sampan.core.api.options import Query, flag
from sampan.core.api.paths import Target
from sampan.core.api.request import Request
from sampan.core.contracts.access import Attributes, User
from sampan.core.contracts.node_calls import FOLDER
from sampan.core.schema.fields import required_values

OBJECT_VERBS: Final = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
COLLECTION_VERBS: Final = {**OBJECT_VERBS, "GET": "list", "HEAD": "list", "DELETE": "deletecollection"}

LONG_RUNNING: Final = frozenset({"attach", "exec", "log", "portforward", "proxy"})


def attributes_of(request: Request) -> Attributes:
    """The attributes to authorize."""
    query: Query = request.query if request.scope["query_string"] and not request.target.name else {}
    return asked_of(request.target, request.method, query, request.user)


def asked_of(target: Target, method: str, query: Query, user: User) -> Attributes:
    """A method that means nothing is the empty verb, which no rule names."""
    if target.form != "resource":
        return Attributes(user=user, verb=method.lower(), path=target.path)
    verb = (OBJECT_VERBS if target.name else COLLECTION_VERBS).get(method, "")
    if target.watch or (verb == "list" and flag(query, "watch")):
        verb = "watch"
    selects = verb in ("list", "watch", "deletecollection")
    fields = query.get("fieldSelector", "") if selects else ""
    return Attributes(
        user=user,
        verb=verb,
        group=target.group,
        version=target.version,
        resource=target.resource,
        subresource=target.subresource,
        namespace=target.namespace,
        name=target.name or selected_name(fields),
        field_selector=fields,
        label_selector=query.get("labelSelector", "") if selects else "",
    )


def is_long_running(attributes: Attributes) -> bool:
    """What lasts as long as its client likes."""
    if not attributes.is_resource:
        return attributes.path.startswith(FOLDER)
    return attributes.verb == "watch" or attributes.subresource in LONG_RUNNING


def selected_name(fields: str) -> str:
    """The name in ``metadata.name=NAME``: such a list or watch asks for one object."""
    return required_values(fields).get("metadata.name", "")
