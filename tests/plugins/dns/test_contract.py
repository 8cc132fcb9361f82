"""The name server contract, on the one that comes with sampan."""

from __future__ import annotations

from sampan.core.contracts.name_server import NameServer, NameServerSettings
from sampan.core.testing.name_server_contract import NameServerContract
from sampan.plugins.dns import make_cluster_dns


class TestClusterDns(NameServerContract):
    def make(self, settings: NameServerSettings) -> NameServer:
        return make_cluster_dns(settings)
