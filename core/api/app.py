"""The ASGI app: one coroutine per request, from the wire to a handler, and every failure to a ``Status``.

Written by hand because the commonest request, a GET of one object, should cost little more than sending its bytes: no
middleware, no routing tables to walk. uvicorn calls it on the API server's loop.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import attrs

from sampan.core.api.bodies import ClientGone
from sampan.core.api.endpoints import Endpoints
from sampan.core.api.headers import Headers, read_headers
from sampan.core.api.metrics import Metrics
from sampan.core.api.operations.pipeline import Pipeline
from sampan.core.api.paths import Target, parse_path
from sampan.core.api.problems import PageNotFound, PlainRefusal
from sampan.core.api.request import Request
from sampan.core.api.resources import Resources
from sampan.core.api.responses import Message, Receive, Scope, Send, send_error, send_text
from sampan.core.contracts.access import Attributes, Credentials, User
from sampan.core.errors import ApiError, InternalError, SampanError

log = logging.getLogger(__name__)

BUG = "an error in the server prevented the request from succeeding"


@attrs.define(eq=False)
class Api:
    """See `sampan.core.api.server` for how it is put together."""

    pipeline: Pipeline
    resources: Resources
    endpoints: Endpoints
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        reply = Reply(send)
        method = scope["method"]
        target = parse_path(scope["raw_path"].decode("latin-1"))
        warnings: list[str] = []
        try:
            headers = read_headers(scope["headers"])
            user = await self.authenticate(scope, headers)
            request = Request(scope, receive, reply, method, target, headers, user, warnings)
            if target.form == "resource":
                await self.resources.serve(request)
            else:
                await self._permit_path(user, method, target)
                await self.endpoints.serve(request)
        except ClientGone:
            reply.code = 499
        except PageNotFound as exc:
            await send_text(reply, exc.message + "\n", code=404)
        except ApiError as exc:
            await self._refuse(reply, exc, warnings)
        except SampanError as exc:
            await self._refuse(reply, InternalError(f"Internal error occurred: {exc}"), warnings)
        except Exception:
            log.exception("%s %s failed", method, target.path)
            await self._refuse(reply, InternalError(f"Internal error occurred: {BUG}"), warnings)
        self.metrics.observe(method, target, reply.code, time.perf_counter() - began)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """exec, attach and port-forward; a refusal is an HTTP answer instead of the upgrade."""
        target = parse_path(scope["raw_path"].decode("latin-1"))
        reply = Reply(_instead_of_upgrade(send))
        try:
            user = await self.authenticate(scope, read_headers(scope["headers"]))
            request = Request(scope, receive, send, "GET", target, read_headers(scope["headers"]), user)
            await self.resources.connect(request)
        except ClientGone:
            return
        except ApiError as exc:
            await self._refuse(reply, exc, ())
        except Exception:
            log.exception("the stream %s failed", target.path)
            await self._refuse(reply, InternalError(f"Internal error occurred: {BUG}"), ())

    async def _refuse(self, reply: Reply, error: ApiError, warnings: Any) -> None:
        """Answer with a Status, unless the answer has begun: then all that can be done is to break it off."""
        if reply.code:
            log.warning("an answer broke off: %s", error)
            return
        if isinstance(error, PlainRefusal):
            await send_text(reply, error.message, code=error.code)
        else:
            await send_error(reply, error, warnings)

    async def authenticate(self, scope: Scope, headers: Headers) -> User:
        peer = scope.get("state", {}).get("peer", ("", ()))
        client = scope.get("client")
        return await self.pipeline.gates.authenticate(
            Credentials(
                token=headers.token,
                certificate_name=peer[0],
                certificate_organizations=peer[1],
                address=client[0] if client else "",
            )
        )

    async def _permit_path(self, user: User, method: str, target: Target) -> None:
        await self.pipeline.gates.check(Attributes(user=user, verb=method.lower(), path=target.path))


class Reply:
    """`Send`, remembering the status code that went out (0: none yet)."""

    __slots__ = ("_send", "code")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.code = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.code = message["status"]
        await self._send(message)


def _instead_of_upgrade(send: Send) -> Send:
    """Turn an HTTP answer into the WebSocket extension's refusal."""

    async def refuse(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return refuse
