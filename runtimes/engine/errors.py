"""What an engine refuses, as the contract's errors."""

from __future__ import annotations

import json
from typing import Any

import requests
import urllib3

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.errors import NotFound, SampanError

HTTP_NOT_FOUND = 404
UNANSWERED = (OSError, urllib3.exceptions.HTTPError)
"""What a call raises where the engine is not there or goes away: requests' errors and those of connecting are `OSError`,
and requests passes urllib3's on where an answer that is read as it comes breaks off."""


class EngineRefusal(RuntimeFailure):
    """The engine answered with an error. ``status`` is the HTTP code."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def refusal(answer: requests.Response) -> SampanError:
    """The error that an answer stands for: `NotFound`, or an `EngineRefusal` with the engine's own words."""
    message = words(answer)
    return NotFound(message) if answer.status_code == HTTP_NOT_FOUND else EngineRefusal(message, answer.status_code)


def words(answer: requests.Response) -> str:
    """The message in one line. Docker and Podman both put it into ``message``; of pods Podman tells ``Errs``."""
    try:
        body = answer.json()
        message = body.get("message") or "; ".join(body["Errs"])
    except (ValueError, KeyError, TypeError, AttributeError):
        message = answer.text or answer.reason
    return one_line(str(message))


def decoded(body: bytes, engine: str) -> Any:
    """The JSON of an answer. Raises `RuntimeFailure` for what is none: cut short, or from something that is no engine."""
    try:
        return json.loads(body)
    except ValueError as exc:
        raise RuntimeFailure(f"{engine} answers what is not JSON: {one_line(repr(body[:80]))}") from exc


def one_line(text: str) -> str:
    return " ".join(text.split())
