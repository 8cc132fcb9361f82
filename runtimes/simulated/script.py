"""What a simulated container does, read from annotations of its pod.

``sampan.dev/WORD`` speaks of all containers of the pod, ``NAME.sampan.dev/WORD`` of the one called NAME. The words:

============== =========================================================================================
start-delay    seconds from the start until the container runs (0)
run-time       seconds that it runs; without it, for ever, or not at all where ``exit-code`` is given
exit-code      with which it ends by itself (0)
stop-time      seconds that it takes to end once told to stop (0); ``never``: only a kill ends it
stop-exit-code with which it ends when told to stop (0)
ready-after    seconds of running until its probes succeed (0)
fails-after    seconds of running after which its probes fail (never)
log            what it has written: text
cpu, memory    what it uses while it runs: quantities (``250m``, ``64Mi``)
============== =========================================================================================

All probes of a simulated pod, whatever their sort, are answered by ``ready-after`` and ``fails-after``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.model.quantity import parse

PREFIX = "sampan.dev"


@frozen(kw_only=True)
class Script:
    """Durations are in seconds; `math.inf` is never."""

    start_delay: float = 0.0
    run_time: float = math.inf
    exit_code: int = 0
    stop_time: float = 0.0
    stop_exit_code: int = 0
    ready_after: float = 0.0
    fails_after: float = math.inf
    log: str = ""
    cpu_cores: float = 0.0
    memory_bytes: int = 0


def read_script(container: str, annotations: Mapping[str, str]) -> Script:
    """Raises `RuntimeFailure` for a value that cannot be read."""

    def word(name: str, default: str = "") -> str:
        return annotations.get(f"{container}.{PREFIX}/{name}", annotations.get(f"{PREFIX}/{name}", default))

    def number(name: str, default: float) -> float:
        text = word(name)
        if not text:
            return default
        try:
            return math.inf if text == "never" else float(parse(text).number)
        except ValueError as exc:
            raise RuntimeFailure(f"the annotation {PREFIX}/{name} is not a number: {text!r}") from exc

    return Script(
        start_delay=number("start-delay", 0.0),
        run_time=number("run-time", 0.0 if word("exit-code") else math.inf),
        exit_code=int(number("exit-code", 0)),
        stop_time=number("stop-time", 0.0),
        stop_exit_code=int(number("stop-exit-code", 0)),
        ready_after=number("ready-after", 0.0),
        fails_after=number("fails-after", math.inf),
        log=word("log"),
        cpu_cores=number("cpu", 0.0),
        memory_bytes=int(number("memory", 0)),
    )
