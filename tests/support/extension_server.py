"""A small API server of its own for tests: one kind, in memory, asked only by who has a front proxy's certificate.

Run by itself (``python extension_server.py PORT CERTIFICATE KEY CLIENT_CA``) it is what a pod runs: nothing but Python's
own library is used.
"""

from __future__ import annotations

import json
import queue
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

GROUP, VERSION = "boats.example.com", "v1"
ROOT = f"/apis/{GROUP}/{VERSION}"
RESOURCE = {
    "name": "boats", "singularName": "boat", "namespaced": True, "kind": "Boat", "shortNames": ["bt"],
    "verbs": ["create", "delete", "get", "list", "patch", "watch"],
}  # fmt: skip


class ExtensionServer(ThreadingHTTPServer):
    """``asked`` are the requests' methods, paths and headers."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], certificate: Path, key: Path, client_ca: str) -> None:
        super().__init__(address, Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(cadata=client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.boats: dict[str, dict[str, Any]] = {}
        self.watchers: list[queue.Queue[dict[str, Any] | None]] = []
        self.events: list[dict[str, Any]] = []
        self.changing = threading.Lock()
        self.is_ending = False
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        """What a test has answered instead, by path."""

    def tell(self, type: str, boat: dict[str, Any]) -> None:
        """Of a change, after which the boat has a new resourceVersion."""
        with self.changing:
            boat["metadata"]["resourceVersion"] = str(len(self.events) + 2)
            self.events.append({"type": type, "object": boat})
            for watcher in self.watchers:
                watcher.put(self.events[-1])

    def watch(self, since: str) -> queue.Queue[dict[str, Any] | None]:
        """All that comes, after what has come since, where a resourceVersion is given."""
        events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        with self.changing:
            for event in self.events[int(since) - 1 :] if since else ():
                events.put(event)
            self.watchers.append(events)
            if self.is_ending:
                events.put(None)
        return events

    def end_watches(self) -> None:
        """Those that there are, and those that come."""
        with self.changing:
            self.is_ending = True
            for watcher in self.watchers:
                watcher.put(None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hangs up, or has no certificate, is what some tests are about


class Handler(BaseHTTPRequestHandler):
    server: ExtensionServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._note()
        path, _, query = self.path.partition("?")
        name = path.rpartition("/")[2]
        if path in self.server.answers:
            self._raw(*self.server.answers[path])
        elif path == ROOT:
            kinds = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}"}
            self._json(kinds | {"resources": [RESOURCE]})
        elif path == "/openapi/v2":
            self._json(OPENAPI_V2)
        elif path == "/openapi/v3":
            self._json({"paths": {ROOT[1:]: {"serverRelativeURL": f"/openapi/v3{ROOT}?hash=1"}}})
        elif path == f"/openapi/v3{ROOT}":
            self._json({"openapi": "3.0.0", "info": {"title": "Boats", "version": "1"}, "paths": {}})
        elif path.endswith("/boats") and "watch=true" in query:
            self._watch()
        elif path.endswith("/boats"):
            self._json(
                {
                    "kind": "BoatList",
                    "apiVersion": f"{GROUP}/{VERSION}",
                    "metadata": {"resourceVersion": str(len(self.server.events) + 1)},
                    "items": [boat for boat in self.server.boats.values() if self._is_asked_for(path, boat)],
                }
            )
        elif path.startswith(ROOT) and name in self.server.boats:
            self._json(self.server.boats[name])
        else:
            self._json({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}, 404)

    def do_POST(self) -> None:
        self._note()
        boat = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        boat["metadata"] |= {"uid": f"uid-{len(self.server.events)}"}
        self.server.boats[boat["metadata"]["name"]] = boat
        self.server.tell("ADDED", boat)
        self._json(boat, 201)

    def _is_asked_for(self, path: str, boat: dict[str, Any]) -> bool:
        return path in (f"{ROOT}/boats", f"{ROOT}/namespaces/{boat['metadata'].get('namespace')}/boats")

    def do_DELETE(self) -> None:
        self._note()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        boat = self.server.boats.pop(self.path.rpartition("/")[2])
        self.server.tell("DELETED", boat)
        self._json({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _watch(self) -> None:
        query = dict(parse_qsl(self.path.partition("?")[2]))
        events = self.server.watch(query.get("resourceVersion", ""))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (event := events.get()) is not None:
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _note(self) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        self.server.asked.append((self.command, self.path, headers))

    def _json(self, value: Any, code: int = 200) -> None:
        self._raw(code, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _raw(self, code: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


OPENAPI_V2 = {
    "swagger": "2.0",
    "info": {"title": "Boats", "version": "1"},
    "paths": {f"{ROOT}/boats": {"get": {"operationId": "listBoats", "responses": {
        "200": {"description": "OK", "schema": {"$ref": "#/definitions/com.example.boats.v1.Boat"}}}}},
        "/version/": {"get": {"operationId": "getCodeVersion", "responses": {}}}},
    "definitions": {
        "com.example.boats.v1.Boat": {"type": "object", "properties": {
            "metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}},
            "x-kubernetes-group-version-kind": [{"group": GROUP, "version": VERSION, "kind": "Boat"}]},
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object"},
        "not.needed": {"type": "object"},
    },
}  # fmt: skip


if __name__ == "__main__":
    port, certificate, key, client_ca = sys.argv[1:]
    ExtensionServer(("0.0.0.0", int(port)), Path(certificate), Path(key), client_ca).serve_forever()
