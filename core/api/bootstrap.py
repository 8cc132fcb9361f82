"""What every cluster has before anybody asks: the system's namespaces, its service range and the ``kubernetes`` Service.

Called by the server at start, in-process; what is there already stays as it is, but for the server's own address.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from sampan.core.api.operations.metadata import begin
from sampan.core.api.operations.pipeline import Pipeline
from sampan.core.client.protocol import Client
from sampan.core.contracts.groundwork import Groundwork
from sampan.core.errors import AlreadyExists, NotFound
from sampan.core.ip import networks, split
from sampan.core.model.builtin import Endpoints, EndpointSlice, Namespace, Service
from sampan.core.model.core_v1.endpoints import EndpointAddress, EndpointPort, EndpointSubset
from sampan.core.model.core_v1.service import ServicePort, ServiceSpec
from sampan.core.model.discovery_v1 import endpoint_slice
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.networking_v1.service_cidr import ServiceCIDR, ServiceCIDRSpec, ServiceCIDRStatus

NAMESPACES: Final = ("default", "kube-system", "kube-public", "kube-node-lease")
NAME: Final = "kubernetes"
LABELS: Final = {"component": "apiserver", "provider": "kubernetes"}
PORT: Final = 443


async def bootstrap(client: Client, service_cidr: str, port: int) -> None:
    """``port`` is the server's own. The ``kubernetes`` Service has the first address of the range, as everywhere."""
    for name in NAMESPACES:
        await _namespace(client, name)
    await _service_range(client, service_cidr)
    await _service(client, first_service_address(service_cidr), port)


async def _namespace(client: Client, name: str) -> None:
    try:
        await client.get(Namespace, "", name)
    except NotFound:
        with contextlib.suppress(AlreadyExists):
            await client.create(Namespace(metadata=ObjectMeta(name=name)))


async def _service_range(client: Client, service_cidr: str) -> None:
    """The ServiceCIDR ``kubernetes`` with the cluster's own range of each family, ready from the first moment on."""
    try:
        present = await client.get(ServiceCIDR, "", NAME)
    except NotFound:
        spec = ServiceCIDRSpec(cidrs=split(service_cidr))
        present = await client.create(ServiceCIDR(metadata=ObjectMeta(name=NAME), spec=spec))
    if present.spec.cidrs == split(service_cidr) and not present.status.conditions:
        ready = Condition(
            type="Ready",
            status="True",
            reason="",
            message="Kubernetes Service CIDR is ready",
            last_transition_time=present.metadata.creation_timestamp,
        )
        await client.update(evolve(present, status=ServiceCIDRStatus(conditions=(ready,))), subresource="status")


async def advertise(client: Client, address: str, port: int) -> None:
    """Lead the ``kubernetes`` Service to where pods and the host reach the server.

    An address of the loopback range leads pods to themselves, and Kubernetes refuses it in endpoints.
    """
    await _put_endpoints(client, address, port)
    await _put_slice(client, address, port)


def first_service_address(service_cidr: str) -> str:
    """Of the cluster's first family."""
    return str(networks(service_cidr)[0][1])


async def _service(client: Client, address: str, port: int) -> None:
    """Its ports are kept as they should be, also where the server listens on another one than before."""
    ports = (ServicePort(name="https", port=PORT, target_port=port, protocol="TCP"),)
    try:
        present = await client.get(Service, "default", NAME)
    except NotFound:
        meta = ObjectMeta(name=NAME, namespace="default", labels=LABELS)
        await client.create(Service(metadata=meta, spec=ServiceSpec(cluster_ip=address, ports=ports)))
        return
    if present.spec.ports != ports:
        await client.update(evolve(present, spec=evolve(present.spec, ports=ports)))


async def _put_endpoints(client: Client, address: str, port: int) -> None:
    labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    subset = EndpointSubset(
        addresses=(EndpointAddress(ip=address),), ports=(EndpointPort(name="https", port=port, protocol="TCP"),)
    )
    wanted = Endpoints(metadata=ObjectMeta(name=NAME, namespace="default", labels=labels), subsets=(subset,))
    try:
        present = await client.get(Endpoints, "default", NAME)
    except NotFound:
        await client.create(wanted)
        return
    if present.subsets != wanted.subsets:
        await client.update(evolve(present, subsets=wanted.subsets))


async def _put_slice(client: Client, address: str, port: int) -> None:
    labels = {"kubernetes.io/service-name": NAME}
    endpoint = endpoint_slice.Endpoint(addresses=(address,), conditions=endpoint_slice.EndpointConditions(ready=True))
    wanted = EndpointSlice(
        metadata=ObjectMeta(name=NAME, namespace="default", labels=labels),
        address_type="IPv6" if ":" in address else "IPv4",
        endpoints=(endpoint,),
        ports=(endpoint_slice.EndpointPort(name="https", port=port, protocol="TCP"),),
    )
    try:
        present = await client.get(EndpointSlice, "default", NAME)
    except NotFound:
        await client.create(wanted)
        return
    if (present.endpoints, present.ports) != (wanted.endpoints, wanted.ports):
        await client.update(evolve(present, endpoints=wanted.endpoints, ports=wanted.ports))


async def lay(groundwork: Groundwork, pipeline: Pipeline, client: Client) -> None:
    """Make what is missing of ``groundwork``, and add to what is there what it lacks.

    Straight into the store: more than a hundred objects that are known to be right must not make a start slower.
    """
    missing = []
    for kind, wanted in groundwork.objects():
        served = pipeline.catalog.of_class(kind)
        if served is None:
            continue
        meta = wanted["metadata"]
        namespace, name = meta.get("namespace", ""), meta["name"]
        present = served.get(namespace, name)
        if present is None:
            whole = {"kind": served.info.kind, "apiVersion": served.info.api_version, **wanted, "metadata": dict(meta)}
            begin(whole["metadata"], served.info, pipeline.clock())
            missing.append(pipeline.insert(served, served.key(namespace, name), whole))
        elif more := groundwork.lacking(present.wire, wanted):
            await client.patch(kind, namespace, name, more)
    await asyncio.gather(*missing)
