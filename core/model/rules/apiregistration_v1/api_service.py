"""APIService."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, required
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.carry_over import META
from sampan.core.model.rules.common.metadata import path_segment

Value = Mapping[str, Any]

MOST_GROUP_PRIORITY, MOST_VERSION_PRIORITY = 20000, 1000


class APIServiceRules(KindRules):
    revalidates_metadata = 1
    status_keeps = META
    any_finalizer = True


def validate_api_service(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    return [*_name(obj.get("metadata") or {}, spec), *_names(spec), *_priorities(spec), *_server(spec)]


def _name(metadata: Value, spec: Value) -> Iterable[Cause]:
    wanted, name = f"{spec.get('version') or ''}.{spec.get('group') or ''}", metadata.get("name") or ""
    if name and name != wanted and not path_segment(name):
        yield invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{wanted}"')


def _names(spec: Value) -> Iterable[Cause]:
    group, version = spec.get("group") or "", spec.get("version") or ""
    if not group and version != "v1":
        yield required("spec.group", "only v1 may have an empty group and it better be legacy kube")
    for problem in formats.dns1123_subdomain(group) if group else ():
        yield invalid("spec.group", group, problem)
    for problem in formats.dns1035_label(version):
        yield invalid("spec.version", version, problem)


def _priorities(spec: Value) -> Iterable[Cause]:
    for word, most in (("groupPriorityMinimum", MOST_GROUP_PRIORITY), ("versionPriority", MOST_VERSION_PRIORITY)):
        priority = spec.get(word) or 0
        if not 0 < priority <= most:
            yield invalid(f"spec.{word}", priority, f"must be positive and less than {most}")


def _server(spec: Value) -> Iterable[Cause]:
    service, trusts_all, bundle = spec.get("service"), spec.get("insecureSkipTLSVerify"), spec.get("caBundle")
    if service is None:
        if bundle:
            yield invalid("spec.caBundle", f"{len(bundle)} bytes", "local APIServices may not have a caBundle")
        if trusts_all:
            words = "local APIServices may not have insecureSkipTLSVerify"
            yield invalid("spec.insecureSkipTLSVerify", trusts_all, words)
        return
    for word in ("namespace", "name"):
        if not service.get(word):
            yield required(f"spec.service.{word}")
    port = service.get("port")
    if port is not None and not 1 <= port <= 65535:
        yield invalid("spec.service.port", port, "port is not valid: must be between 1 and 65535, inclusive")
    if trusts_all and bundle:
        yield invalid("spec.insecureSkipTLSVerify", trusts_all, "may not be true if caBundle is present")
