"""The host as a router between pods and the outside: switched on where it is off, and set back by whoever switched it on.

A host that forwards IPv6 no longer listens to the routers around it, and would lose its own way out, unless it is told to
go on; that is a setting of each interface, and set back with the other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from sampan.core.ip import IPV4, IPV6, Family

SETTINGS = Path("/proc/sys/net")
ROUTES_IPV6 = Path("/proc/net/ipv6_route")
HEARD = 0x00010000
"""The flag of a default route that a router has told of."""
LISTENS, LISTENS_AS_A_ROUTER_TOO = "1", "2"


def enable(of: Family) -> dict[str, str]:
    """Let the host route. What this has changed: below `SETTINGS`, with the values of before; empty where it does."""
    switch = _switch(of)
    if _read(switch) == "1":
        return {}
    changed = dict.fromkeys(_listening(), LISTENS) if of is IPV6 else {}
    for each in changed:
        (SETTINGS / each).write_text(LISTENS_AS_A_ROUTER_TOO)
    changed[switch] = _read(switch)
    (SETTINGS / switch).write_text("1")
    return changed


def set_back(changed: Mapping[str, str]) -> None:
    """Undo `enable`. Interfaces may be gone meanwhile."""
    for each, before in reversed(list(changed.items())):
        with contextlib.suppress(OSError):
            (SETTINGS / each).write_text(before)


def changes_of(known: object) -> dict[str, str]:
    """What a record says was changed; earlier sampans wrote the families' names, or just that there was one."""
    if isinstance(known, dict):
        return {str(each): str(before) for each, before in known.items()}
    families = known if isinstance(known, list) else [IPV4.name] if known else []
    return {_switch(of): "0" for of in (IPV4, IPV6) if of.name in families}


def _switch(of: Family) -> str:
    return "ipv6/conf/all/forwarding" if of is IPV6 else "ipv4/ip_forward"


def _listening() -> list[str]:
    """The settings of the interfaces by which a router is heard that would not be any more."""
    interfaces = {
        interface
        for *_, flags, interface in (line.split() for line in ROUTES_IPV6.read_text().splitlines())
        if int(flags, 16) & HEARD
    }
    settings = [f"ipv6/conf/{interface}/accept_ra" for interface in sorted(interfaces)]
    return [each for each in settings if (SETTINGS / each).exists() and _read(each) == LISTENS]


def _read(setting: str) -> str:
    return (SETTINGS / setting).read_text().strip()
