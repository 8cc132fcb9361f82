"""The process that answers for the cluster's names: told by sampan over its standard input (`sampan.plugins.dns.child`).

When that ends, it goes on with what it knows until it is ended: by the next sampan, by `sampan down`, or with its folder.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import orjson

from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.core.errors import ConfigError
from sampan.plugins.dns.server import ClusterDns

LOG_FILE = "dns.log"
LOG_BYTES = 1024 * 1024
"""What strangers send may be logged, so that is bounded."""
LOOKS_AGAIN = 30.0
"""Seconds from one look at its folder to the next."""
LAST_ANSWERS_WITHIN = 2.0
"""Seconds in which what has been asked of the world is still answered."""


def main(folder: Path) -> None:
    logging.basicConfig(handlers=[RotatingFileHandler(folder / LOG_FILE, maxBytes=LOG_BYTES, backupCount=1)])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # in every thread, so that it is waited for here
    messages = iter(sys.stdin.buffer)
    server = ClusterDns(NameServerSettings(**orjson.loads(next(messages)), state_dir=folder))
    threading.Thread(target=_listen, args=(server, messages), name="listener", daemon=True).start()
    while signal.sigtimedwait({signal.SIGTERM}, LOOKS_AGAIN) is None and folder.exists():
        pass  # a cluster whose data is gone has no `sampan down` to come
    server.close(LAST_ANSWERS_WITHIN)


def _listen(server: ClusterDns, messages: Iterator[bytes]) -> None:
    """Until sampan ends; where it does so before anybody is served, this ends, too."""
    serves = False
    try:
        for line in messages:
            match orjson.loads(line):
                case ["put", owner, records]:
                    server.put(owner, [Record(*each) for each in records])
                case ["serve", address, port]:
                    serves = _serve(server, address, port)
    finally:
        if not serves:
            os.kill(os.getpid(), signal.SIGTERM)


def _serve(server: ClusterDns, address: str, port: int) -> bool:
    """Tells why not."""
    why_not = ""
    try:
        server.start(address, port)
    except ConfigError as exc:
        why_not = str(exc)
    sys.stdout.buffer.write(orjson.dumps(why_not) + b"\n")
    sys.stdout.buffer.flush()
    return not why_not


if __name__ == "__main__":
    main(Path(sys.argv[1]))
