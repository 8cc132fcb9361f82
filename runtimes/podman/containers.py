"""Where Podman's container calls differ from Docker's."""

from __future__ import annotations

import contextlib

from sampan.core.errors import NotFound
from sampan.runtimes.engine.containers import EngineContainers

POLL_INTERVAL = "50ms"
"""How often Podman looks while it waits for a container's end; its own default is five times as long."""


class PodmanContainers(EngineContainers):
    def kill(self, container_id: str) -> None:
        """Podman's stop without grace goes straight to SIGKILL, and waits."""
        with contextlib.suppress(NotFound):
            self._api.call("POST", f"/containers/{container_id}/stop", params={"timeout": 0})

    def remove(self, container_id: str) -> None:
        """Without the grace that Podman gives a running container even where it is removed by force."""
        with contextlib.suppress(NotFound):
            params = {"force": True, "v": True, "timeout": 0}
            self._api.call("DELETE", f"/containers/{container_id}", params=params)

    def wait(self, container_id: str) -> int:
        """Podman answers the bare number."""
        params = {"interval": POLL_INTERVAL}
        return int(self._api.call("POST", f"/containers/{container_id}/wait", params=params, timeout=None))
