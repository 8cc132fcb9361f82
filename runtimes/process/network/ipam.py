"""Pod addresses, host-local: one file per address that is taken, made exclusively, so that threads need no lock and a
crash loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from pathlib import Path

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.ip import family_of

LAST = "last-"
"""How the file with the address that was given last begins; behind it is the family."""


class AddressPool:
    """The addresses of one range: the first is the gateway's. Given out in a circle, so that none is used again soon."""

    def __init__(self, folder: Path, cidr: str) -> None:
        self._folder = folder
        self.network = ip_network(cidr)
        self._last = folder / f"{LAST}{family_of(self.network)}"
        if self.network.num_addresses < 4:
            raise ValueError(f"{cidr} is too small for pods")

    @property
    def gateway(self) -> str:
        return str(self.network[1])

    def take(self, owner: str) -> str:
        """An address for a sandbox. Raises `RuntimeFailure` where all are taken."""
        first, last = 2, self.network.num_addresses - 2
        count = last - first + 1
        begin = self._last_given() - first + 1
        for step in range(count):
            ip = str(self.network[first + (begin + step) % count])
            if self._claim(ip, owner):
                self._last.write_text(ip)
                return ip
        raise RuntimeFailure(f"all {count} pod addresses of {self.network} are taken")

    def release(self, ip: str) -> None:
        if ip:
            (self._folder / ip).unlink(missing_ok=True)

    def keep_only(self, owners: Iterable[str]) -> None:
        """Release what belongs to sandboxes that are not there (any more): for a start after a crash."""
        known = set(owners)
        for file in self._folder.iterdir():
            if not file.name.startswith(LAST) and file.read_text() not in known:
                file.unlink(missing_ok=True)

    def _claim(self, ip: str, owner: str) -> bool:
        try:
            with (self._folder / ip).open("x") as file:
                file.write(owner)
        except FileExistsError:
            return False
        return True

    def _last_given(self) -> int:
        """Its place in the range."""
        try:
            address = ip_address(self._last.read_text())
        except (OSError, ValueError):
            return 1
        return int(address) - int(self.network.network_address) if address in self.network else 1
