"""Calls to an engine's HTTP API over the session of its SDK. Any thread, several at a time.

The SDK finds the engine, speaks its transport and keeps a pool of connections. Its own methods are used for what differs
between the engines (images, networks); what is the same to the letter goes through here once for both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

import requests

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.runtimes.engine.answers import Answer
from sampan.runtimes.engine.errors import UNANSWERED, decoded, one_line, refusal

CALL_TIMEOUT = 60.0
"""Seconds that an engine may take for one call that has no time limit of its own."""
POOLED_CONNECTIONS = 32
"""As many as the node agent's threads may use at once, with some for streams."""

Params = Mapping[str, str | int | bool]


class EngineApi:
    """One engine: ``base`` is what its paths are appended to, ``engine`` its name in messages."""

    def __init__(self, session: requests.Session, base: str, engine: str) -> None:
        self._session = session
        self._base = base
        self._engine = engine

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        timeout: float | None = CALL_TIMEOUT,
    ) -> Any:
        """The decoded answer (``None`` for an empty one). ``timeout``: ``None`` waits for ever.

        Raises `NotFound`, `EngineRefusal`, or `RuntimeFailure` where the engine does not answer.
        """
        with self._ask(method, path, params, _encoded(body), timeout, stream=False) as answer:
            return decoded(answer.content, self._engine) if answer.content else None

    def send(self, path: str, data: bytes | IO[bytes], *, params: Params | None = None) -> Answer:
        """Post a tar archive, which may take any time."""
        return Answer(self._ask("POST", path, params, data, None, stream=True, content_type="application/x-tar"))

    def open(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """An answer that goes on: read it as it comes, and close it."""
        return Answer(self._ask(method, path, params, _encoded(body), None, stream=True, headers=headers))

    def _ask(
        self,
        method: str,
        path: str,
        params: Params | None,
        data: bytes | IO[bytes] | None,
        timeout: float | None,
        *,
        stream: bool,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        try:
            answer = self._session.request(
                method,
                self._base + path,
                params={name: _word(value) for name, value in (params or {}).items()},
                data=data,
                headers={**_headers(content_type if data is not None else "", stream), **(headers or {})},
                timeout=(CALL_TIMEOUT, timeout),
                stream=stream,
            )
            if answer.status_code >= 400:
                with answer:
                    raise refusal(answer)
        except UNANSWERED as exc:
            raise RuntimeFailure(f"{self._engine} does not answer: {one_line(str(exc))}") from exc
        return answer


def _headers(content_type: str, stream: bool) -> dict[str, str]:
    """A stream has a connection of its own: `Answer.close` cuts it, and nobody may have been given it meanwhile."""
    headers = {"Connection": "close"} if stream else {}
    return {**headers, "Content-Type": content_type} if content_type else headers


def _encoded(body: object) -> bytes | None:
    return None if body is None else json.dumps(body).encode()


def _word(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
