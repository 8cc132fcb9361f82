"""A service proxy that writes its table into a file, for a program that carries the traffic. Try it with --proxy ferry."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sampan.plugin import ProxyBase, ProxyReport, Registry, ServicePort, hookimpl


class Ferry(ProxyBase):
    """Gets the whole table each time; blocking code, one call at a time."""

    def service_cidr(self) -> str | None:
        """The range of service addresses where none was asked for."""
        return "127.90.0.0/16"

    def sync(self, desired: Sequence[ServicePort]) -> ProxyReport:
        table = {
            f"{each.protocol} {each.ip}:{each.port}": [f"{end.ip}:{end.port}" for end in each.endpoints]
            for each in desired
        }
        self.settings.state_dir.mkdir(parents=True, exist_ok=True)
        (self.settings.state_dir / "table.json").write_text(json.dumps(table, indent=1))
        return ProxyReport()

    def destroy(self) -> None:
        (self.settings.state_dir / "table.json").unlink(missing_ok=True)


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.proxy("ferry", Ferry)
