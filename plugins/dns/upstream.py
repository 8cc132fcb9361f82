"""Names of the world: asked of the host's servers, and remembered for as long as their answers say, at most half a minute.

On the server's loop. How many questions wait at a time, and how many answers are kept, is bounded.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from sampan.core.classes import frozen
from sampan.plugins.dns.asking import ask

TIMEOUT = 2.0
"""Seconds for one server; then the next is asked."""
LONGEST_KEPT = 30.0
MOST_KEPT = 10_000
MOST_WAITING = 1_000
PAYLOAD = 1232


@frozen
class Answer:
    """What a server said. ``answers`` and ``authority`` are in dnspython's form; times are the asker's clock."""

    code: int
    answers: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()


class Upstream:
    """``servers`` are asked in turn until one answers."""

    def __init__(self, servers: Sequence[str], now: Callable[[], float], port: int = 53) -> None:
        self._servers = tuple(servers)
        self._now = now
        self._port = port
        self._kept: OrderedDict[tuple[bytes, int], tuple[float, Answer]] = OrderedDict()
        self._waiting: dict[tuple[bytes, int], asyncio.Task[Answer | None]] = {}

    async def ask(self, name: bytes, type_: int) -> Answer | None:
        """``None`` where no server answers, or too many questions wait. Who asks the same waits for the same answer."""
        key = (name, type_)
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._now():
            return kept[1]
        task = self._waiting.get(key)
        if task is None:
            if len(self._waiting) >= MOST_WAITING or not self._servers:
                return None
            task = self._waiting[key] = asyncio.get_running_loop().create_task(self._ask(name, type_))
            task.add_done_callback(lambda _task: self._waiting.pop(key, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        tasks = list(self._waiting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, name: bytes, type_: int) -> Answer | None:
        query = dns.message.make_query(
            dns.name.from_wire(name, 0)[0], dns.rdatatype.RdataType.make(type_), use_edns=0, payload=PAYLOAD
        )
        for server in self._servers:
            try:
                said = await ask(query, server, self._port, TIMEOUT)
            except (OSError, EOFError):  # a time-out is one of the former
                continue
            if said.rcode() in (dns.rcode.SERVFAIL, dns.rcode.REFUSED):
                continue
            answer = Answer(int(said.rcode()), tuple(said.answer), tuple(said.authority))
            self._keep((name, type_), answer)
            return answer
        return None

    def _keep(self, key: tuple[bytes, int], answer: Answer) -> None:
        """A "no" too, for as long as the zone's own record says."""
        lives = [rrset.ttl for rrset in (answer.answers or answer.authority)]
        if not lives:
            return
        self._kept[key] = (self._now() + min(min(lives), LONGEST_KEPT), answer)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
