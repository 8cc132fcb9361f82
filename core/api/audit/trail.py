"""One request on its way, as the audit log sees it: what is known so far, and an event at each of its stages.

Made by the auditor for the requests that the policy wants, filled in by the app and the handlers; on the API server's
loop. Bodies are kept by reference and read when they are written.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from sampan.core.api.audit.event import MOST_BYTES, Body, Record, micro_time, user_info
from sampan.core.api.audit.policy import Level, Treatment
from sampan.core.classes import define
from sampan.core.contracts.access import Attributes, Credentials, Decision, User
from sampan.core.errors import InternalError

DECISION: Final = "authorization.k8s.io/decision"
REASON: Final = "authorization.k8s.io/reason"
LONGEST_AGENT: Final = 1024
LONGEST_PATH: Final = 16 * 1024
MOST_SOURCES: Final = 32
KNOWN_STATUS: Final = ("status", "message", "reason", "details", "code")

Emit = Callable[[Record], None]


class Trail:
    """Of one request. ``annotations`` may be added to by whoever has something to say."""

    def __init__(
        self,
        treatment: Treatment,
        attributes: Attributes,
        asked: Mapping[str, Any],
        *,
        lasts: bool,
        emit: Emit,
        clock: Callable[[], datetime],
    ) -> None:
        """``asked``: the event's fields that say who asks and for what; ``lasts``: as long as its client likes."""
        self._treatment = treatment
        self._emit = emit
        self._clock = clock
        self._lasts = lasts
        self._is_resource = attributes.is_resource
        self._reference = reference(attributes)
        self._event = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": treatment.level.word, **asked}
        self._event["requestReceivedTimestamp"] = micro_time(clock())
        self._status: dict[str, Any] = {}
        self._request: Body | None = None
        self._response = Answered()
        self._broken = False
        self.annotations: dict[str, str] = {}

    # The request

    def received(self) -> None:
        self._stage("RequestReceived")

    def impersonates(self, user: User) -> None:
        self._event["impersonatedUser"] = user_info(user)

    def decided(self, decision: Decision) -> None:
        self.annotations[DECISION] = "allow" if decision.verdict == "allow" else "forbid"
        self.annotations[REASON] = decision.reason

    def asks_with(self, raw: bytes, media_type: str) -> None:
        """The body. (What goes on to pods and nodes does not come here.)"""
        if raw and self._is_resource and self._treatment.level >= Level.REQUEST:
            self._request = Body(raw, media_type.partition(";")[0].strip().lower())

    def is_about(self, obj: Mapping[str, Any]) -> None:
        """The object that was sent: what the path did not say of it."""
        meta = obj.get("metadata") or {}
        for field in ("namespace", "name", "uid", "resourceVersion"):
            if value := meta.get(field):
                self._reference.setdefault(field, value)

    # The answer

    def answers(self, code: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Its head goes out."""
        self._status["code"] = code
        if self._lasts:
            self._stage("ResponseStarted")
        elif self._is_resource and self._treatment.level is Level.REQUEST_RESPONSE:
            self._response = Answered.begun(headers)

    def answers_with(self, piece: bytes) -> None:
        self._response.add(piece)

    def says(self, status: Mapping[str, Any]) -> None:
        """The answer is this ``Status``."""
        self._status.update({field: status[field] for field in KNOWN_STATUS if field in status})

    def complete(self) -> None:
        """The last event, unless the request broke."""
        if self._broken:
            return
        if not self._status:
            self._status = {"status": "Success", "message": "Connection closed early", "code": 200}
            if self._lasts:
                self._stage("ResponseStarted")
        self._stage("ResponseComplete")

    def broke(self, error: Exception) -> None:
        """By a bug of the server."""
        status = InternalError.because("").to_status()
        self.says({**status, "message": f"APIServer panic'd: {type(error).__name__}"})
        self._stage("Panic")
        self._broken = True

    def unknown_user(self, tried: str) -> None:
        """Nobody knows the credentials: the one event of such a request."""
        self.says({"status": "Failure", "message": tried, "reason": "Unauthorized", "code": 401})
        self._stage("ResponseStarted")

    def _stage(self, stage: str) -> None:
        if stage in self._treatment.omit_stages:
            return
        event = {**self._event, "stage": stage, "stageTimestamp": micro_time(self._clock())}
        if self._reference:
            event["objectRef"] = dict(self._reference)
        if self._status:
            event["responseStatus"] = {"metadata": {}, **self._status}
        if self.annotations:
            event["annotations"] = dict(self.annotations)
        body = self._response.body() if stage == "ResponseComplete" else None
        self._emit(
            Record(
                event=event,
                request=self._request,
                response=body,
                omit_managed_fields=self._treatment.omit_managed_fields,
            )
        )


@define
class Answered:
    """The body of an answer as it goes out; not more of it than is written."""

    media_type: str = ""
    gzipped: bool = False
    pieces: list[bytes] = attrs.field(factory=list)
    size: int = 0

    @classmethod
    def begun(cls, headers: Iterable[tuple[bytes, bytes]]) -> Answered:
        """Nothing is kept of what is no object."""
        known = {name: value.decode("latin-1").lower() for name, value in headers}
        media_type = known.get(b"content-type", "").partition(";")[0]
        readable = media_type.endswith(("json", "yaml"))
        return cls(media_type if readable else "", known.get(b"content-encoding") == "gzip")

    def add(self, piece: bytes) -> None:
        if self.media_type and self.size <= MOST_BYTES:
            self.size += len(piece)
            self.pieces.append(bytes(piece))

    def body(self) -> Body | None:
        if not self.media_type or not self.size:
            return None
        raw = b"" if self.size > MOST_BYTES else b"".join(self.pieces)
        return Body(raw, self.media_type, self.gzipped and bool(raw))


def reference(attributes: Attributes) -> dict[str, str]:
    if not attributes.is_resource:
        return {}
    found = {
        "resource": attributes.resource,
        "namespace": attributes.namespace,
        "name": attributes.name,
        "apiGroup": attributes.group,
        "apiVersion": attributes.version,
        "subresource": attributes.subresource,
    }
    return {field: value for field, value in found.items() if value}


def tried(credentials: Credentials) -> str:
    """Kubernetes' words for credentials that nobody knows."""
    ways = [way for way, given in (("bearer", credentials.token), ("x509", credentials.certificate_name)) if given]
    return (
        f"Authentication failed, attempted: {', '.join(ways)}"
        if ways
        else "Authentication failed, no credentials provided"
    )


def shortened(agent: str) -> str:
    return agent if len(agent) <= LONGEST_AGENT else f"{agent[:LONGEST_AGENT]}...TRUNCATED"


def source_addresses(headers: Iterable[tuple[bytes, bytes]], peer: str) -> list[str]:
    """Where a request came from, proxies in between: all but the last are what the client says."""
    forwarded: list[str] = []
    real = ""
    for name, value in headers:
        if name == b"x-forwarded-for":
            forwarded += value.decode("latin-1").split(",")[:MOST_SOURCES]
        elif name == b"x-real-ip":
            real = value.decode("latin-1")
    found = [address for each in forwarded[:MOST_SOURCES] if (address := _address(each))]
    real_address = _address(real)
    if real_address and real_address not in found:
        found.append(real_address)
    if peer and (not found or found[-1] != peer):
        found.append(peer)
    return found


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return ""
