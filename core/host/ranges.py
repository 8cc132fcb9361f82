"""Which address ranges the clusters of this machine have chosen, also those that no route shows yet.

Two clusters that start at the same moment look free to each other, and so does a network of Podman's until its first pod. A
range is noted for the folder that its cluster's part keeps its state in, until it is given back or that folder is gone.
Without root nothing is routed, and nothing is noted. Blocking; any thread.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path

from sampan.core.errors import ConfigError
from sampan.core.host import netlink
from sampan.core.host.capabilities import is_network_admin
from sampan.core.ip import IPV4, IPV6, Network, networks

log = logging.getLogger(__name__)

NOTES = Path("/run/sampan/ranges")
CANDIDATE_SERVICE_CIDRS = {
    IPV4: tuple(f"10.{second}.0.0/16" for second in range(96, 112)),
    IPV6: tuple(f"fd00:10:{second}::/112" for second in range(96, 112)),
}
Note = Callable[[str], None]
"""Called with the range that was chosen, or with one of each family."""


def used_networks(without: str = "") -> list[Network]:
    """Every range that has a route here, those of the interface ``without`` left out."""
    return [route.network for route in netlink.routes() if not without or route.interface != without]


def free_network(candidates: tuple[str, ...], taken: Sequence[Network] = ()) -> str:
    """The first candidate that overlaps nothing routed here. Raises `ConfigError` where all do.

    Those that overlap something ``taken`` without a route come last.
    """
    used = used_networks()
    for avoided in ([*used, *taken], used):
        for candidate in candidates:
            network = ip_network(candidate)
            if not any(network.overlaps(other) for other in avoided):
                return candidate
    raise ConfigError(f"every one of {candidates[0]} … {candidates[-1]} is in use here: name a free range yourself")


def check_unused(what: str, ranges: str) -> None:
    """Raises `ConfigError` where somebody is reached by a part of them already. All of 127.0.0.0/8 is this host's."""
    wanted = [network for network in networks(ranges) if not network.is_loopback]
    for route in netlink.routes() if wanted else ():
        for network in wanted:
            if route.network.overlaps(network):
                raise ConfigError(
                    f"{what} {network} overlap {route.network}, which {route.interface} has here: name a free range"
                )


@contextlib.contextmanager
def choosing(owner: Path, notes: Path = NOTES) -> Iterator[tuple[Sequence[Network], Note]]:
    """The ranges of all others, and what to call with one's own. One chooser of the machine at a time."""
    if not is_network_admin() or not _is_usable(notes):
        yield (), lambda _cidr: None
        return
    own = _note_of(owner, notes)
    with (notes / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        others = [network for path, network in _noted(notes) if path != own]
        yield others, lambda ranges: _write(own, f"{ranges} {owner.absolute()}\n")


def give_back(owner: Path, notes: Path = NOTES) -> None:
    """The owner's range is free again. Idempotent."""
    with contextlib.suppress(OSError):  # who may not write here has noted nothing
        _note_of(owner, notes).unlink()


def _note_of(owner: Path, notes: Path) -> Path:
    return notes / sha256(os.fsencode(owner.absolute())).hexdigest()[:16]


def _is_usable(notes: Path) -> bool:
    """In a container ``/run`` may be read-only; then there is nobody to agree with either."""
    try:
        notes.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(notes, os.W_OK)


def _noted(notes: Path) -> Iterator[tuple[Path, Network]]:
    """What is noted; notes whose owner is gone are removed, those of another release passed over."""
    for path in notes.iterdir():
        if path.name.startswith("."):
            continue
        try:
            ranges, _, owner = path.read_text().rstrip("\n").partition(" ")
            found = networks(ranges)
        except (OSError, ValueError) as exc:
            log.warning("the note of address ranges %s cannot be read: %s", path, exc)
            continue
        if Path(owner).is_dir():
            yield from ((path, network) for network in found)
        else:
            path.unlink()


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}")
    beside.write_text(text)
    beside.replace(path)
