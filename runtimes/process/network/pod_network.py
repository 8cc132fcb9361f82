"""The pods' network as root: a bridge of this node's own with the range's first address, and a veth pair per pod."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import RuntimeFailure, RuntimeSettings
from sampan.core.errors import ConfigError
from sampan.core.host import netlink
from sampan.core.host.netlink import HostNetworkError
from sampan.core.host.ranges import choosing, give_back, used_networks
from sampan.core.ip import Family, Network, family, family_of, join, networks, part, split
from sampan.runtimes.process.layout import Layout
from sampan.runtimes.process.network import cidr, firewall, forwarding
from sampan.runtimes.process.network.ipam import AddressPool
from sampan.runtimes.process.shim import records


@frozen(kw_only=True)
class PodAddress:
    """One of a pod's."""

    ip: str
    prefix: int
    gateway: str


class PodNetwork:
    """Made by `start`; all but that may be called from several threads."""

    def __init__(self, layout: Layout, settings: RuntimeSettings) -> None:
        self._layout = layout
        self._settings = settings
        self._lock = threading.Lock()
        self._pools: tuple[AddressPool, ...] = ()
        """One for each family."""

    @property
    def bridge(self) -> str:
        return f"sp-{self._layout.tag}"

    @property
    def cidr(self) -> str:
        return join(pool.network for pool in self._pools)

    def start(self) -> None:
        """Raises `HostNetworkError` where the kernel refuses, `ConfigError` where the wanted range is taken."""
        known = records.read(str(self._layout.network)) or {}
        before = str(known.get("cidr") or "")
        with choosing(self._settings.state_dir) as (taken, note):
            used = [*used_networks(without=self.bridge), *taken]
            chosen = join(self._choose(family(name), before, used) for name in self._settings.families)
            note(chosen)
        self._pools = tuple(AddressPool(self._layout.addresses, each) for each in split(chosen))
        changed = forwarding.changes_of(known.get("forwarding"))
        self._record(chosen, changed)
        gateways = [(pool.gateway, pool.network.prefixlen) for pool in self._pools]
        netlink.add_bridge(self.bridge, mac(self._pools[0].gateway), gateways)
        self._open_to_outside(chosen, changed)

    def _choose(self, of: Family, before: str, used: Sequence[Network]) -> str:
        asked, known = part(self._settings.pod_cidr or "", of), part(before, of)
        try:
            return cidr.choose(asked or known, used, self._settings.service_cidr, of)
        except ConfigError:
            if asked or not known:
                raise
            # Somebody else has taken the range since; pods that are left from before keep their old addresses.
            return cidr.choose("", used, self._settings.service_cidr, of)

    def keep_only(self, sandbox_ids: list[str]) -> None:
        """Release the addresses of all other sandboxes."""
        for pool in self._pools:
            pool.keep_only(sandbox_ids)

    def take(self, sandbox_id: str) -> tuple[PodAddress, ...]:
        """One of each family."""
        with self._lock:
            return tuple(
                PodAddress(ip=pool.take(sandbox_id), prefix=pool.network.prefixlen, gateway=pool.gateway)
                for pool in self._pools
            )

    def attach(self, sandbox_id: str, pid: int, first: PodAddress) -> None:
        """Give the namespace of the process ``pid`` its end of the network (which it then sets up)."""
        try:
            netlink.add_veth(self._veth(sandbox_id), self.bridge, mac(first.ip), pid)
        except HostNetworkError as exc:
            raise RuntimeFailure(f"the pod cannot be joined to its network: {exc}") from exc

    def release(self, sandbox_id: str, ips: Iterable[str]) -> None:
        """Idempotent. The kernel would remove the pair with the namespace, but in its own time."""
        netlink.delete_link(self._veth(sandbox_id))
        for ip in filter(None, ips):
            (self._layout.addresses / ip).unlink(missing_ok=True)

    def destroy(self) -> None:
        """Remove the bridge, what hangs on it and the rules. Idempotent; needs no `start`."""
        give_back(self._settings.state_dir)
        known = records.read(str(self._layout.network))
        if known is None:
            return
        for port in netlink.bridge_ports(self.bridge):
            netlink.delete_link(port)
        netlink.delete_link(self.bridge)
        firewall.withdraw(self.bridge, str(known["cidr"]))
        if not bridges():
            forwarding.set_back(forwarding.changes_of(known.get("forwarding")))

    def _open_to_outside(self, chosen: str, changed: dict[str, str]) -> None:
        for network in networks(chosen):
            of = family_of(network)
            if now := forwarding.enable(of):
                changed |= {each: before for each, before in now.items() if each not in changed}
                self._record(chosen, changed)
            if problem := firewall.allow_outside(self.bridge, network):
                self._settings.say(f"pods cannot call the outside by {of}: {problem}")

    def _record(self, chosen: str, changed: dict[str, str]) -> None:
        records.write(str(self._layout.network), {"cidr": chosen, "forwarding": changed})

    @staticmethod
    def _veth(sandbox_id: str) -> str:
        return f"sv{sandbox_id[:12]}"


def bridges() -> list[Path]:
    """Those on this host: somebody forwards between networks, so it is not for us to end it."""
    return list(Path("/sys/class/net").glob("*/bridge"))


def mac(ip: str) -> str:
    """Made from the address of IPv4, so that neighbours' tables stay right when an address is given to another pod."""
    return "0a:58:" + ":".join(f"{byte:02x}" for byte in IPv4Address(ip).packed)
