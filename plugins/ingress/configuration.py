"""From a table of routes to Caddy's configuration. Pure.

https://caddyserver.com/docs/json/ has its form. Paths are compared by regular expressions, as Caddy's own matcher of paths
knows neither case nor elements. Nothing is fetched, written or asked of anybody outside: no certificates are ordered, no
configuration is kept, and whoever wants to change it needs the administration's socket, which is in a private folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from sampan.core.contracts.http_router import NO_ENDPOINTS, NO_ROUTE, Backend, Certificate, Route, RouteTable

Json = dict[str, Any]

ADMIN_SOCKET: Final = "admin.sock"
LOG_FILE: Final = "caddy.log"
LOG_MEGABYTES: Final = 10
"""Requests to a backend that fails are logged, and anybody may send them."""
TRY_AGAIN: Final = {"try_duration": "3s", "try_interval": "100ms"}
"""An endpoint that cannot be reached is passed over: no byte of the request has been sent to it."""
ONE_EACH: Final = {"protocol": "http", "keep_alive": {"enabled": False}}
"""A connection for each request: behind a Service's address each may lead to another pod, and none to one that has gone."""
STREAMS_OUTLIVE: Final = "24h"
"""How long a WebSocket may go on after the configuration that it was opened under."""
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
DEFAULT_TAG: Final = "default"


def configuration(table: RouteTable, plain: Sequence[int], encrypted: Sequence[int]) -> Json:
    """``plain`` and ``encrypted`` are the numbers of the listening sockets that Caddy inherits."""
    routes = [*_routes(table.routes), {"handle": [_say(NO_ROUTE, "no route leads from this host and path\n")]}]
    servers = {
        "plain": _server(plain, routes, ["h1"]),
        "encrypted": _server(encrypted, routes, ["h1", "h2"])
        | {"tls_connection_policies": [_policy(each) for each in _exact_first(table.certificates)]},
    }
    writer = {"output": "file", "filename": LOG_FILE, "roll_size_mb": LOG_MEGABYTES, "roll_keep": 1}
    return {
        "admin": {"listen": f"unix/{ADMIN_SOCKET}|0600", "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "WARN", "writer": writer}}},
        "storage": {"module": "file_system", "root": "storage"},
        "apps": {
            "http": {"servers": servers},
            "tls": {
                "certificates": {"load_pem": [_loaded(each) for each in table.certificates]},
                "disable_ocsp_stapling": True,
            },
        },
    }


def _server(sockets: Sequence[int], routes: list[Json], protocols: list[str]) -> Json:
    return {
        "listen": [f"fd/{number}" for number in sockets],
        "protocols": protocols,
        "automatic_https": {"disable": True},
        "routes": routes,
    }


def _routes(routes: Sequence[Route]) -> Iterator[Json]:
    """Those of one host that follow each other share its comparison."""
    for (host, local), some in groupby(routes, key=lambda route: (route.host, route.local)):
        inner = [{"match": [_path(route)], "handle": [_handler(route.backend)], "terminal": True} for route in some]
        outer: Json = {"handle": [{"handler": "subroute", "routes": inner}]}
        match: Json = ({"host": [host]} if host else {}) | ({"remote_ip": {"ranges": [*LOOPBACK]}} if local else {})
        yield {"match": [match], **outer} if match else outer


def _path(route: Route) -> Json:
    below = "" if route.path == "/" else "(/|$)"
    return {"path_regexp": {"pattern": f"^{re.escape(route.path)}{'$' if route.exact else below}"}}


def _handler(backend: Backend) -> Json:
    if not backend.endpoints:
        return _say(NO_ENDPOINTS, "nobody is there to answer\n")
    policy = "client_ip_hash" if backend.sticky else "round_robin"
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": endpoint} for endpoint in backend.endpoints],
        "transport": ONE_EACH,
        "load_balancing": {"selection_policy": {"policy": policy}, **TRY_AGAIN},
        "stream_close_delay": STREAMS_OUTLIVE,
    }


def _say(status: int, body: str) -> Json:
    return {"handler": "static_response", "status_code": status, "body": body}


def _exact_first(certificates: Sequence[Certificate]) -> list[Certificate]:
    return sorted(certificates, key=lambda each: (not each.host, each.host.startswith("*."), each.host))


def _policy(certificate: Certificate) -> Json:
    chosen: Json = {"certificate_selection": {"any_tag": [_tag(certificate)]}}
    return {"match": {"sni": [certificate.host]}, **chosen} if certificate.host else chosen


def _loaded(certificate: Certificate) -> Json:
    pems = {"certificate": certificate.certificate_pem, "key": certificate.key_pem}
    return pems | {"tags": [_tag(certificate)]}


def _tag(certificate: Certificate) -> str:
    return f"host {certificate.host}" if certificate.host else DEFAULT_TAG
