"""What an engine tells as it happens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Literal

from sampan.core.contracts.runtime import RuntimeEvent
from sampan.core.contracts.runtime_config import LABEL_UID
from sampan.runtimes.engine.answers import Answer
from sampan.runtimes.engine.api import EngineApi, Params
from sampan.runtimes.engine.lines import whole_lines

_TYPES: Mapping[str, Literal["started", "exited", "removed"]] = {
    "start": "started",
    "die": "exited",
    "died": "exited",
    "destroy": "removed",
    "remove": "removed",
}


class EventFeed:
    """One long request to the engine, which ends with it."""

    def __init__(self, api: EngineApi, owner: Mapping[str, str]) -> None:
        """``owner`` are the labels of whose events these are."""
        self._api = api
        self._owner = owner
        self._closed = threading.Event()
        self._answer: Answer | None = None
        self._lock = threading.Lock()

    def events(self) -> Iterator[RuntimeEvent]:
        """Connected when this returns. See the contract's ``Runtime.events``."""
        return iter(()) if self._closed.is_set() else self._told(self._open())

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            if self._answer:
                self._answer.close()

    def _told(self, answer: Answer) -> Iterator[RuntimeEvent]:
        for line in whole_lines(answer.pieces()):
            if event := event_of(line, self._owner):
                yield event

    def _open(self) -> Answer:
        """``since``, as both engines send the head of their answer before they begin to listen themselves."""
        filters = {"type": ["container"], "event": sorted(_TYPES)}
        params: Params = {"stream": True, "since": f"{time.time():.6f}", "filters": json.dumps(filters)}
        answer = self._api.open("GET", "/events", params=params)
        with self._lock:
            self._answer = answer
            if self._closed.is_set():
                answer.close()
        return answer


def event_of(line: bytes, owner: Mapping[str, str]) -> RuntimeEvent | None:
    """The pod's event that a line of the feed stands for; ``None`` for what does not matter.

    Labels are looked at here because the engines combine several label filters differently.
    """
    try:
        told = json.loads(line)
        attributes, action = told["Actor"]["Attributes"], told["Action"]
    except (ValueError, KeyError, TypeError):
        return None  # a line cut short by the engine's end
    uid, kind = attributes.get(LABEL_UID), _TYPES.get(action)
    if not uid or not kind or not owner.items() <= attributes.items():
        return None
    return RuntimeEvent(uid=uid, type=kind)
