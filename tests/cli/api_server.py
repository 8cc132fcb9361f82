"""A server that answers `sampan` with bodies given by the test, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs

from sampan.core.errors import ApiError, NotFound


@attrs.frozen
class Request:
    method: str
    path: str
    query: dict[str, str]
    accept: str
    content_type: str
    body: Any


class Server:
    """Answers by method and path; remembers what it was asked. Lines (bytes) are sent as a stream."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._answers: dict[tuple[str, str], list[tuple[int, Any, dict[str, str]]]] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def on(self, method: str, path: str, answer: Any, code: int = 200, **headers: str) -> None:
        """Answer with a body or an error; given several times, one after another, the last one for ever."""
        if isinstance(answer, ApiError):
            answer, code = answer.to_status(), answer.code
        self._answers.setdefault((method, path), []).append((code, answer, headers))

    def answer(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        self.requests.append(request)
        answers = self._answers.get((request.method, request.path))
        if not answers:
            return 404, NotFound(f"no answer for {request.method} {request.path}").to_status(), {}
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.method != "GET"]

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                self.command,
                url.path,
                {key: values[0] for key, values in parse_qs(url.query, keep_blank_values=True).items()},
                self.headers.get("Accept", ""),
                self.headers.get("Content-Type", ""),
                json.loads(self.rfile.read(length)) if length else None,
            )
            code, answer, headers = server.answer(request)
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """The tests' output is not its place."""

    return Handler


KINDS: dict[str, list[tuple[str, str, str, bool, list[str], list[str]]]] = {
    "": [
        ("configmaps", "configmap", "ConfigMap", True, ["cm"], []),
        ("events", "event", "Event", True, ["ev"], []),
        ("namespaces", "namespace", "Namespace", False, ["ns"], []),
        ("nodes", "node", "Node", False, ["no"], []),
        ("pods", "pod", "Pod", True, ["po"], ["all"]),
        ("services", "service", "Service", True, ["svc"], ["all"]),
    ],
    "apps": [
        ("deployments", "deployment", "Deployment", True, ["deploy"], ["all"]),
        ("replicasets", "replicaset", "ReplicaSet", True, ["rs"], ["all"]),
    ],
    "example.com": [("boats", "boat", "Boat", True, [], [])],
}


def discovery(groups: list[str]) -> dict[str, Any]:
    items = []
    for group in groups:
        resources = [
            {
                "resource": plural,
                "singularResource": singular,
                "responseKind": {"group": group, "version": "v1", "kind": kind},
                "scope": "Namespaced" if namespaced else "Cluster",
                "shortNames": short,
                "categories": categories,
                "verbs": ["get", "list", "create", "delete", "patch", "watch"],
            }
            for plural, singular, kind, namespaced, short, categories in KINDS[group]
        ]
        items.append({"metadata": {"name": group}, "versions": [{"version": "v1", "resources": resources}]})
    return {"kind": "APIGroupDiscoveryList", "items": items}


def table(columns: list[tuple[str, int]], *rows: tuple[list[Any], dict[str, Any]]) -> dict[str, Any]:
    """A ``Table``: columns (name, priority), and rows of cells with the object's metadata."""
    return {
        "kind": "Table",
        "metadata": {"resourceVersion": "7"},
        "columnDefinitions": [
            {"name": name, "priority": priority, "format": "name" if name == "Name" else ""}
            for name, priority in columns
        ],
        "rows": [{"cells": cells, "object": {"metadata": metadata}} for cells, metadata in rows],
    }


@attrs.frozen
class Result:
    code: int
    out: str
    err: str


Shell = Callable[..., Result]
