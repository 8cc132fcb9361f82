"""Writes docs/compatibility.md from what is served: ``python -m tests.support.compatibility``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from sampan.core.model.kinds import KindInfo, info
from sampan.core.model.storage import Computed, Posted, ViewOf
from sampan.core.registry import Registry
from sampan.plugins.builtin import sampan_register
from sampan.runtimes.process.isolation import Isolation

PAGE: Final = Path(__file__).parents[2] / "docs" / "compatibility.md"
EVERY_VERB: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
WORDS: Final = {
    "Ingress": "served with `sampan up --ingress`, see [Ingresses](ingress.md); else stored for a controller of yours",
    "IngressClass": "says who serves an Ingress; `sampan up --ingress` makes one",
    "PodTemplate": "stored, as in Kubernetes, where nothing uses it either",
}
"""Of kinds about which more is to be said than that they are acted on."""
OTHERS: Final = {
    "admissionregistration.k8s.io": (
        "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    ),
    "apiextensions.k8s.io": ("CustomResourceDefinition",),
    "apiregistration.k8s.io": ("APIService",),
}  # fmt: skip
"""Kinds of Kubernetes 1.36 beyond those that are listed because they are served."""
HEAD: Final = """\
# Compatibility

sampan serves the API of Kubernetes 1.36: the same kinds with the same fields, defaults, checks and messages. This page is
written from the code (`python -m tests.support.compatibility`) and held to it by a test.

What is asked for and cannot be had is said, never left to be found out:

- A **kind** that is only stored says so to everybody who writes one, in a `Warning` header that kubectl shows.
- A **field** that a runtime does not honour is named by a `Warning` event of the pod.
- What Kubernetes refuses is refused with its words; what it drops because the feature is off by default is dropped.

## Kinds

*All* verbs are create, get, list, watch, update, patch, delete and deletecollection.
"""
FIELDS: Final = """\
## Fields

Every field of every kind above is read, checked, stored and shown. Which fields of pods are honoured depends on the
runtime; these are not, where the machine lets the process runtime use namespaces:

{process}

The Docker and Podman runtimes name no field that they leave out; the simulated runtime runs nothing, and so honours none.

Dropped, as in a Kubernetes 1.36 whose feature gates nobody touched:

| field | feature |
|---|---|
| `schedulingGroup` of pods and templates | GenericWorkload |
| `lifecycle.stopSignal` of containers | ContainerStopSignals |
| `strategy` and `preferredHolder` of Leases | CoordinatedLeaderElection |

Refused, for the same reason: `seLinuxChangePolicy: MountOption` (SELinuxMount).
"""

ADMISSION: Final = """\
## Admission

These run unless `--disable-admission-plugins` names them: {on}.

These run where `--enable-admission-plugins` names them: {off}.

`CertificateApproval` does what CertificateSigning and CertificateSubjectRestriction do in Kubernetes as well. Of what a
Kubernetes 1.36 runs unasked, there are no ClusterTrustBundleAttest and PodGroupProtection, whose kinds are not served, and
none of those whose features are off. Of what it runs on request, there are no ExtendedResourceToleration,
ImagePolicyWebhook, LimitPodHardAntiAffinityTopology, NamespaceAutoProvision, NamespaceExists, PodNodeSelector and
PodTolerationRestriction.
"""


def page() -> str:
    registry = Registry()
    sampan_register(registry)
    kinds = [info(cls) for cls in registry.kinds]
    parts = [
        HEAD, *_tables(kinds), _absent(kinds), FIELDS.format(process=_process_fields()), _admission(registry),
    ]  # fmt: skip
    return "\n".join(parts)


def _tables(kinds: Iterable[KindInfo]) -> Iterator[str]:
    for version, members in groupby(sorted(kinds, key=_order), key=lambda kind: kind.api_version):
        yield f"### {version}\n\n| kind | verbs | subresources | what becomes of it |\n|---|---|---|---|"
        for kind in members:
            yield f"| {kind.kind} | {_verbs(kind)} | {_subresources(kind)} | {_effect(kind)} |"
        yield ""


def _order(kind: KindInfo) -> tuple[bool, str, str, str]:
    """The core group first, then by group, version and kind."""
    return bool(kind.group), kind.group, kind.version, kind.kind


def _verbs(kind: KindInfo) -> str:
    return "all" if sorted(kind.verbs) == sorted(EVERY_VERB) else ", ".join(kind.verbs)


def _subresources(kind: KindInfo) -> str:
    names = [*kind.subresources, *(["status"] if kind.has_status else []), *(["scale"] if kind.scale else [])]
    return ", ".join(sorted(names))


def _effect(kind: KindInfo) -> str:
    if kind.without_effect:
        return f"stored with a warning: {kind.without_effect}"
    match kind.storage:
        case Posted():
            return "answered, not stored"
        case Computed():
            return "worked out when asked for"
        case ViewOf():
            return WORDS.get(kind.kind, "another version of what is stored")
    return WORDS.get(kind.kind, "stored and acted on")


def _absent(kinds: Iterable[KindInfo]) -> str:
    served = {(kind.group, kind.kind) for kind in kinds}
    absent = [
        f"{kind} ({group})" if group else kind
        for group, names in OTHERS.items()
        for kind in names
        if (group, kind) not in served
    ]
    return f"### Not served yet\n\n{', '.join(absent)}.\n" if absent else ""


def _admission(registry: Registry) -> str:
    known = list(registry.admissions)
    on = ", ".join(sorted(part.name for part in known if part.rank is not None))
    off = ", ".join(sorted(part.name for part in known if part.rank is None))
    return ADMISSION.format(on=on, off=off)


def _process_fields() -> str:
    isolation = Isolation(private=True, network=True)
    return "\n".join(f"- `{field}`" for field in isolation.capabilities().unsupported_fields)


if __name__ == "__main__":
    PAGE.write_text(page())
