"""Services, with the endpoints that they lead to now."""

from __future__ import annotations

from typing import Any

from sampan.cli.describe.text import Lines, Object, head, metadata
from sampan.cli.session import Session

_SHOWN = 3
"""Endpoints of a port that are written out."""


def describe_service(session: Session, obj: Object) -> Lines:
    spec, status = obj["spec"], obj.get("status") or {}
    selector = spec.get("selector") or {}
    lines = [
        *head(obj),
        f"Selector:\t{','.join(f'{key}={value}' for key, value in sorted(selector.items())) or '<none>'}",
        f"Type:\t{spec.get('type', '')}",
    ]
    lines += [f"IP Family Policy:\t{spec['ipFamilyPolicy']}"] if spec.get("ipFamilyPolicy") else []
    lines += [f"IP Families:\t{','.join(spec['ipFamilies'])}"] if spec.get("ipFamilies") else []
    lines.append(f"IP:\t{spec.get('clusterIP', '')}")
    lines.append(f"IPs:\t{','.join(spec.get('clusterIPs') or []) or '<none>'}")
    lines += [f"External IPs:\t{','.join(spec['externalIPs'])}"] if spec.get("externalIPs") else []
    lines += [f"External Name:\t{spec['externalName']}"] if spec.get("externalName") else []
    ingress = (status.get("loadBalancer") or {}).get("ingress") or []
    if ingress:
        lines.append(
            f"LoadBalancer Ingress:\t{', '.join(each.get('ip') or each.get('hostname', '') for each in ingress)}"
        )
    slices = _slices(session, obj)
    for port in spec.get("ports") or []:
        lines += _port(port, slices)
    lines.append(f"Session Affinity:\t{spec.get('sessionAffinity', '')}")
    for title, key in (("External", "externalTrafficPolicy"), ("Internal", "internalTrafficPolicy")):
        lines += [f"{title} Traffic Policy:\t{spec[key]}"] if spec.get(key) else []
    return lines


def _port(port: Object, slices: list[dict[str, Any]]) -> Lines:
    name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
    lines = [
        f"Port:\t{name}  {port['port']}/{protocol}",
        f"TargetPort:\t{port.get('targetPort', port['port'])}/{protocol}",
    ]
    lines += [f"NodePort:\t{name}  {port['nodePort']}/{protocol}"] if port.get("nodePort") else []
    return [*lines, f"Endpoints:\t{_endpoints(port.get('name', ''), slices)}"]


def _slices(session: Session, obj: Object) -> list[dict[str, Any]]:
    about = metadata(obj)
    path = f"/apis/discovery.k8s.io/v1/namespaces/{about['namespace']}/endpointslices"
    found: list[dict[str, Any]] = session.api.get(
        path, {"labelSelector": f"kubernetes.io/service-name={about['name']}"}
    )["items"]
    return found


def _endpoints(name: str, slices: list[dict[str, Any]]) -> str:
    """Ready addresses of one port, a few of them written out."""
    found = [
        f"{address}:{port.get('port')}"
        for each in slices
        for port in each.get("ports") or []
        if (port.get("name") or "") == name
        for endpoint in each.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready", True)
        for address in endpoint.get("addresses") or []
    ]
    more = len(found) - _SHOWN
    return ",".join(found[:_SHOWN]) + (f" + {more} more..." if more > 0 else "")
