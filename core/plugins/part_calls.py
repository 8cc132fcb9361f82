"""Calls of a part that a plugin brings, outside of hooks: timed, and what breaks in them told by the plugin's name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from sampan.core.classes import frozen
from sampan.core.errors import SampanError
from sampan.core.parts import Part
from sampan.core.plugins.load import Plugins
from sampan.core.plugins.patience import Patience

T = TypeVar("T")


@frozen
class PartCalls:
    """Of one part, which stands in its plugin's account as a hook does. Any thread."""

    _patience: Patience
    _plugin: str
    _what: str
    _slow: float
    """Seconds that a call should not take."""

    def ask(self, work: Callable[[], T]) -> T:
        """What ``work``, the plugin's own code, returns or raises, from a thread in which a decision waits for it.

        Raises `NotBack` where it has not come back in time, or has not from an earlier call.
        """
        return self._patience.ask(self._plugin, self._what, lambda: self.run(work))

    def run(self, work: Callable[[], T]) -> T:
        """What ``work``, the plugin's own code, returns or raises. A `SampanError` is an answer, anything else a bug."""
        began = time.perf_counter()
        try:
            return work()
        except SampanError:
            raise
        except Exception as exc:
            self.failed(exc)
            raise
        finally:
            self.took(time.perf_counter() - began)

    def failed(self, problem: BaseException | str) -> None:
        """It raised, or answered what it may not (a sentence)."""
        self._patience.account.failed(self._plugin, self._what, problem)

    def took(self, seconds: float) -> None:
        """A call, or several as one, have ended."""
        self._patience.account.took(self._plugin, self._what, seconds, self._slow)


def calls_of(plugins: Plugins, part: Part[Any], what: str, slow: float) -> PartCalls:
    """``what``: how the part is called, such as ``the balancer sticky``."""
    return PartCalls(plugins.patience, part.plugin, what, slow)
