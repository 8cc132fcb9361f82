"""The downward API: a pod's own fields and a container's resources as text.

Used for environment variables and by the volume drivers ``downwardAPI`` and ``projected``. Pure functions.
https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import ROUND_CEILING

from sampan.core.errors import Permanent
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.references import ResourceFieldSelector
from sampan.core.model.quantity import parse
from sampan.core.node.config.resources import limit_of

SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")


def field_value(pod: Pod, path: str) -> str:
    """The value of ``metadata.name``, ``metadata.labels['x']``, ``status.podIP`` …; raises `Permanent` for others."""
    meta = pod.metadata
    if match := SUBSCRIPT.match(path):
        values = meta.labels if match[1] == "labels" else meta.annotations
        return values.get(match[2], "")
    match path:
        case "metadata.name":
            return meta.name or ""
        case "metadata.namespace":
            return meta.namespace or ""
        case "metadata.uid":
            return meta.uid or ""
        case "metadata.labels":
            return format_map(meta.labels)
        case "metadata.annotations":
            return format_map(meta.annotations)
        case "spec.nodeName":
            return pod.spec.node_name or ""
        case "spec.serviceAccountName":
            return pod.spec.service_account_name or ""
        case "status.hostIP":
            return pod.status.host_ip or ""
        case "status.hostIPs":
            return ",".join(each.ip for each in pod.status.host_ips)
        case "status.podIP":
            return pod.status.pod_ip or ""
        case "status.podIPs":
            return ",".join(each.ip for each in pod.status.pod_ips)
    raise Permanent(f"field label not supported: {path}")


def format_map(values: Mapping[str, str]) -> str:
    """``key="value"`` lines in the order of the keys."""
    return "\n".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in sorted(values.items()))


def resource_value(
    pod: Pod, selector: ResourceFieldSelector, allocatable: Mapping[str, str], container: Container | None = None
) -> str:
    """A container's request or limit in units of the divisor, rounded up; without a limit the pod's, else the node's.

    ``container`` is the one meant where the selector names none. Raises `Permanent`.
    """
    container = _named(pod, selector.container_name) if selector.container_name else container
    sort, _, resource = selector.resource.partition(".")
    if container is None or sort not in ("limits", "requests") or not resource:
        raise Permanent(f"unsupported container resource : {selector.resource}")
    if sort == "limits":
        amount = limit_of(pod, container, resource, allocatable.get(resource, "0"))
    else:
        amount = container.resources.requests.get(resource, "0")
    divisor = parse(selector.divisor or "1").number or parse("1").number
    return str(int((parse(amount).number / divisor).to_integral_value(rounding=ROUND_CEILING)))


def _named(pod: Pod, name: str) -> Container:
    for container in (*pod.spec.containers, *pod.spec.init_containers, *pod.spec.ephemeral_containers):
        if container.name == name:
            return container
    raise Permanent(f"container {name} not found")
