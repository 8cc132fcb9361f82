"""The same server as in the tests of the API."""

from __future__ import annotations

from tests.core.api.conftest import admission, api, clock, registry, server, service_cidr, store

__all__ = ["admission", "api", "clock", "registry", "server", "service_cidr", "store"]
