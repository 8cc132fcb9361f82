"""A pod's end of its network, set up from the inside with the old socket ioctls: they need no program and no library."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

SIOCADDRT = 0x890B
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
SIOCSIFADDR = 0x8916
SIOCSIFNETMASK = 0x891C
IFF_UP = 1
RTF_UP_AND_GATEWAY = 3


def join(interface: str, addresses: list[tuple[str, int, str]]) -> None:
    """Up, with these addresses: (address, length of its network, gateway), at most one of each family."""
    if any(":" in ip for ip, _, _ in addresses):
        own = f"net.ipv6.conf.{interface}"
        # Nobody else has the address, so it is usable at once; and what other pods say of routes is not listened to.
        set_sysctls({f"{own}.accept_dad": "0", f"{own}.accept_ra": "0"})
    elif os.path.exists("/proc/sys/net/ipv6"):
        # An address that the kernel makes by itself is one that nobody is told of, and no network policy guards.
        set_sysctls({f"net.ipv6.conf.{interface}.disable_ipv6": "1"})
    for ip, prefix, _ in addresses:
        (set_address6 if ":" in ip else set_address)(interface, ip, prefix)
    bring_up(interface)
    for ip, _, gateway in addresses:
        if ":" in ip:
            set_default_route6(interface, gateway)
        else:
            set_default_route(gateway)


def bring_up(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        name = interface.encode()
        flags = struct.unpack_from("16xh", fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16s24x", name)))[0]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", name, flags | IFF_UP))


def set_address(interface: str, ip: str, prefix: int) -> None:
    netmask = socket.inet_ntoa(struct.pack("!I", (1 << 32) - (1 << 32 - prefix)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for request, address in ((SIOCSIFADDR, ip), (SIOCSIFNETMASK, netmask)):
            fcntl.ioctl(sock, request, struct.pack("16s16s8x", interface.encode(), _address(address)))


def set_default_route(gateway: str) -> None:
    anywhere = _address("0.0.0.0")
    # struct rtentry: padding, destination, gateway, netmask, flags, and fields left zero
    entry = struct.pack(
        f"L16s16s16sH{'6x' if struct.calcsize('P') == 8 else '2x'}64x",
        0, anywhere, _address(gateway), anywhere, RTF_UP_AND_GATEWAY,
    )  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCADDRT, entry)


def set_address6(interface: str, ip: str, prefix: int) -> None:
    # struct in6_ifreq: address, length of the prefix, interface
    entry = struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, ip), prefix, socket.if_nametoindex(interface))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFADDR, entry)


def set_default_route6(interface: str, gateway: str) -> None:
    # struct in6_rtmsg: destination, source, gateway, type, their lengths, metric, info, flags, interface
    entry = struct.pack(
        "16s16s16sIHHILIi",
        bytes(16), bytes(16), socket.inet_pton(socket.AF_INET6, gateway), 0, 0, 0, 0, 0, RTF_UP_AND_GATEWAY,
        socket.if_nametoindex(interface),
    )  # fmt: skip
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCADDRT, entry)


def set_sysctls(sysctls: dict[str, str]) -> None:
    """Those of this process's network and IPC namespaces. Raises `OSError` for one that is not there."""
    for name, value in sysctls.items():
        with open(os.path.join("/proc/sys", *name.split(".")), "w", encoding="ascii") as file:
            file.write(value)


def _address(ip: str) -> bytes:
    """A struct sockaddr_in without a port."""
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(ip))
