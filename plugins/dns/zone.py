"""The records that there are: put in by owner, looked up by name. No sockets.

Not for two threads at once.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set

from sampan.core.classes import frozen
from sampan.core.contracts.name_server import Record

MOST_ALIASES = 8
"""CNAMEs that are followed one after the other."""


@frozen
class Found:
    """``exists`` tells a name without such a record from one that is not there; ``outside`` is where an alias leads.

    ``names`` are those that were looked at: as long as none of them changes, the answer is the same.
    """

    records: tuple[Record, ...] = ()
    exists: bool = True
    outside: str = ""
    names: tuple[str, ...] = ()


class Zone:
    """``domain`` and the addresses of ``reverse`` are answered for; `holds` says which names these are."""

    def __init__(self, domain: str, reverse: Sequence[str] = ()) -> None:
        self.domain = domain
        self._networks = [ipaddress.ip_network(cidr) for cidr in reverse]
        self._names: dict[str, tuple[Record, ...]] = {}
        self._owned: dict[str, tuple[Record, ...]] = {}
        self._below: dict[str, int] = {}
        """How many records are at a name or below it: a name between two that exist does as well."""

    def put(self, owner: str, records: Sequence[Record]) -> set[str]:
        """The names that look different now, with those above them that have come to be there or are no more."""
        before, after = self._owned.get(owner, ()), tuple(records)
        if before == after:
            return set()
        come, gone = _by_name(after, without=set(before)), _by_name(before, without=set(after))
        there = {name for each in come.keys() | gone.keys() for name in _upwards(each) if name in self._below}
        # By name, as a headless Service may have a hundred thousand records of one.
        for name, records in come.items():
            self._names[name] = (*self._names.get(name, ()), *records)
            self._count(name, len(records))
        for name, records in gone.items():
            self._remove(name, records)
            self._count(name, -len(records))
        if after:
            self._owned[owner] = after
        else:
            self._owned.pop(owner, None)
        changed = {*come, *gone}
        above = {name for each in changed for name in _upwards(each)}
        return changed | {name for name in above if (name in self._below) != (name in there)}

    def holds(self, name: str) -> bool:
        """Whether this zone alone knows about ``name`` (in lower case, without a dot at its end)."""
        if name == self.domain or name.endswith(f".{self.domain}") or name in self._names:
            return True
        address = _address_of(name)
        return address is not None and any(address in network for network in self._networks)

    def look_up(self, name: str, type: str) -> Found:
        """``type`` may be ``ANY``. Aliases are followed as long as they stay in the zone."""
        found: list[Record] = []
        names: list[str] = []
        for _ in range(MOST_ALIASES):
            names += (name, name.partition(".")[2])  # a pod's name is there if its namespace is
            here = self._names.get(name) or self._pod(name)
            if not here:
                return Found(tuple(found), exists=bool(found) or name in self._below, names=tuple(names))
            alias = next((record for record in here if record.type == "CNAME"), None)
            if alias is None or type in ("CNAME", "ANY"):
                wanted = (record for record in here if record.type != "NAME" and type in (record.type, "ANY"))
                return Found((*found, *wanted), names=tuple(names))
            found.append(alias)
            name = alias.data
            if not self.holds(name):
                return Found(tuple(found), outside=name, names=tuple(names))
        return Found(tuple(found), names=tuple(names))

    def _pod(self, name: str) -> tuple[Record, ...]:
        """``10-0-0-7.default.pod.cluster.local`` is 10.0.0.7, whether there is such a pod or not."""
        label, _, rest = name.partition(".")
        namespace, _, pods = rest.partition(".")
        if pods != f"pod.{self.domain}" or rest not in self._names or not namespace:
            return ()
        for kind, text in (("A", label.replace("-", ".")), ("AAAA", label.replace("-", ":"))):
            try:
                address = ipaddress.ip_address(text)
            except ValueError:
                continue
            return (Record(name, kind, str(address)),)  # type: ignore[arg-type]
        return ()

    def _remove(self, name: str, gone: Iterable[Record]) -> None:
        """One of each, where several owners have the same."""
        fewer = Counter(gone)
        left = []
        for record in self._names[name]:
            if fewer[record]:
                fewer[record] -= 1
            else:
                left.append(record)
        if left:
            self._names[name] = tuple(left)
        else:
            del self._names[name]

    def _count(self, name: str, by: int) -> None:
        for above in _upwards(name):
            count = self._below.get(above, 0) + by
            if count:
                self._below[above] = count
            else:
                del self._below[above]


def _by_name(records: Iterable[Record], without: Set[Record]) -> dict[str, Sequence[Record]]:
    """Each once, in their order."""
    found: dict[str, dict[Record, None]] = {}
    for record in records:
        if record not in without:
            found.setdefault(record.name, {})[record] = None
    return {name: tuple(some) for name, some in found.items()}


def _upwards(name: str) -> Iterator[str]:
    """The name, and all that it is below of."""
    while name:
        yield name
        name = name.partition(".")[2]


def _address_of(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a whole reverse name stands for."""
    labels = name.split(".")
    try:
        if name.endswith(".in-addr.arpa") and len(labels) == 6:
            return ipaddress.IPv4Address(".".join(reversed(labels[:4])))
        if name.endswith(".ip6.arpa") and len(labels) == 34:
            digits = "".join(reversed(labels[:32]))
            return ipaddress.IPv6Address(":".join(digits[at : at + 4] for at in range(0, 32, 4)))
    except ValueError:
        pass
    return None
