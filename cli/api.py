"""Plain blocking requests to the API for one command, on the thread that asks.

The standard library's client, because a command should feel instant and a larger one takes longer to import than to
answer. One kept-alive connection for short exchanges; streams (watches, logs) get one of their own.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import click
import orjson

from sampan.cli.connection import Connection
from sampan.cli.failures import Unreachable
from sampan.core.client.status import error_of

JSON = "application/json"
Query = Mapping[str, str | int | None]


class Api:
    """``timeout`` seconds bound each exchange; ``None``: as long as it takes."""

    def __init__(self, connection: Connection, *, timeout: float | None = None) -> None:
        self.connection = connection
        self._timeout = timeout
        self._open: http.client.HTTPConnection | None = None

    def get(self, path: str, query: Query | None = None, *, accept: str = JSON) -> Any:
        return self.request("GET", path, query=query, accept=accept)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Query | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Any:
        """One exchange of JSON values. Raises the error that the server's ``Status`` stands for, or `Unreachable`."""
        content = None if body is None else orjson.dumps(body)
        headers = self._headers(accept) | ({} if content is None else {"Content-Type": content_type})
        answer = self._exchange(method, _target(path, query), content, headers)
        raw = self._read(answer)
        decoded = _decoded(raw)
        if answer.status >= 400:
            raise error_of(answer.status, decoded)
        _warn(answer)
        return decoded

    def stream(self, path: str, query: Query | None = None, *, accept: str = JSON) -> Iterator[bytes]:
        """The lines of an answer that goes on, each with its newline, as they come."""
        connection = self._connect(timeout=None)
        try:
            connection.request("GET", _target(path, query), headers=self._headers(accept))
            answer = connection.getresponse()
            if answer.status >= 400:
                raise error_of(answer.status, _decoded(answer.read()))
            _warn(answer)
            while line := answer.readline():
                yield line
        except (OSError, http.client.HTTPException) as exc:
            raise self._unreachable(exc) from exc
        finally:
            connection.close()

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def authorization(self) -> dict[str, str]:
        token = self.connection.token
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _headers(self, accept: str) -> dict[str, str]:
        return {"Accept": accept, "User-Agent": "sampan", **self.authorization()}

    def _exchange(
        self, method: str, target: str, content: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        try:
            if self._open is not None:
                try:
                    self._open.request(method, target, content, headers)
                    return self._open.getresponse()
                except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                    # The server may end a connection that was idle; nothing was answered, so ask again on a new one.
                    self.close()
                    if method not in ("GET", "PUT", "DELETE"):
                        raise
            self._open = self._connect(self._timeout)
            self._open.request(method, target, content, headers)
            return self._open.getresponse()
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise self._unreachable(exc) from exc

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        try:
            return answer.read()
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise self._unreachable(exc) from exc

    def _connect(self, timeout: float | None) -> http.client.HTTPConnection:
        url = urlsplit(self.connection.server)
        if not url.hostname or url.scheme not in ("http", "https"):
            raise Unreachable(f"error: {self.connection.server!r} is not the address of a server")
        if url.scheme == "http":
            return http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
        return http.client.HTTPSConnection(url.hostname, url.port, timeout=timeout, context=self.connection.tls())

    def _unreachable(self, exc: Exception) -> Unreachable:
        place = urlsplit(self.connection.server).netloc
        if isinstance(exc, ConnectionRefusedError):
            words = f"The connection to the server {place} was refused - did you specify the right host or port?"
            return Unreachable(f"{words} (is the cluster stopped? start it with `sampan up`)")
        if isinstance(exc, TimeoutError):
            return Unreachable(f"Unable to connect to the server: {place} did not answer in {self._timeout} s")
        if isinstance(exc, ssl.SSLError):
            return Unreachable(f"Unable to connect to the server: {place}: {exc.reason or exc}")
        return Unreachable(f"Unable to connect to the server: {place}: {exc or type(exc).__name__}")


def _target(path: str, query: Query | None) -> str:
    given = {key: value for key, value in (query or {}).items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def _decoded(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")


def _warn(answer: http.client.HTTPResponse) -> None:
    """Print the server's ``Warning`` headers (RFC 7234: code, agent, quoted text)."""
    for header in answer.headers.get_all("Warning") or []:
        _, _, rest = header.partition(" ")
        _, _, text = rest.partition(" ")
        text = text.strip().removeprefix('"').removesuffix('"').replace('\\"', '"')
        click.echo(f"Warning: {text}", err=True)
