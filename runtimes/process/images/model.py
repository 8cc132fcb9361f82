"""An image as the store keeps it: its configuration, and the names of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from sampan.core.classes import frozen

HOST = "host"
"""The name of the image that is the host's own root file system."""


@frozen(kw_only=True)
class StoredImage:
    """``id`` is the digest of the configuration, as Docker's image ids are; ``layers`` are folders, the lowest first."""

    id: str
    layers: tuple[str, ...]
    size: int
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    stop_signal: str = ""
    exposed_ports: tuple[str, ...] = ()

    def to_record(self) -> dict[str, object]:
        return attrs.asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> StoredImage:
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        return cls(**values)

    @classmethod
    def from_config(cls, image_id: str, config: Mapping[str, Any], layers: tuple[str, ...], size: int) -> StoredImage:
        """From the OCI image configuration (https://github.com/opencontainers/image-spec/blob/main/config.md)."""
        settings = config.get("config") or {}
        return cls(
            id=image_id,
            layers=layers,
            size=size,
            entrypoint=tuple(settings.get("Entrypoint") or ()),
            command=tuple(settings.get("Cmd") or ()),
            env=tuple(settings.get("Env") or ()),
            user=settings.get("User") or "",
            working_dir=settings.get("WorkingDir") or "",
            stop_signal=settings.get("StopSignal") or "",
            exposed_ports=tuple(settings.get("ExposedPorts") or ()),
        )
