"""What a pod's ``resolv.conf`` holds, by its DNS policy. Pure but for reading the host's.

https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import attrs

from sampan.core.classes import frozen
from sampan.core.model.core_v1.pod import Pod

RESOLVED = Path("/run/systemd/resolve/resolv.conf")
"""Where systemd-resolved keeps the real servers behind its local one."""
HOST = Path("/etc/resolv.conf")


@frozen(kw_only=True)
class Dns:
    servers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def parse_resolv_conf(text: str) -> Dns:
    servers: list[str] = []
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    for line in text.splitlines():
        words = line.split("#")[0].split()
        match words:
            case ["nameserver", server, *_]:
                servers.append(server)
            case ["search", *names]:
                searches = tuple(names)
            case ["options", *names]:
                options += tuple(names)
            case _:
                continue
    return Dns(servers=tuple(servers), searches=searches, options=options)


def host_dns(host: Path = HOST, resolved: Path = RESOLVED) -> Dns:
    """The host's, without servers that only the host itself can reach."""
    found = _read(host)
    reachable = tuple(each for each in found.servers if not _is_local(each))
    if not reachable:
        reachable = tuple(each for each in _read(resolved).servers if not _is_local(each))
    return attrs.evolve(found, servers=reachable)


def pod_dns(pod: Pod, host: Dns, cluster_servers: tuple[str, ...], domain: str = "cluster.local") -> Dns:
    """Without a cluster DNS server ``ClusterFirst`` is as ``Default``: the host's."""
    spec, namespace = pod.spec, pod.metadata.namespace or ""
    policy = spec.dns_policy or "ClusterFirst"
    found = host
    if policy == "None":
        found = Dns()
    elif cluster_servers and (
        policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not spec.host_network)
    ):
        searches = (f"{namespace}.svc.{domain}", f"svc.{domain}", domain)
        found = Dns(servers=cluster_servers, searches=(*searches, *host.searches), options=("ndots:5",))
    if (own := spec.dns_config) is not None:
        options = {each.partition(":")[0]: each for each in found.options}
        options |= {
            each.name or "": f"{each.name}:{each.value}" if each.value else each.name or "" for each in own.options
        }
        found = Dns(
            servers=_unique(found.servers + own.nameservers),
            searches=_unique(found.searches + own.searches),
            options=tuple(options.values()),
        )
    return found


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _read(path: Path) -> Dns:
    try:
        return parse_resolv_conf(path.read_text())
    except OSError:
        return Dns()


def _is_local(server: str) -> bool:
    try:
        return ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return True
