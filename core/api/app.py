"""The ASGI app: one coroutine per request, from the wire to a handler, and every failure to a ``Status``.

In Kubernetes' order: who asks, in whose name, whether there is room for the request, whether it is allowed; then its
handler. Written by hand because the commonest request, a GET of one object, should cost little more than sending its
bytes: no middleware, no routing tables to walk. uvicorn calls it on the API server's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from typing import Final

import attrs

from sampan.core.api.aggregation.aggregation import Aggregation
from sampan.core.api.audit.auditor import Auditor, audit_id
from sampan.core.api.audit.trail import tried
from sampan.core.api.bodies import ClientGone
from sampan.core.api.deadline import SECONDS, Deadline, seconds_for
from sampan.core.api.endpoints import Endpoints
from sampan.core.api.failures import Failures
from sampan.core.api.flow.control import FlowControl
from sampan.core.api.headers import AUDIT_ID, Headers, read_headers
from sampan.core.api.impersonation import impersonate
from sampan.core.api.metrics import Metrics
from sampan.core.api.negotiate import error_format
from sampan.core.api.operations.pipeline import Pipeline
from sampan.core.api.paths import parse_path
from sampan.core.api.problems import PageNotFound, PlainRefusal
from sampan.core.api.reply import Reply
from sampan.core.api.request import Request
from sampan.core.api.request_info import asked_of, attributes_of, is_long_running
from sampan.core.api.resources import Resources
from sampan.core.api.responses import Receive, Scope, Send, send_error, send_text
from sampan.core.classes import define
from sampan.core.contracts.access import Attributes, Credentials, User
from sampan.core.errors import ApiError, InternalError, SampanError, Unauthorized

log = logging.getLogger(__name__)

BUG: Final = "an error in the server prevented the request from succeeding"
NOBODY: Final = User(name="")
CLIENT_GONE: Final = 499
"""Counted where nobody was left to answer."""


@define(eq=False)
class Api:
    """See `sampan.core.api.server` for how it is put together."""

    pipeline: Pipeline
    resources: Resources
    endpoints: Endpoints
    aggregation: Aggregation
    metrics: Metrics
    auditor: Auditor
    flow: FlowControl
    failures: Failures = attrs.field(factory=lambda: Failures(log))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["type"] == "http":
                await self._http(scope, receive, send)
            elif scope["type"] == "websocket":
                await self._websocket(scope, receive, send)
        except Exception as exc:
            self.failures.tell(exc, f"answering {scope.get('path', '')[:200]!r} failed")
            raise

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        reply = Reply(send)
        warnings: list[str] = []
        attributes: Attributes | None = None
        deadline = Deadline(reply)
        try:
            request = await self._identified(scope, receive, reply, warnings)
            attributes = attributes_of(request)
            if not is_long_running(attributes):
                deadline.begin(SECONDS)
            place = self.flow.place(attributes)
            reply.headers += place.headers
            async with place:
                await self._check(request, attributes)
                if "timeout" in request.query and not is_long_running(attributes):
                    deadline.begin(seconds_for(request.query))
                elsewhere = self.aggregation.route(request.target)
                if elsewhere is not None:
                    await elsewhere(request)
                else:
                    await (self.resources if attributes.is_resource else self.endpoints).serve(request)
        except ClientGone:
            reply.code = reply.code or CLIENT_GONE
        except PageNotFound as exc:
            await send_text(reply, exc.message + "\n", code=404)
        except ApiError as exc:
            await self._refuse(reply, exc, warnings)
        except SampanError as exc:
            await self._refuse(reply, InternalError.because(str(exc)), warnings)
        except asyncio.CancelledError:
            if not deadline.passed:
                raise
        except Exception as exc:
            self.failures.tell(exc, f"{scope['method']} {scope['path'][:200]!r} failed")
            await self._refuse(reply, InternalError.because(BUG), warnings, bug=exc)
        finally:
            deadline.end()
            if reply.trail is not None:
                reply.trail.complete()
        self.metrics.observe(scope["method"], attributes, reply.code, time.perf_counter() - began)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """exec, attach, port-forward, what aggregated servers have; a refusal is an HTTP answer instead of the upgrade."""
        reply = Reply(send, refuses=True)
        try:
            request = await self._identified({**scope, "method": "GET"}, receive, reply, [])
            attributes = attributes_of(request)
            place = self.flow.place(attributes)
            reply.headers += place.headers
            async with place:
                await self._check(request, attributes)
                elsewhere = self.aggregation.stream(request.target)
                if elsewhere is not None:
                    await elsewhere(request)
                elif attributes.is_resource:
                    await self.resources.connect(request, attributes)
                else:
                    await self.endpoints.connect(request)
        except ClientGone:
            return
        except PageNotFound as exc:
            await send_text(reply, exc.message + "\n", code=404)
        except ApiError as exc:
            await self._refuse(reply, exc, ())
        except SampanError as exc:
            await self._refuse(reply, InternalError.because(str(exc)), ())
        except Exception as exc:
            self.failures.tell(exc, f"the stream {scope['path'][:200]!r} failed")
            await self._refuse(reply, InternalError.because(BUG), (), bug=exc)
        finally:
            if reply.trail is not None:
                reply.trail.complete()

    async def _refuse(
        self, reply: Reply, error: ApiError, warnings: Iterable[str], *, bug: Exception | None = None
    ) -> None:
        """Answer with a Status, unless the answer has begun: then all that can be done is to break it off."""
        if reply.trail is not None:
            reply.trail.says(error.to_status())
            if bug is not None:
                reply.trail.broke(bug)
        if reply.code:
            log.info("an answer broke off: %s", error)
            return
        if isinstance(error, PlainRefusal):
            await send_text(reply, error.message, code=error.code)
        else:
            await send_error(reply, error, warnings, written=reply.speaks)

    async def _identified(self, scope: Scope, receive: Receive, reply: Reply, warnings: list[str]) -> Request:
        """The request of whoever asks, or of the one in whose name.

        Raises `Unauthorized`, and `Forbidden` for a name that is not theirs to use.
        """
        headers = read_headers(scope["headers"])
        reply.speaks = error_format(headers.accept)
        name = audit_id(headers.audit_id)
        reply.headers.append((AUDIT_ID, name.encode()))
        user = await self._authenticated(scope, headers, name)
        target = parse_path(scope["raw_path"].decode("latin-1"))
        workers = self.pipeline.workers
        request = Request(scope, receive, reply, scope["method"], target, headers, user, workers, warnings)
        if self.auditor.keeps:
            request.trail = reply.trail = self.auditor.begin(scope, headers, attributes_of(request), name)
            if request.trail is not None:
                request.trail.received()
        if headers.impersonation:
            request.user = await impersonate(self.pipeline.gates, user, headers.impersonation)
            if request.trail is not None:
                request.trail.impersonates(request.user)
        return request

    async def _authenticated(self, scope: Scope, headers: Headers, name: str) -> User:
        """Raises `Unauthorized`."""
        certificate, organizations = scope.get("state", {}).get("peer", ("", ()))
        client = scope.get("client")
        credentials = Credentials(
            token=headers.token,
            certificate_name=certificate,
            certificate_organizations=organizations,
            address=client[0] if client else "",
        )
        try:
            return await self.pipeline.gates.authenticate(credentials)
        except Unauthorized:
            if self.auditor.keeps:
                self._tell_of_stranger(scope, headers, name, credentials)
            raise

    def _tell_of_stranger(self, scope: Scope, headers: Headers, name: str, credentials: Credentials) -> None:
        with contextlib.suppress(ApiError):
            target = parse_path(scope["raw_path"].decode("latin-1"))
            query = {"watch": "true"} if target.watch else {}
            attributes = asked_of(target, scope["method"], query, NOBODY)
            trail = self.auditor.begin(scope, headers, attributes, name)
            if trail is not None:
                trail.unknown_user(tried(credentials))

    async def _check(self, request: Request, attributes: Attributes) -> None:
        """Raises `Forbidden`."""
        trail = request.trail
        await self.pipeline.gates.check(attributes, trail.decided if trail is not None else None)
