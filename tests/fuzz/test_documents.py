"""Requests drawn from the OpenAPI documents that the server itself serves, valid and not: none makes it fail.

A part of ``tox -e fuzz`` alone: to draw from schemas as large as a pod's takes its time.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase

from sampan.core.api.server import ApiServer
from tests.fuzz.answers import is_true, send
from tests.fuzz.requests import OBJECTS, Drawn
from tests.support.asgi import AsgiClient

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif("SAMPAN_FUZZ" not in os.environ, reason="takes minutes: tox -e fuzz"),
]

EXAMPLES = max(1, int(os.environ.get("SAMPAN_FUZZ", "0")) // 10)
"""Over all documents: one of ten requests."""


async def documents(api: AsgiClient) -> list[dict[str, Any]]:
    index = (await api.get("/openapi/v3")).json["paths"]
    return [(await api.get(each["serverRelativeURL"])).json for each in index.values()]


def drawn_from(documents: list[dict[str, Any]]) -> st.SearchStrategy[Any]:
    """Cases of every operation of every document."""
    import schemathesis
    from schemathesis.core.result import Ok

    found = (each for document in documents for each in schemathesis.openapi.from_dict(document).get_all_operations())
    operations = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(operations) > 500
    return st.sampled_from(operations).flatmap(lambda operation: operation.as_strategy())


def as_request(case: Any, there: bool) -> Drawn:
    """The case; ``there``: about an object that there is."""
    parameters = dict(case.path_parameters or {})
    if there:
        parameters |= {name: value for name, value in (("namespace", "default"), ("name", "a")) if name in parameters}
    path = case.operation.path
    for name, value in parameters.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe="", errors="replace"))
    queried = dict(case.query or {})
    if "watch" in queried:
        queried["timeoutSeconds"] = 1  # nobody is there to hang up
    query = urlencode(queried, doseq=True, errors="replace")
    headers = [(str(name), str(value)) for name, value in dict(case.headers or {}).items()]
    if case.media_type:
        headers.append(("content-type", case.media_type))
    return Drawn(case.method, f"{path}?{query}" if query else path, _body(case.body), tuple(headers))


def _body(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # nothing, or text that is none
        return b""


async def test_no_request_of_the_documents_makes_the_server_fail(server: ApiServer, api: AsgiClient) -> None:
    loop = asyncio.get_running_loop()
    for path, body in OBJECTS.items():
        await api.post(path, body)
    cases = drawn_from(await documents(api))

    @settings(
        max_examples=EXAMPLES,
        database=InMemoryExampleDatabase(),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases, st.booleans())
    def fuzz(case: Any, there: bool) -> None:
        drawn = as_request(case, there)
        code, raw = asyncio.run_coroutine_threadsafe(send(api, drawn), loop).result()
        assert is_true(code, raw), (drawn, code, raw)

    await asyncio.to_thread(fuzz)
    assert (await api.get("/readyz")).code == 200
