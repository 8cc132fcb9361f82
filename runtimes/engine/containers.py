"""The container verbs that Docker's and Podman's APIs have in common to the letter. Blocking; any thread."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from typing import Any

from sampan.core.errors import NotFound
from sampan.runtimes.engine.api import CALL_TIMEOUT, EngineApi, Params
from sampan.runtimes.engine.errors import EngineRefusal
from sampan.runtimes.engine.names import filters

NOT_RUNNING = 409


class EngineContainers:
    """Containers by id (or name). Stopping and removing what is not there, or has ended, succeeds."""

    def __init__(self, api: EngineApi) -> None:
        self._api = api

    def create(self, name: str, body: Mapping[str, Any]) -> str:
        """Create one; the id of the one of that name where there is one already."""
        try:
            return str(self._api.call("POST", "/containers/create", params={"name": name}, body=body)["Id"])
        except EngineRefusal:
            if there := self.find(name):
                return str(there["Id"])
            raise

    def start(self, container_id: str) -> None:
        self._api.call("POST", f"/containers/{container_id}/start")

    def kill(self, container_id: str) -> None:
        """SIGKILL; returns when it has ended."""
        with contextlib.suppress(NotFound):
            try:
                self._api.call("POST", f"/containers/{container_id}/kill")
            except EngineRefusal as refused:
                if refused.status != NOT_RUNNING:
                    raise
            self.wait(container_id)

    def wait(self, container_id: str) -> int:
        """Its exit code, once it has ended."""
        return int(self._api.call("POST", f"/containers/{container_id}/wait", timeout=None)["StatusCode"])

    def stop(self, container_id: str, timeout: float) -> None:
        """Its stop signal, then after ``timeout`` seconds SIGKILL; returns when it has ended."""
        seconds = math.ceil(timeout)
        params = {"t": seconds, "timeout": seconds}  # Docker's word, and Podman's
        with contextlib.suppress(NotFound):
            self._api.call("POST", f"/containers/{container_id}/stop", params=params, timeout=seconds + CALL_TIMEOUT)

    def remove(self, container_id: str) -> None:
        with contextlib.suppress(NotFound):
            self._api.call("DELETE", f"/containers/{container_id}", params={"force": True, "v": True})

    def inspect(self, container_id: str, *, size: bool = False) -> dict[str, Any]:
        """``size``: with what it has written."""
        params: Params = {"size": True} if size else {}
        found: dict[str, Any] = self._api.call("GET", f"/containers/{container_id}/json", params=params)
        return found

    def find(self, container_id: str) -> dict[str, Any] | None:
        """As `inspect`, ``None`` where it is not there."""
        with contextlib.suppress(NotFound):
            return self.inspect(container_id)
        return None

    def list(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """Those that carry all these labels, running or not, in the short form of the engine's list."""
        params: Params = {"all": True, "filters": json.dumps(filters(labels))}
        found: list[dict[str, Any]] = self._api.call("GET", "/containers/json", params=params)
        return found
