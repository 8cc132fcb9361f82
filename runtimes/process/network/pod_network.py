"""The pods' network as root: a bridge of this node's own with the range's first address, and a veth pair per pod."""

from __future__ import annotations

import ipaddress
import threading
from pathlib import Path

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import RuntimeFailure, RuntimeSettings
from sampan.core.errors import ConfigError
from sampan.core.host import netlink
from sampan.core.host.netlink import HostNetworkError
from sampan.core.host.ranges import choosing, give_back, used_networks
from sampan.runtimes.process.layout import Layout
from sampan.runtimes.process.network import cidr, firewall
from sampan.runtimes.process.network.ipam import AddressPool
from sampan.runtimes.process.shim import records


@frozen(kw_only=True)
class PodAddress:
    ip: str
    netmask: str
    gateway: str


class PodNetwork:
    """Made by `start`; all but that may be called from several threads."""

    def __init__(self, layout: Layout, settings: RuntimeSettings) -> None:
        self._layout = layout
        self._settings = settings
        self._lock = threading.Lock()
        self._pool: AddressPool | None = None

    @property
    def bridge(self) -> str:
        return f"sp-{self._layout.tag}"

    @property
    def cidr(self) -> str:
        return str(self._pool.network) if self._pool else ""

    def start(self) -> None:
        """Raises `HostNetworkError` where the kernel refuses, `ConfigError` where the wanted range is taken."""
        known = records.read(str(self._layout.network)) or {}
        wanted = self._settings.pod_cidr or str(known.get("cidr") or "")
        with choosing(self._settings.state_dir) as (taken, note):
            used = [*used_networks(without=self.bridge), *taken]
            try:
                chosen = cidr.choose(wanted, used, self._settings.service_cidr)
            except ConfigError:
                if self._settings.pod_cidr or not known:
                    raise
                # Somebody else has taken the range since; pods that are left from before keep their old addresses.
                chosen = cidr.choose("", used, self._settings.service_cidr)
            note(chosen)
        self._pool = AddressPool(self._layout.addresses, chosen)
        forwarding = known.get("forwarding") is True
        records.write(str(self._layout.network), {"cidr": chosen, "forwarding": forwarding})
        prefix = self._pool.network.prefixlen
        netlink.add_bridge(self.bridge, mac(self._pool.gateway), [(self._pool.gateway, prefix)])
        self._open_to_outside(chosen, forwarding)

    def keep_only(self, sandbox_ids: list[str]) -> None:
        """Release the addresses of all other sandboxes."""
        assert self._pool
        self._pool.keep_only(sandbox_ids)

    def take(self, sandbox_id: str) -> PodAddress:
        assert self._pool
        with self._lock:
            ip = self._pool.take(sandbox_id)
        return PodAddress(ip=ip, netmask=str(self._pool.network.netmask), gateway=self._pool.gateway)

    def attach(self, sandbox_id: str, pid: int, address: PodAddress) -> None:
        """Give the namespace of the process ``pid`` its end of the network (which it then sets up)."""
        try:
            netlink.add_veth(self._veth(sandbox_id), self.bridge, mac(address.ip), pid)
        except HostNetworkError as exc:
            raise RuntimeFailure(f"the pod cannot be joined to its network: {exc}") from exc

    def release(self, sandbox_id: str, ip: str) -> None:
        """Idempotent. The kernel would remove the pair with the namespace, but in its own time."""
        netlink.delete_link(self._veth(sandbox_id))
        if ip and not self._pool:
            (self._layout.addresses / ip).unlink(missing_ok=True)
        elif self._pool:
            self._pool.release(ip)

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
        if known.get("forwarding") and not bridges():
            firewall.disable_forwarding()

    def _open_to_outside(self, chosen: str, forwarding: bool) -> None:
        if firewall.enable_forwarding() and not forwarding:
            records.write(str(self._layout.network), {"cidr": chosen, "forwarding": True})
        if problem := firewall.allow_outside(self.bridge, chosen):
            self._settings.say(f"pods cannot call the outside: {problem}")

    @staticmethod
    def _veth(sandbox_id: str) -> str:
        return f"sv{sandbox_id[:12]}"


def bridges() -> list[Path]:
    """Those on this host: somebody forwards between networks, so it is not for us to end it."""
    return list(Path("/sys/class/net").glob("*/bridge"))


def mac(ip: str) -> str:
    """Made from the address, so that neighbours' tables stay right when an address is given to another pod."""
    return "0a:58:" + ":".join(f"{byte:02x}" for byte in ipaddress.IPv4Address(ip).packed)
