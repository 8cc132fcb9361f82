"""Whether an aggregated API server can be asked, and how its APIService says so, in Kubernetes' words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sampan.core.api.aggregation.link import Fetched, Link, LinkFailed
from sampan.core.api.aggregation.registered import AVAILABLE, Extension
from sampan.core.api.service_endpoints import NoEndpoint
from sampan.core.classes import frozen
from sampan.core.client.protocol import Client
from sampan.core.errors import Conflict, NotFound
from sampan.core.model.apiregistration_v1.api_service import APIService, APIServiceCondition, APIServiceStatus
from sampan.core.model.conditions import find
from sampan.core.model.meta import evolve

ATTEMPTS: Final = 5
CHECK_SECONDS: Final = 6.0
"""For all attempts together."""


@frozen
class Finding:
    is_available: bool
    reason: str
    message: str


async def check(link: Link) -> Finding:
    """Ask for what an API server of that group and version must serve."""
    extension, problem = link.extension, ""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            for _ in range(ATTEMPTS):
                problem = await _problem(link)
                if not problem:
                    return Finding(True, "Passed", "all checks passed")
    except NoEndpoint as exc:
        return Finding(False, exc.reason, _about(extension, exc))
    except TimeoutError:
        problem = problem or f"timed out waiting for {extension.path}"
    return Finding(False, "FailedDiscoveryCheck", problem)


async def _problem(link: Link) -> str:
    path = link.extension.path
    try:
        found: Fetched = await link.fetch(path, "application/json")
    except LinkFailed as exc:
        return f"failing or missing response from {_where(link)}: {exc}"
    if 200 <= found.code < 300:
        return ""
    return f"failing or missing response from {_where(link)}: bad status from {_where(link)}: {found.code}"


def _where(link: Link) -> str:
    host, port = link.address()
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}:{port}{link.extension.path}"


def _about(extension: Extension, problem: NoEndpoint) -> str:
    service = f'service/{extension.service} in "{extension.namespace}"'
    match problem.reason:
        case "ServiceNotFound":
            return f"{service} is not present"
        case "ServicePortError":
            return f"{service} is not listening on port {extension.port}"
        case "EndpointsNotFound":
            return f"cannot find endpointslices for {service}"
        case "MissingEndpoints":
            return f'endpointslices for {service} have no addresses with port name "{problem.port_name}"'


def with_finding(
    conditions: Sequence[APIServiceCondition], finding: Finding, now: datetime
) -> tuple[APIServiceCondition, ...]:
    """The conditions with what was found; the time changes with the status alone."""
    before = find(conditions, AVAILABLE)
    status = "True" if finding.is_available else "False"
    same = before is not None and before.status == status
    made = APIServiceCondition(
        type=AVAILABLE,
        status=status,
        last_transition_time=before.last_transition_time if before and same else now.replace(microsecond=0),
        reason=finding.reason,
        message=finding.message,
    )
    if before is None:
        return (*conditions, made)
    return tuple(made if each is before else each for each in conditions)


async def publish(client: Client, name: str, finding: Finding, now: Callable[[], datetime]) -> None:
    """Write it into the APIService's status, where it is not there already."""
    with contextlib.suppress(NotFound):
        while True:
            present = await client.get(APIService, "", name)
            conditions = with_finding(present.status.conditions, finding, now())
            if conditions == present.status.conditions:
                return
            with contextlib.suppress(Conflict):
                await client.update(
                    evolve(present, status=APIServiceStatus(conditions=conditions)), subresource="status"
                )
                return
