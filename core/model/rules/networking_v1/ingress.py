"""Ingress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.address_formats import read_address
from sampan.core.model.causes import invalid, malformed, not_supported, required
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.references import validate_typed_reference

Value = Mapping[str, Any]

CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
BAD_PARTS: Final = ("//", "/./", "/../", "%2f", "%2F")
BAD_ENDS: Final = ("/..", "/.")
NOT_AN_ADDRESS: Final = "must be a DNS name, not an IP address"


class IngressRules(KindRules):
    revalidates_metadata = 1

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        annotated = (obj["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
        name = (obj.get("spec") or {}).get("ingressClassName")
        if annotated is None or name is None or annotated == name:
            return ()
        words = "must match `ingressClassName` when both are specified"
        return [invalid(f"annotations.{CLASS_ANNOTATION}", annotated, words)]

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource != "status":
            return ()
        balancer = (obj.get("status") or {}).get("loadBalancer") or {}
        causes = []
        for index, address in enumerate(balancer.get("ingress") or ()):
            causes += _address(address, f"status.loadBalancer.ingress[{index}]")
        return causes

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        annotated = CLASS_ANNOTATION in (obj["metadata"].get("annotations") or {})
        if annotated and (obj.get("spec") or {}).get("ingressClassName") is None:
            yield f"annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"


def validate_ingress(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    rules, backend, name = spec.get("rules") or (), spec.get("defaultBackend"), spec.get("ingressClassName")
    causes = []
    if not rules and backend is None:
        causes.append(invalid("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        causes += _backend(backend, "spec.defaultBackend")
    causes += [cause for index, rule in enumerate(rules) for cause in _rule(rule, f"spec.rules[{index}]")]
    causes += _tls(spec.get("tls") or (), "spec.tls")
    return causes + (malformed("spec.ingressClassName", name, "dns1123-subdomain") if name is not None else [])


def _host(host: str, path: str) -> list[Cause]:
    """A name, or a whole domain: ``*.example.com``."""
    form = "wildcard-dns1123-subdomain" if "*" in host else "dns1123-subdomain"
    return malformed(path, host, form)


def _rule(rule: Value, path: str) -> list[Cause]:
    host, http = rule.get("host") or "", rule.get("http")
    causes = []
    if host:
        if read_address(host) is not None:
            causes.append(invalid(f"{path}.host", host, NOT_AN_ADDRESS))
        causes += _host(host, f"{path}.host")
    if http is None:
        return causes
    paths = http.get("paths") or ()
    if not paths:
        causes.append(required(f"{path}.http.paths"))
    for index, each in enumerate(paths):
        causes += _path(each, f"{path}.http.paths[{index}]")
    return causes


def _path(value: Value, path: str) -> list[Cause]:
    kind, text, where = value.get("pathType"), value.get("path") or "", f"{path}.path"
    if kind is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    causes = []
    if kind not in PATH_TYPES:
        causes.append(not_supported(f"{path}.pathType", kind, PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        causes.append(invalid(where, text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        causes += [invalid(where, text, f"must not contain '{part}'") for part in BAD_PARTS if part in text]
        causes += [invalid(where, text, f"cannot end with '{end}'") for end in BAD_ENDS if text.endswith(end)]
    return causes + _backend(value.get("backend") or {}, f"{path}.backend")


def _backend(backend: Value, path: str) -> list[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return validate_typed_reference(resource, f"{path}.resource")
    if service is None:
        return [invalid(path, "", "resource or service backend is required")]
    name = service.get("name") or ""
    where = f"{path}.service"
    causes = malformed(f"{where}.name", name, "dns1123-label") if name else [required(f"{where}.name")]
    port = service.get("port") or {}
    if port.get("name") and port.get("number"):
        return [*causes, invalid(path, "", "cannot set both port name & port number")]
    if port.get("name"):
        return causes + malformed(f"{where}.port.name", port["name"], "port-name")
    if port.get("number"):
        return causes + malformed(f"{where}.port.number", port["number"], "port-number")
    return [*causes, required(path, "port name or number is required")]


def _tls(entries: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, entry in enumerate(entries):
        for place, host in enumerate(entry.get("hosts") or ()):
            causes += _host(host, f"{path}[{index}].hosts[{place}]")
        if entry.get("secretName"):
            causes += malformed(f"{path}[{index}].secretName", entry["secretName"], "dns1123-subdomain")
    return causes


def _address(address: Value, path: str) -> list[Cause]:
    host = address.get("hostname") or ""
    causes = malformed(f"{path}.ip", address["ip"], "ip") if address.get("ip") else []
    if host:
        causes += malformed(f"{path}.hostname", host, "dns1123-subdomain")
        if read_address(host) is not None:
            causes.append(invalid(f"{path}.hostname", host, NOT_AN_ADDRESS))
    return causes
