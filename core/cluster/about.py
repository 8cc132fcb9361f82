"""What a node must know about its cluster, kept in the API: the ConfigMap ``kube-system/sampan-config``.

The control plane writes it at start; `sampan node join` reads it. As kubeadm keeps its own in ``kubeadm-config``.
"""

from __future__ import annotations

from sampan.core.classes import frozen
from sampan.core.client.protocol import Client
from sampan.core.errors import ConfigError, NotFound
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.meta_v1.object_meta import ObjectMeta

NAMESPACE, NAME = "kube-system", "sampan-config"


@frozen(kw_only=True)
class About:
    cluster: str
    service_cidr: str
    dns_address: str = ""
    """Empty where there is no cluster DNS."""


async def publish_about(client: Client, about: About) -> None:
    """Written where it is not there or not right."""
    data = {"clusterName": about.cluster, "serviceSubnet": about.service_cidr, "clusterDNS": about.dns_address}
    try:
        present = await client.get(ConfigMap, NAMESPACE, NAME)
    except NotFound:
        await client.create(ConfigMap(metadata=ObjectMeta(name=NAME, namespace=NAMESPACE), data=data))
        return
    if present.data != data:
        await client.patch(ConfigMap, NAMESPACE, NAME, {"data": data})


async def read_about(client: Client) -> About:
    """Raises `ConfigError` where the server is none of sampan's."""
    try:
        data = (await client.get(ConfigMap, NAMESPACE, NAME)).data
        return About(
            cluster=data["clusterName"], service_cidr=data["serviceSubnet"], dns_address=data.get("clusterDNS", "")
        )
    except (NotFound, KeyError) as exc:
        raise ConfigError(
            f"the server has no ConfigMap {NAMESPACE}/{NAME} that says which cluster it is: it was not started by"
            " `sampan up`"
        ) from exc
