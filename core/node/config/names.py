"""What a pod is called from inside: host name and domain. Pure.

https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-hostname-and-subdomain-fields
"""

from __future__ import annotations

from sampan.core.classes import frozen
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.pod import Pod

LONGEST_HOST_NAME = 63
LONGEST_FULL_NAME = 64
"""The kernel's limit for a host name."""


class NameTooLong(SampanError):
    """A full name that cannot be a host name: the pod's sandbox cannot be made."""


@frozen(kw_only=True)
class PodName:
    host: str
    domain: str = ""
    """``SUBDOMAIN.NAMESPACE.svc.CLUSTER_DOMAIN``; empty where the pod names no subdomain."""

    @property
    def full(self) -> str:
        return f"{self.host}.{self.domain}" if self.domain else self.host


def pod_name(pod: Pod, cluster_domain: str = "cluster.local") -> PodName:
    spec, meta = pod.spec, pod.metadata
    if spec.hostname_override:
        return PodName(host=spec.hostname_override)
    host = (spec.hostname or meta.name or "")[:LONGEST_HOST_NAME].rstrip("-.")
    domain = f"{spec.subdomain}.{meta.namespace}.svc.{cluster_domain}" if spec.subdomain else ""
    return PodName(host=host, domain=domain)


def kernel_name(pod: Pod) -> str:
    """The host name that its containers see. Raises `NameTooLong`."""
    name = pod_name(pod)
    if not pod.spec.set_hostname_as_fqdn or not name.domain:
        return name.host
    if len(name.full) > LONGEST_FULL_NAME:
        size = f"{LONGEST_FULL_NAME} characters is the max, {len(name.full)} characters requested"
        words = "Failed to construct FQDN from Pod hostname and cluster domain, FQDN"
        raise NameTooLong(f"{words} {name.full} is too long ({size})")
    return name.full
