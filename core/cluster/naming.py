"""A machine's cluster DNS: the name server, its Service, and what keeps it in step with the API.

The server listens on the Service's own address, which the proxy has made this machine's: no query passes through a proxy.
It answers once it knows all that there is, in the place of one that an earlier start has left behind. `serve`, `close` and
`destroy` block and belong in a thread; the rest is on the event loop.
"""

from __future__ import annotations

from sampan.core.client.protocol import Client
from sampan.core.contracts.name_server import NameServer, NameServerSettings
from sampan.core.errors import Invalid, NotFound
from sampan.core.ip import networks
from sampan.core.model.core_v1.service import Service, ServicePort, ServiceSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.plugins import Plugins
from sampan.core.reconcile.lister import InformerSet
from sampan.core.services.namer import Namer
from sampan.core.services.records import server_records, zone_records

NAMESPACE, NAME = "kube-system", "kube-dns"
"""What every cluster's DNS Service is called, whichever server is behind it."""
USUAL_PLACE = 10
"""The address in the service range that Kubernetes' set-ups give it."""
PORT = 53


class ClusterNaming:
    """``name`` is that of the registry's name server."""

    def __init__(self, name: str, settings: NameServerSettings, plugins: Plugins) -> None:
        self._settings = settings
        self._server: NameServer = plugins.registry.name_servers.find(name).make(settings)
        self._namer: Namer | None = None

    def prepare(self) -> None:
        """Begin what takes a while, such as a process of the server's own."""
        self._server.put("zone", zone_records(self._settings.domain))

    async def follow(self, informers: InformerSet) -> None:
        """Tell it what the API has, from now on. Returns when it knows all there is."""
        self._namer = Namer(self._server, informers)
        await self._namer.start()

    def serve(self, address: str) -> None:
        """Answer there. Raises `ConfigError` where that cannot be."""
        self._server.put("server", server_records(address, self._settings.domain))
        self._server.start(address)
        self._settings.say(f"dns: {self._settings.domain} at {address} (for this host, too: `sampan dns install`)")

    def stop(self) -> None:
        """Stop following. Idempotent."""
        if self._namer is not None:
            self._namer.stop()

    def close(self) -> None:
        """Pods may go on to be answered."""
        self._server.close()

    def destroy(self) -> None:
        """Nobody is answered any more. Idempotent; needs no `prepare`."""
        self._server.destroy()


async def dns_service_address(client: Client, service_cidr: str) -> str:
    """The address of the DNS Service, which is made where there is none: the usual one, else any."""
    try:
        return (await client.get(Service, NAMESPACE, NAME)).spec.cluster_ip or ""
    except NotFound:
        pass
    usual = str(networks(service_cidr)[0][USUAL_PLACE])
    try:
        made = await client.create(_service(usual))
    except Invalid:  # somebody's Service has it
        made = await client.create(_service(None))
    return made.spec.cluster_ip or ""


def _service(address: str | None) -> Service:
    labels = {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
    ports = tuple(
        ServicePort(name=name, port=PORT, target_port=PORT, protocol=protocol)
        for name, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
    )
    meta = ObjectMeta(name=NAME, namespace=NAMESPACE, labels=labels)
    return Service(metadata=meta, spec=ServiceSpec(cluster_ip=address, ports=ports))
