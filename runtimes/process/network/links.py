"""Bridges and veth pairs on the host, by iproute2's ``ip`` where it is installed, else by pyroute2.

``ip`` comes first because it is cheaper here: 3 ms per batch, while importing pyroute2 takes 0.2 s and 24 MB, a quarter
of what all of sampan may use.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Protocol

from sampan.core.contracts.runtime import RuntimeFailure

ALREADY_GONE = ("Cannot find device", "No such device")
"""Before ``ip`` looked, or between its look and the removal: the kernel takes a pair away with its namespace."""


class Links(Protocol):
    def add_bridge(self, name: str, mac: str, address: str, prefix: int) -> None:
        """With its address, up. One that is there is kept."""
        ...

    def add_veth(self, name: str, bridge: str, mac: str, pid: int) -> None:
        """A pair: ``name`` on the bridge, ``eth0`` in the network namespace of the process ``pid``."""
        ...

    def delete(self, name: str) -> None:
        """One that is not there is fine."""
        ...

    def ports(self, bridge: str) -> list[str]: ...


def links() -> Links:
    """The one that works here."""
    program = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin")
    return IpCommand(program) if program else Netlink()


class IpCommand:
    def __init__(self, program: str) -> None:
        self._program = program

    def add_bridge(self, name: str, mac: str, address: str, prefix: int) -> None:
        self._batch([f"link add {name} address {mac} type bridge"], fine=("File exists",))
        self._batch([f"address replace {address}/{prefix} dev {name}", f"link set {name} up"])

    def add_veth(self, name: str, bridge: str, mac: str, pid: int) -> None:
        pair = f"link add {name} type veth peer name eth0 address {mac} netns {pid}"
        self._batch([pair, f"link set {name} master {bridge} up"])

    def delete(self, name: str) -> None:
        self._batch([f"link delete {name}"], fine=ALREADY_GONE)

    def ports(self, bridge: str) -> list[str]:
        command = [self._program, "-br", "link", "show", "master", bridge]
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        return [line.split()[0].partition("@")[0] for line in lines]

    def _batch(self, commands: list[str], fine: tuple[str, ...] = ()) -> None:
        done = subprocess.run(
            [self._program, "-batch", "-"], input="\n".join(commands), capture_output=True, text=True, check=False
        )
        if done.returncode and not any(words in done.stderr for words in fine):
            raise RuntimeFailure(f"ip {commands[0]}: {done.stderr.strip().splitlines()[0]}")


class Netlink:
    def add_bridge(self, name: str, mac: str, address: str, prefix: int) -> None:
        with self._route() as route:
            if not route.link_lookup(ifname=name):
                route.link("add", ifname=name, kind="bridge", address=mac)
            index = route.link_lookup(ifname=name)[0]
            route.addr("replace", index=index, address=address, prefixlen=prefix)
            route.link("set", index=index, state="up")

    def add_veth(self, name: str, bridge: str, mac: str, pid: int) -> None:
        with self._route() as route:
            peer = {"ifname": "eth0", "address": mac, "net_ns_pid": pid}
            route.link("add", ifname=name, kind="veth", peer=peer)
            index = route.link_lookup(ifname=name)[0]
            route.link("set", index=index, master=route.link_lookup(ifname=bridge)[0])
            route.link("set", index=index, state="up")

    def delete(self, name: str) -> None:
        with self._route() as route:
            for index in route.link_lookup(ifname=name):
                with _gone_is_fine():
                    route.link("del", index=index)

    def ports(self, bridge: str) -> list[str]:
        with self._route() as route:
            masters = route.link_lookup(ifname=bridge)
            found = [link for link in route.get_links() if masters and link.get_attr("IFLA_MASTER") == masters[0]]
            return [link.get_attr("IFLA_IFNAME") for link in found]

    @contextlib.contextmanager
    def _route(self) -> Iterator[Any]:
        from pyroute2 import IPRoute  # slow and large: only where it is needed
        from pyroute2.netlink.exceptions import NetlinkError

        with IPRoute() as route:
            try:
                yield route
            except NetlinkError as exc:
                raise RuntimeFailure(f"netlink: {exc}") from exc


@contextlib.contextmanager
def _gone_is_fine() -> Iterator[None]:
    """As `ALREADY_GONE` for netlink's own errors."""
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        yield
    except NetlinkError as exc:
        if exc.code != errno.ENODEV:
            raise
