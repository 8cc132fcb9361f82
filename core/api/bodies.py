"""Request bodies: read whole, but never more than Kubernetes' limit."""

from __future__ import annotations

from typing import Any, Final

from sampan.core.api.responses import Receive
from sampan.core.errors import BadRequest, TooLarge
from sampan.core.model.meta_v1.status import DeleteOptions
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.decode import json_problem, no_type_meta, reader_of
from sampan.core.schema.parse import SyntaxProblem, parse_json, parse_yaml
from sampan.core.schema.scalars import Mismatch
from sampan.core.schema.scheme import misfit_options

DELETE_OPTIONS: Final = struct_of(DeleteOptions)
LIMIT: Final = 3 * 1024 * 1024
"""Bytes, as kube-apiserver's ``MaxRequestBodyBytes``."""


class ClientGone(Exception):
    """The client hung up before its request was complete: nobody is there to answer."""


async def read_body(receive: Receive, declared: str) -> bytes:
    """The body. ``declared`` is the Content-Length header. Raises `TooLarge`, `ClientGone`."""
    if declared.isdigit() and int(declared) > LIMIT:
        raise too_large()
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > LIMIT:
            raise too_large()
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def too_large() -> TooLarge:
    return TooLarge(f"Request entity too large: limit is {LIMIT}")


def parse_options(raw: bytes, media_type: str) -> dict[str, Any] | None:
    """A ``DeleteOptions`` body; ``None`` where there is none. Raises `BadRequest`."""
    if not raw:
        return None
    try:
        value = parse_yaml(raw)[0] if media_type.endswith("yaml") else parse_json(raw)
    except SyntaxProblem as error:
        raise BadRequest(f"couldn't get version/kind; json parse error: {error}") from error
    if value is None:
        return {}
    problem = no_type_meta(value)
    if problem:
        raise BadRequest(f"couldn't get version/kind; json parse error: {problem}")
    kind = value.pop("kind", None) or "DeleteOptions"
    api_version = value.pop("apiVersion", None) or ""
    if api_version.count("/") > 1:
        raise BadRequest(f"unexpected GroupVersion string: {api_version}")
    if problem := misfit_options(kind, api_version):
        raise BadRequest(problem)
    try:
        options: dict[str, Any] = reader_of(DELETE_OPTIONS)(value, [], None)
    except Mismatch as mismatch:
        raise BadRequest(json_problem(mismatch)) from mismatch
    return options
