"""``token`` of a ServiceAccount: a new token, which may be bound to a pod, a node or a secret.

https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

import attrs

from sampan.core.api.catalog import Served
from sampan.core.api.operations.admission import mutate
from sampan.core.api.operations.create import fill_defaults
from sampan.core.api.operations.pipeline import Call, MutableWire, Pipeline, Wire
from sampan.core.api.options import WriteOptions, write_options
from sampan.core.api.request import Request
from sampan.core.api.subresources.binding import CREATE
from sampan.core.api.subresources.bodies import read_object
from sampan.core.api.subresources.contract import Plain
from sampan.core.classes import define
from sampan.core.contracts.access import SERVICE_ACCOUNT
from sampan.core.errors import BadRequest, Conflict, NotFound
from sampan.core.model.authentication_v1.token_request import TokenRequest
from sampan.core.model.causes import invalid
from sampan.core.schema.refusal import invalid_object
from sampan.core.schema.resource import resource_of
from sampan.core.schema.scalars import format_time
from sampan.core.schema.validate import validate

TOKEN_REQUEST: Final = resource_of(TokenRequest)
BOUND: Final[Mapping[tuple[str, str], str]] = {
    ("", "Pod"): "pods", ("", "Secret"): "secrets", ("", "Node"): "nodes",
}  # fmt: skip
"""What a token can be bound to, by group and kind; which version is named does not matter."""
OTHER_NAME: Final = "must match the service account name if specified"


@define(eq=False)
class TokenSubresource(Plain):
    pipeline: Pipeline

    def belongs(self, served: Served) -> bool:
        return "token" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return CREATE

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return (TOKEN_REQUEST.info.group, TOKEN_REQUEST.info.version, TOKEN_REQUEST.info.kind)

    async def serve(self, request: Request, call: Call) -> None:
        options = write_options(request.query, "CreateOptions")
        wanted = await read_object(request, call, TOKEN_REQUEST, options.field_validation)
        await request.answer(await issue(self.pipeline, call, wanted, options), 201)


async def issue(pipeline: Pipeline, call: Call, wanted: MutableWire, options: WriteOptions) -> dict[str, Any]:
    """The TokenRequest with its token. Raises `NotFound`, `Invalid`, `Conflict` and what admission refuses with."""
    meta = wanted.setdefault("metadata", {})
    if meta.get("name", call.name) != call.name:
        raise invalid_object(TOKEN_REQUEST, call.name, [invalid("metadata.name", meta["name"], OTHER_NAME)])
    account = (await pipeline.current(call)).wire
    meta.update(name=call.name, namespace=call.namespace)
    fill_defaults(TOKEN_REQUEST, wanted)
    request = pipeline.admission(call, "CREATE", wanted, None, dry_run=options.dry_run)
    about = attrs.evolve(call, served=attrs.evolve(call.served, resource=TOKEN_REQUEST))
    wanted = await mutate(pipeline, about, request)
    fill_defaults(TOKEN_REQUEST, wanted)
    if causes := [*validate(TOKEN_REQUEST.struct, wanted), *TOKEN_REQUEST.rules.validate(wanted)]:
        raise invalid_object(TOKEN_REQUEST, "", causes)
    await pipeline.gates.validate(request)
    spec = wanted["spec"]
    claims = _claims(account) | _bound(pipeline, call, account, spec.get("boundObjectRef"))
    audiences = spec.get("audiences") or list(pipeline.tokens.audiences)
    subject = f"{SERVICE_ACCOUNT}{call.namespace}:{call.name}"
    issued = pipeline.tokens.issue(subject, claims, audiences, spec["expirationSeconds"])
    meta = {
        "name": call.name,
        "namespace": call.namespace,
        "uid": str(uuid.uuid4()),
        "creationTimestamp": format_time(pipeline.clock()),
    }
    return {
        "kind": TOKEN_REQUEST.info.kind,
        "apiVersion": TOKEN_REQUEST.info.api_version,
        "metadata": meta,
        "spec": {"boundObjectRef": None, **spec, "audiences": audiences},
        "status": {"token": issued.token, "expirationTimestamp": format_time(issued.expires)},
    }


def _claims(account: Wire) -> dict[str, Any]:
    meta = account["metadata"]
    return {"namespace": meta["namespace"], "serviceaccount": {"name": meta["name"], "uid": meta["uid"]}}


def _bound(pipeline: Pipeline, call: Call, account: Wire, reference: Wire | None) -> dict[str, Any]:
    """The claims about what the token is bound to: without it the token is worth nothing."""
    if reference is None:
        return {}
    kind, name = reference.get("kind", ""), reference.get("name", "")
    group, _, version = reference.get("apiVersion", "").rpartition("/")
    resource = BOUND.get((group, kind))
    if resource is None:
        raise BadRequest(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    namespace = "" if resource == "nodes" else call.namespace
    present = pipeline.reader.get(resource, namespace, name)
    if present is None:
        raise NotFound(f'{resource} "{name}" not found', kind=resource, name=name)
    uid = present["metadata"]["uid"]
    if reference.get("uid") and reference["uid"] != uid:
        said = f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record."
        message = f'Operation cannot be fulfilled on {kind} "{name}": {said}'
        raise Conflict(f"{message} The object might have been deleted and then recreated", kind=kind, name=name)
    claims: dict[str, Any] = {kind.lower(): {"name": name, "uid": uid}}
    if resource == "pods":
        spec = present["spec"]
        if spec.get("serviceAccountName") != account["metadata"]["name"]:
            own = account["metadata"]["name"]
            said = f'cannot bind token for serviceaccount "{own}" to pod running with different serviceaccount name.'
            raise BadRequest(said)
        if node := spec.get("nodeName"):
            found = pipeline.reader.get("nodes", "", node)
            claims["node"] = {"name": node} | ({"uid": found["metadata"]["uid"]} if found else {})
    return claims
