"""Mutating admission inside a write, and what its plugins leave taken for no better than what a client sent.

Called by create and update, on the API server's loop.
"""

from __future__ import annotations

from sampan.core.api.operations.pipeline import Call, MutableWire, Pipeline
from sampan.core.contracts.access import AdmissionRequest
from sampan.core.errors import InternalError
from sampan.core.schema.decode import decode_value, json_problem
from sampan.core.schema.scalars import Mismatch


async def mutate(pipeline: Pipeline, call: Call, request: AdmissionRequest) -> MutableWire:
    """The object as admission wants it: decoded again where a plugin may have left unknown fields or wrong types.

    The value is what ``request`` carries on to validating admission. Raises what a plugin refuses with, and
    `InternalError` for a result that is no object of the kind: a plugin's fault, not the client's.
    """
    unsure = await pipeline.gates.mutate(request)
    if not unsure and request.obj is not None:
        return request.obj
    resource = call.served.resource
    try:
        decoded: MutableWire = decode_value(resource, request.obj or {}).value
    except Mismatch as mismatch:
        raise _nonsense(json_problem(mismatch)) from mismatch
    except RecursionError as error:
        raise _nonsense("exceeded max depth") from error
    place = decoded.setdefault("metadata", {}).get("namespace", "")
    if resource.info.namespaced and place != call.namespace:
        raise _nonsense(f'the namespace of the object became "{place}"')
    request.obj = decoded
    return decoded


def _nonsense(problem: str) -> InternalError:
    return InternalError.because(f"admission left an object that cannot be stored: {problem}")
