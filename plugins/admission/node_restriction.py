"""NodeRestriction: a node agent writes about its own node and the pods that are bound to it, and nothing else.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction. It goes with the Node
authorizer, which has let the request come this far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.core.model.pod_references import claims_of, config_maps_of, secrets_of
from sampan.plugins.admission.base import Quiet, forbid
from sampan.plugins.auth.node_authorizer import LEASES, node_name

MIRROR: Final = "kubernetes.io/config.mirror"
OWN_LABELS: Final = frozenset(
    {
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
OWN_PREFIXES: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")
RESERVED: Final = "node-restriction.kubernetes.io"

Wire = Mapping[str, Any]


class NodeRestriction(Quiet):
    name = "NodeRestriction"
    order = 800

    async def validate(self, request: AdmissionRequest) -> None:
        node = node_name(request.user.name, request.user.groups)
        if not node:
            return
        check = CHECKS.get((request.info.group, request.info.plural, request.subresource))
        if check is not None:
            check(request, node)


def _pod(request: AdmissionRequest, node: str) -> None:
    if request.operation == "CREATE" and request.obj is not None:
        _mirror_pod(request, request.obj, node)
    elif request.operation == "DELETE":
        pod = request.old or {}
        if pod.get("spec", {}).get("nodeName") != node:
            raise forbid(request, f'node "{node}" can only delete pods with spec.nodeName set to itself')
    else:
        raise forbid(
            request, f'unexpected operation "{request.operation}", node "{node}" can only create and delete mirror pods'
        )


def _mirror_pod(request: AdmissionRequest, pod: Wire, node: str) -> None:
    """What a node makes of its own accord is the image of a pod that runs already: it has no rights and no data."""
    meta, spec = pod["metadata"], pod.get("spec") or {}
    begin = f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods'
    if MIRROR not in (meta.get("annotations") or {}):
        raise forbid(request, begin)
    if spec.get("nodeName") != node:
        raise forbid(request, f'node "{node}" can only create pods with spec.nodeName set to itself')
    owners = meta.get("ownerReferences") or []
    if len(owners) > 1:
        raise forbid(request, f'node "{node}" can only create pods with a single owner reference set to itself')
    for owner in owners:
        if (owner.get("kind"), owner.get("name"), owner.get("apiVersion")) != ("Node", node, "v1"):
            raise forbid(request, f'node "{node}" can only create pods with an owner reference set to itself')
    if spec.get("serviceAccountName"):
        raise forbid(request, f'node "{node}" can not create pods that reference a service account')
    for word, names in (("secrets", secrets_of(pod)), ("configmaps", config_maps_of(pod))):
        if names:
            raise forbid(request, f'node "{node}" can not create pods that reference {word}')
    if claims_of(pod):
        raise forbid(request, f'node "{node}" can not create pods that reference persistentvolumeclaims')


def _pod_status(request: AdmissionRequest, node: str) -> None:
    old, new = request.old or {}, request.obj or {}
    if old.get("spec", {}).get("nodeName") != node:
        raise forbid(request, f'node "{node}" can only update pod status for pods with spec.nodeName set to itself')
    if (old.get("metadata") or {}).get("labels") != (new.get("metadata") or {}).get("labels"):
        raise forbid(request, f'node "{node}" cannot update labels through pod status')


def _eviction(request: AdmissionRequest, node: str) -> None:
    pod = request.reader.get("pods", request.namespace, request.name)
    if pod is None or pod.get("spec", {}).get("nodeName") != node:
        raise forbid(request, f'node "{node}" can only evict pods with spec.nodeName set to itself')


def _node(request: AdmissionRequest, node: str) -> None:
    if request.name != node:
        raise forbid(request, f'node "{node}" is not allowed to modify node "{request.name}"')
    if request.obj is None:
        return
    old, new = request.old or {}, request.obj
    before, now = (_labels(each) for each in (old, new))
    changed = {label for label in {*before, *now} if before.get(label) != now.get(label)}
    if forbidden := sorted(filter(_is_protected, changed)):
        word = "set" if request.operation == "CREATE" else "modify"
        raise forbid(request, f"is not allowed to {word} the following labels: {', '.join(forbidden)}")
    if request.old is not None and (old.get("spec") or {}).get("taints") != (new.get("spec") or {}).get("taints"):
        raise forbid(request, f'node "{node}" is not allowed to modify taints')
    if request.old is not None and _owners(old) != _owners(new):
        raise forbid(request, f'node "{node}" is not allowed to modify ownerReferences')


def _labels(node: Wire) -> Mapping[str, str]:
    return (node.get("metadata") or {}).get("labels") or {}


def _owners(node: Wire) -> Any:
    return (node.get("metadata") or {}).get("ownerReferences") or None


def _is_protected(label: str) -> bool:
    """Labels of Kubernetes' own that say something about a node which others rely on."""
    prefix = label.partition("/")[0] if "/" in label else ""
    if prefix == RESERVED or prefix.endswith(f".{RESERVED}"):
        return True
    is_own = prefix in ("kubernetes.io", "k8s.io") or prefix.endswith((".kubernetes.io", ".k8s.io"))
    if not is_own or label in OWN_LABELS:
        return False
    return not any(prefix == each or prefix.endswith(f".{each}") for each in OWN_PREFIXES)


def _token(request: AdmissionRequest, node: str) -> None:
    """A node asks for tokens of its pods' accounts, each bound to the pod that it is for."""
    bound = ((request.obj or {}).get("spec") or {}).get("boundObjectRef") or {}
    if (bound.get("kind"), bound.get("apiVersion")) != ("Pod", "v1"):
        raise forbid(request, "node requested token not bound to a pod")
    if not bound.get("uid"):
        raise forbid(request, "node requested token with a pod binding without a uid")
    pod = request.reader.get("pods", request.namespace, bound.get("name", ""))
    if pod is None or pod["metadata"]["uid"] != bound["uid"]:
        raise forbid(request, "the pod that the token is to be bound to is not there")
    if pod["spec"].get("nodeName") != node:
        raise forbid(request, "node requested token bound to a pod scheduled on a different node")
    if pod["spec"].get("serviceAccountName") != request.name:
        raise forbid(request, "node requested token with service account that is not the pod's")


def _lease(request: AdmissionRequest, node: str) -> None:
    if request.namespace != LEASES or request.name != node:
        raise forbid(request, f'can only access node lease "{node}" in the namespace "{LEASES}"')


def _volume(request: AdmissionRequest, node: str) -> None:
    """A volume that can be used on this node alone: others' pods must not be given folders by it."""
    for volume in (request.old, request.obj):
        if volume is not None and not _is_on(volume, node):
            raise forbid(request, f'node "{node}" can only write persistent volumes that are on itself')


def _is_on(volume: Wire, node: str) -> bool:
    required = ((volume.get("spec") or {}).get("nodeAffinity") or {}).get("required") or {}
    terms = required.get("nodeSelectorTerms") or ()
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return bool(terms) and all(here in (term.get("matchExpressions") or ()) for term in terms)


def _csi_node(request: AdmissionRequest, node: str) -> None:
    if request.name != node:
        raise forbid(request, f'can only access CSINode "{node}"')


CHECKS: Final[Mapping[tuple[str, str, str], Callable[[AdmissionRequest, str], None]]] = {
    ("", "pods", ""): _pod,
    ("", "pods", "status"): _pod_status,
    ("", "pods", "eviction"): _eviction,
    ("", "nodes", ""): _node,
    ("", "nodes", "status"): _node,
    ("", "serviceaccounts", "token"): _token,
    ("coordination.k8s.io", "leases", ""): _lease,
    ("storage.k8s.io", "csinodes", ""): _csi_node,
    ("", "persistentvolumes", ""): _volume,
}
