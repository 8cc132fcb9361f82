"""Who asks, whether they may, and what admission changes or refuses: the gates of the request pipeline.

All methods are coroutines on the API server's loop, so that a webhook can be one of them. They are tried in the order of
their ``order`` and then of their names; registration order decides nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeVar, runtime_checkable

import attrs

from sampan.core.classes import define, frozen
from sampan.core.config import ClusterContext
from sampan.core.model.kinds import KindInfo

M = TypeVar("M")

SYSTEM_MASTERS = "system:masters"
ANONYMOUS = "system:anonymous"
UNAUTHENTICATED = "system:unauthenticated"
AUTHENTICATED = "system:authenticated"
SERVICE_ACCOUNT = "system:serviceaccount:"
SERVICE_ACCOUNTS = "system:serviceaccounts"


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """The groups that every service account of a namespace is in."""
    return (SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}")


def split_service_account(user: str) -> tuple[str, str] | None:
    """Namespace and name of a service account by its user name; ``None`` for other users."""
    namespace, colon, name = user.removeprefix(SERVICE_ACCOUNT).partition(":")
    return (namespace, name) if user.startswith(SERVICE_ACCOUNT) and colon and namespace and name else None


@frozen(kw_only=True)
class User:
    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    audiences: tuple[str, ...] = attrs.field(default=(), eq=False)
    """Of those that were asked for, whom the token speaks to; empty where its authenticator knows of none."""


@frozen(kw_only=True)
class Credentials:
    """What a request brought: the bearer token, and the verified client certificate's subject."""

    token: str = ""
    certificate_name: str = ""
    certificate_organizations: tuple[str, ...] = ()
    address: str = ""
    audiences: tuple[str, ...] = ()
    """Whom a token must be for; empty: this server."""


class Authenticator(Protocol):
    order: int

    async def authenticate(self, credentials: Credentials) -> User | None:
        """The user; ``None`` where these credentials are not this one's business. Raises `Unauthorized` for bad ones."""
        ...


@frozen(kw_only=True)
class Attributes:
    """What is asked for. ``path`` alone is set for non-resource requests."""

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    field_selector: str = ""
    label_selector: str = ""
    """As a list, watch or deletecollection gave them."""

    is_about_resource: bool = False
    """Also where ``resource`` is empty, as a review may ask."""

    @property
    def is_resource(self) -> bool:
        return bool(self.resource) or self.is_about_resource


@frozen
class Decision:
    verdict: Literal["allow", "deny", "no-opinion"]
    reason: str = ""


class Authorizer(Protocol):
    order: int

    async def authorize(self, attributes: Attributes) -> Decision: ...


class Decider(Protocol):
    """All authorizers together."""

    async def authorize(self, attributes: Attributes) -> Decision:
        """The first opinion; ``no-opinion`` where nobody has one, which is a no."""
        ...


@runtime_checkable
class ListsRules(Protocol):
    """An authorizer that can say beforehand what somebody may do."""

    def rules_of(self, user: User, namespace: str) -> Iterable[Mapping[str, Any]]:
        """PolicyRules (wire values) that hold in the namespace."""
        ...


class TokenReader(Protocol):
    """Service account tokens that this cluster has signed."""

    audiences: tuple[str, ...]
    """Those of the API server itself."""

    def read(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token of ours that is in time."""
        ...


class Reader(Protocol):
    """Wire objects by kind, straight from the watch cache; never blocks. Treat what it returns as immutable."""

    def get(self, resource: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        """``resource``: ``pods``, ``deployments.apps``."""
        ...

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Mapping[str, Any]]: ...

    def find_kind(self, api_version: str, kind: str) -> KindInfo | None:
        """The kind of that name, if it is served."""
        ...

    def changed(self, resource: str) -> int:
        """A number that is another one after each change of an object of the resource; -1 where it is not served."""
        ...


def _replaced(_obj: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    return config


@frozen(kw_only=True)
class Equivalent:
    """Another version or group that the objects of a kind are served in, and how they become such objects and back.

    The functions raise `InternalError` where a webhook that converts does not answer.
    """

    info: KindInfo
    convert: Callable[[Mapping[str, Any]], Awaitable[MutableMapping[str, Any]]]
    convert_back: Callable[[Mapping[str, Any]], Awaitable[MutableMapping[str, Any]]]
    merge: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


def _none() -> Sequence[Equivalent]:
    return ()


@define(kw_only=True)
class AdmissionRequest:
    """One write on its way in. ``obj`` may be changed in place by mutating admission; ``None`` for deletes."""

    operation: Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
    info: KindInfo
    user: User
    namespace: str
    name: str
    subresource: str
    obj: MutableMapping[str, Any] | None
    old: Mapping[str, Any] | None
    dry_run: bool
    reader: Reader
    warnings: list[str] = attrs.field(factory=list)
    """Appended to the response's ``Warning`` headers."""
    audit: dict[str, str] = attrs.field(factory=dict)
    """Annotations of the request's audit event."""
    merge: Callable[[Mapping[str, Any], Mapping[str, Any]], Any] = attrs.field(default=_replaced, repr=False)
    """An object with a configuration applied onto it, by its kind's types. Raises `SampanError` where they refuse it."""
    equivalents: Callable[[], Sequence[Equivalent]] = attrs.field(default=_none, repr=False)
    """The other versions and groups that the object is served in."""
    is_unsure: bool = False
    """Set by mutating admission that changes the object as somebody else says: what it leaves is read like a client's."""
    options: Mapping[str, Any] = attrs.field(factory=dict)
    """What the client chose besides, as in its CreateOptions, UpdateOptions or DeleteOptions, but for the dry run."""
    requested: KindInfo | None = None
    """What was asked for, where ``info`` and the objects are an equivalent of it."""
    after: list[Callable[[], Awaitable[None]]] = attrs.field(factory=list, repr=False)
    """Called in the end, of creates and updates: the object is stored, and shown by the reader, or is not going to be."""

    async def end(self) -> None:
        for each in self.after:
            await each()


IDLE: Final = "sampan_idle"


def idle(method: M) -> M:
    """Mark an admission's method that does nothing."""
    setattr(method, IDLE, True)
    return method


class Admission(Protocol):
    """Mutating admission runs first, for all; then defaults again; then validating admission, for all.

    What mutating admission leaves is read again like a client's object, unless every plugin has an attribute ``exact`` that
    is true: then each leaves an object of its kind, with no field that the kind has not, or says of the request that it
    `is_unsure`. A method marked `idle` is not called.
    """

    name: str
    order: int

    async def mutate(self, request: AdmissionRequest) -> None:
        """Change ``request.obj``, or raise `Forbidden` or `Invalid`."""
        ...

    async def validate(self, request: AdmissionRequest) -> None:
        """Raise `Forbidden` or `Invalid`; change nothing."""
        ...


class Webhooks(Protocol):
    """How webhooks are asked: over connections that are kept, bounded in time and in what is read."""

    async def post(self, config: Mapping[str, Any], body: Mapping[str, Any], seconds: float) -> Any:
        """The JSON value that the webhook of a ``clientConfig`` answers. Raises `CallFailed` in Kubernetes' words."""
        ...


class SharedNotes(Protocol):
    """What servers of one store tell each other, besides the objects: a text for each name, changed by one at a time."""

    async def change(self, name: str, alter: Callable[[bytes], bytes]) -> None:
        """Store what ``alter`` makes of the note; an empty one is none.

        It is called again where another server was quicker. Meanwhile the `Reader` shows at least what whoever wrote the
        note before had seen. What it raises leaves the note as it was.
        """
        ...


@frozen(kw_only=True)
class AccessContext:
    """What authenticators, authorizers and admission plugins are made with."""

    cluster: ClusterContext
    reader: Reader
    """Of all kinds; has nothing to say before the server has loaded them, which is before the first request."""
    authorizer: Decider
    """The whole chain, for those who must ask on behalf of somebody (escalation, owner references)."""
    clock: Callable[[], datetime]
    tokens: TokenReader
    webhooks: Webhooks
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    """What the ``AdmissionConfiguration`` says to each plugin, by its name."""
    notes: SharedNotes | None = None
    """``None`` where no other server may use the store."""
