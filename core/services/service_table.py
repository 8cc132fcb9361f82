"""The table that a proxy serves, kept: one Service changes, and what differs is told. Pure state.

Two Services may ask for the same address and port (an external IP): the one that is first by namespace and name has it, and
the other one gets it when that has gone. None takes by asking what the cluster has given to another one, its own API say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sampan.core.classes import frozen
from sampan.core.contracts.proxy import ServicePort

Owner = tuple[str, str]
"""A Service's namespace and name."""
Key = tuple[str, str, int]


@frozen(kw_only=True)
class Change:
    """``gone``: what is served no more, as it was; ``come``: what is new, or has changed, as it is."""

    come: Sequence[ServicePort]
    gone: Sequence[ServicePort]

    def __bool__(self) -> bool:
        return bool(self.come or self.gone)


class ServiceTable:
    """What each Service asks for, and who has an address and port."""

    def __init__(self) -> None:
        self._asked: dict[Owner, dict[Key, ServicePort]] = {}
        self._served: dict[Key, ServicePort] = {}
        self._claims: dict[Key, dict[Owner, ServicePort]] = {}

    def all(self) -> tuple[ServicePort, ...]:
        return tuple(self._served.values())

    def put(self, asked: Iterable[tuple[Owner, Iterable[ServicePort]]]) -> Change:
        """From now on these Services ask for these ports, and for no others."""
        touched: dict[Key, ServicePort | None] = {}
        for owner, ports in asked:
            for key in self._put(owner, {each.key: each for each in ports}):
                touched.setdefault(key, self._served.get(key))
        for key in touched:
            self._settle(key)
        now = {key: self._served.get(key) for key in touched}
        return Change(
            come=[new for key, new in now.items() if new is not None and new != touched[key]],
            gone=[old for key, old in touched.items() if old is not None and now[key] is None],
        )

    def _put(self, owner: Owner, ports: dict[Key, ServicePort]) -> set[Key]:
        """The keys that are to be settled anew."""
        before = self._asked.get(owner, {})
        for key in before.keys() - ports.keys():
            del self._claims[key][owner]
        for key, each in ports.items():
            self._claims.setdefault(key, {})[owner] = each
        if ports:
            self._asked[owner] = ports
        else:
            self._asked.pop(owner, None)
        return before.keys() | ports.keys()

    def _settle(self, key: Key) -> None:
        if claims := self._claims[key]:
            self._served[key] = claims[min(claims, key=lambda owner: (not claims[owner].claimed, owner))]
        else:
            del self._claims[key]
            self._served.pop(key, None)
