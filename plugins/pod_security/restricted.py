"""What the restricted level forbids besides the baseline. Each check says in Kubernetes' words what it minds."""

from __future__ import annotations

from typing import Final

from sampan.plugins.pod_security.finding import Check, Finding, Wire, containers, context, is_windows, named, quoted

RESTRICTED_VOLUMES: Final = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)


def restricted_volumes(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad: list[str] = []
    types: list[str] = []
    for each in spec.get("volumes") or ():
        [sort] = [key for key in each if key != "name"] or ["unknown"]
        if sort not in RESTRICTED_VOLUMES:
            bad.append(each["name"])
            types.append(sort)
    if not bad:
        return None
    uses = "use" if len(bad) > 1 else "uses"
    sorts = sorted(set(types))
    word = "types" if len(sorts) > 1 else "type"
    return Finding("restricted volume types", f"{named('volume', bad)} {uses} restricted volume {word} {quoted(sorts)}")


def privilege_escalation(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 8 or is_windows(spec, version):
        return None
    bad = [each["name"] for each in containers(spec) if context(each).get("allowPrivilegeEscalation") is not False]
    said = f"{named('container', bad)} must set securityContext.allowPrivilegeEscalation=false"
    return Finding("allowPrivilegeEscalation != false", said) if bad else None


def run_as_non_root(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version >= 35 and spec.get("hostUsers") is False:
        return None
    whole = context(spec).get("runAsNonRoot")
    explicit = [each["name"] for each in containers(spec) if context(each).get("runAsNonRoot") is False]
    implicit = [each["name"] for each in containers(spec) if context(each).get("runAsNonRoot") is None]
    bad = [*explicit]
    parts: list[str] = []
    if whole is False:
        parts.append("pod")
    if bad:
        parts.append(named("container", bad))
    if parts:
        return Finding("runAsNonRoot != true", f"{' and '.join(parts)} must not set securityContext.runAsNonRoot=false")
    if implicit and whole is not True:
        said = f"pod or {named('container', implicit)} must set securityContext.runAsNonRoot=true"
        return Finding("runAsNonRoot != true", said)
    return None


def run_as_user(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 23 or (version >= 35 and spec.get("hostUsers") is False):
        return None
    bad = [each["name"] for each in containers(spec) if context(each).get("runAsUser") == 0]
    parts = ["pod"] if context(spec).get("runAsUser") == 0 else []
    if bad:
        parts.append(named("container", bad))
    return Finding("runAsUser=0", f"{' and '.join(parts)} must not set runAsUser=0") if parts else None


def restricted_seccomp(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 19 or is_windows(spec, version):
        return None
    good = ("RuntimeDefault", "Localhost")
    own = {each["name"]: (context(each).get("seccompProfile") or {}).get("type") for each in containers(spec)}
    whole = (context(spec).get("seccompProfile") or {}).get("type")
    explicit = [name for name, sort in own.items() if sort not in (None, *good)]
    parts = ["pod"] if whole not in (None, *good) else []
    if explicit:
        parts.append(named("container", explicit))
    if parts:
        said = 'must not set securityContext.seccompProfile.type to "Unconfined"'
        return Finding("seccompProfile", f"{' and '.join(parts)} {said}")
    implicit = [name for name, sort in own.items() if sort is None]
    if implicit and whole is None:
        said = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
        return Finding("seccompProfile", f"pod or {named('container', implicit)} {said}")
    return None


def restricted_capabilities(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 22 or is_windows(spec, version):
        return None
    no_drop: list[str] = []
    adding: list[str] = []
    added: set[str] = set()
    for each in containers(spec):
        capabilities = context(each).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or ()):
            no_drop.append(each["name"])
        if own := set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
            adding.append(each["name"])
            added |= own
    said = []
    if no_drop:
        said.append(f'{named("container", no_drop)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        names = quoted(sorted(added))
        said.append(f"{named('container', adding)} must not include {names} in securityContext.capabilities.add")
    return Finding("unrestricted capabilities", "; ".join(said)) if said else None


RESTRICTED: Final[tuple[Check, ...]] = (
    privilege_escalation,
    restricted_capabilities,
    restricted_volumes,
    run_as_non_root,
    run_as_user,
    restricted_seccomp,
)
