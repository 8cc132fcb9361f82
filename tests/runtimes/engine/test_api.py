"""What an engine answers, and what it fails to, in the contract's errors."""

from __future__ import annotations

import pytest

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.errors import NotFound
from sampan.runtimes.engine.images import messages
from tests.support.stub_engine import begun, stub_api, whole


def test_an_answer_is_decoded_and_an_empty_one_is_none() -> None:
    with stub_api(whole(b'{"Id": "x"}')) as api:
        assert api.call("GET", "/") == {"Id": "x"}
    with stub_api(whole(b"")) as api:
        assert api.call("GET", "/") is None


def test_a_refusal_is_told_in_the_engines_words() -> None:
    answer = whole(b'{"message": "no such\\ncontainer"}', "404 Not Found")
    with stub_api(answer) as api, pytest.raises(NotFound, match="no such container"):
        api.call("GET", "/")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        whole(b'{"Id": "x"}')[:-3],
        begun(b'{"Id"'),
        whole(b'{"message"', "500 Internal Server Error")[:-3],
        whole(b"<html>"),
        whole(b"\xff"),
    ],
    ids=["closed", "cut short", "broken off", "refusal cut short", "not JSON", "not text"],
)
def test_an_engine_that_breaks_off_or_talks_nonsense_is_a_failure(answer: bytes) -> None:
    with stub_api(answer) as api, pytest.raises(RuntimeFailure, match=r"^Docker (does not answer|answers what is)"):
        api.call("GET", "/")


def test_a_refusal_of_a_stream_that_breaks_off_is_a_failure() -> None:
    answer = whole(b'{"message"', "500 Internal Server Error")[:-3]
    with stub_api(answer) as api, pytest.raises(RuntimeFailure, match="Docker does not answer"):
        api.open("GET", "/")


def test_progress_that_breaks_off_is_a_failure() -> None:
    with stub_api(begun(b'{"status": "pulling"}\n{"sta')) as api:
        told = messages(api.open("POST", "/images/create").pieces(), "Docker")
        assert next(told) == {"status": "pulling"}
        with pytest.raises(RuntimeFailure, match="Docker answers what is not JSON"):
            next(told)
