"""What each controller may do: one role and one service account of ``kube-system`` each, as in Kubernetes.

Our controllers carry the names of Kubernetes' (`ACCOUNTS` has those whose accounts are called otherwise), so the rights
that people know from there hold here. All of them read through the informers, which have an account of their own.
"""

from __future__ import annotations

from typing import Final

from sampan.plugins.auth.rbac.notation import EVENTS, READ, Object, Rule, cluster_role, on

PREFIX: Final = "system:controller:"

_PODS: Final = on("create delete list patch watch", "", "pods")
_SLICES: Final = on("create delete get list update", "discovery.k8s.io", "endpointslices")

ROLES: Final[dict[str, tuple[Rule, ...]]] = {
    "attachdetach-controller": (
        on("list watch", "", "persistentvolumeclaims persistentvolumes"),
        on(READ, "", "nodes"),
        on("patch update", "", "nodes/status"),
        on("list watch", "", "pods"),
        on(f"create delete patch {READ}", "storage.k8s.io", "volumeattachments"),
        on(READ, "storage.k8s.io", "csidrivers csinodes"),
        EVENTS,
    ),
    "clusterrole-aggregation-controller": (
        on("escalate get list patch update watch", "rbac.authorization.k8s.io", "clusterroles"),
    ),
    "cronjob-controller": (
        on(f"update {READ}", "batch", "cronjobs"),
        on(f"create delete patch update {READ}", "batch", "jobs"),
        on("patch update", "batch", "cronjobs/status"),
        on("update", "batch", "cronjobs/finalizers"),
        on("delete list", "", "pods"),
        EVENTS,
    ),
    "daemon-set-controller": (
        on(READ, "apps extensions", "daemonsets"),
        on("patch update", "apps extensions", "daemonsets/status"),
        on("update", "apps extensions", "daemonsets/finalizers"),
        on("list watch", "", "nodes"),
        _PODS,
        on("create", "", "pods/binding"),
        on(f"create delete patch update {READ}", "apps", "controllerrevisions"),
        EVENTS,
    ),
    "deployment-controller": (
        on(f"patch update {READ}", "apps extensions", "deployments"),
        on("patch update", "apps extensions", "deployments/status"),
        on("update", "apps extensions", "deployments/finalizers"),
        on(f"create delete patch update {READ}", "apps extensions", "replicasets"),
        on(f"update {READ}", "", "pods"),
        EVENTS,
    ),
    "disruption-controller": (
        on(READ, "apps extensions", "deployments replicasets"),
        on(READ, "", "replicationcontrollers"),
        on(READ, "policy", "poddisruptionbudgets"),
        on(READ, "apps", "statefulsets"),
        on("patch update", "policy", "poddisruptionbudgets/status"),
        on("patch update", "", "pods/status"),
        on("get", "*", "*/scale"),
        EVENTS,
    ),
    "endpoint-controller": (
        on(READ, "", "pods services"),
        on("create delete get list patch update", "", "endpoints"),
        on("create", "", "endpoints/restricted"),
        EVENTS,
    ),
    "endpointslice-controller": (
        on(READ, "", "nodes pods services"),
        on("update", "", "services/finalizers"),
        _SLICES,
        EVENTS,
    ),
    "endpointslicemirroring-controller": (
        on(READ, "", "endpoints services"),
        on("update", "", "endpoints/finalizers services/finalizers"),
        _SLICES,
        EVENTS,
    ),
    "ephemeral-volume-controller": (
        on(READ, "", "pods"),
        on("update", "", "pods/finalizers"),
        on(f"create {READ}", "", "persistentvolumeclaims"),
        EVENTS,
    ),
    "expand-controller": (
        on(f"patch update {READ}", "", "persistentvolumes"),
        on("patch update", "", "persistentvolumeclaims/status"),
        on(READ, "", "persistentvolumeclaims"),
        on(READ, "storage.k8s.io", "storageclasses"),
        EVENTS,
    ),
    "generic-garbage-collector": (on(f"delete patch update {READ}", "*", "*"), EVENTS),
    "horizontal-pod-autoscaler": (
        on(READ, "autoscaling", "horizontalpodautoscalers"),
        on("patch update", "autoscaling", "horizontalpodautoscalers/status"),
        on("get patch update", "*", "*/scale"),
        on("list", "", "pods"),
        on("list", "metrics.k8s.io", "pods"),
        on("get list", "custom.metrics.k8s.io external.metrics.k8s.io", "*"),
        EVENTS,
    ),
    # Kubernetes' runs in the API server itself, with all rights.
    "ipallocator-repair-controller": (
        on(READ, "", "services"),
        on(READ, "networking.k8s.io", "servicecidrs"),
        on(f"create delete {READ}", "networking.k8s.io", "ipaddresses"),
        EVENTS,
    ),
    "job-controller": (
        on(f"patch update {READ}", "batch", "jobs"),
        on("patch update", "batch", "jobs/status"),
        on("update", "batch", "jobs/finalizers"),
        _PODS,
        EVENTS,
    ),
    "namespace-controller": (
        on(f"delete {READ}", "", "namespaces"),
        on("patch update", "", "namespaces/finalize namespaces/status"),
        on("delete deletecollection get list", "*", "*"),
    ),
    "node-controller": (
        on("delete get list patch update", "", "nodes"),
        on("patch update", "", "nodes/status pods/status"),
        on("delete get list", "", "pods"),
        EVENTS,
    ),
    "persistent-volume-binder": (
        on(f"create delete patch update {READ}", "", "persistentvolumes"),
        on("patch update", "", "persistentvolumes/status persistentvolumeclaims/status"),
        on(f"patch update {READ}", "", "persistentvolumeclaims"),
        on(f"create delete {READ}", "", "pods"),
        on(READ, "storage.k8s.io", "storageclasses"),
        on("get list", "", "nodes"),
        on("watch", "", "events"),
        EVENTS,
    ),
    "stage-player": (
        on("delete get list patch watch", "", "pods"),
        on("patch", "", "pods/status"),
        on("list watch", "", "nodes"),
        EVENTS,
    ),
    "pod-garbage-collector": (
        on("delete list watch", "", "pods"),
        on("get list", "", "nodes"),
        on("patch", "", "pods/status"),
        EVENTS,
    ),
    "pv-protection-controller": (on(f"patch update {READ}", "", "persistentvolumes"), EVENTS),
    "pvc-protection-controller": (
        on(f"patch update {READ}", "", "persistentvolumeclaims"),
        on(READ, "", "pods"),
        EVENTS,
    ),
    "replicaset-controller": (
        on(f"patch update {READ}", "apps extensions", "replicasets"),
        on("patch update", "apps extensions", "replicasets/status"),
        on("update", "apps extensions", "replicasets/finalizers"),
        _PODS,
        EVENTS,
    ),
    "replication-controller": (
        on(f"patch update {READ}", "", "replicationcontrollers"),
        on("patch update", "", "replicationcontrollers/status"),
        on("update", "", "replicationcontrollers/finalizers"),
        _PODS,
        EVENTS,
    ),
    "resource-claim-controller": (
        on(READ, "", "pods"),
        on("update", "", "pods/finalizers"),
        on(f"create delete {READ}", "resource.k8s.io", "resourceclaims"),
        on("patch update", "resource.k8s.io", "resourceclaims resourceclaims/status"),
        on("patch update", "", "pods/status"),
        EVENTS,
    ),
    "resourcequota-controller": (
        on("list watch", "*", "*"),
        on("patch update", "", "resourcequotas/status"),
        EVENTS,
    ),
    "root-ca-cert-publisher": (on("create get patch update", "", "configmaps"), EVENTS),
    "service-account-controller": (on("create", "", "serviceaccounts"), EVENTS),
    "service-controller": (
        on(READ, "", "services nodes"),
        on("patch update", "", "services/status"),
        EVENTS,
    ),
    "service-cidrs-controller": (
        on(f"create patch update {READ}", "networking.k8s.io", "servicecidrs"),
        on("patch update", "networking.k8s.io", "servicecidrs/finalizers servicecidrs/status"),
        on(READ, "networking.k8s.io", "ipaddresses"),
        EVENTS,
    ),
    "statefulset-controller": (
        on("list watch", "", "pods"),
        on(READ, "apps", "statefulsets"),
        on("patch update", "apps", "statefulsets/status"),
        on("update", "apps", "statefulsets/finalizers"),
        on("create delete get patch update", "", "pods"),
        on(f"create delete patch update {READ}", "apps", "controllerrevisions"),
        on("create delete get list patch update watch", "", "persistentvolumeclaims"),
        EVENTS,
    ),
    "ttl-after-finished-controller": (on(f"delete {READ}", "batch", "jobs"), EVENTS),
    "ttl-controller": (on("list patch update watch", "", "nodes"), EVENTS),
    "certificate-controller": (
        on(f"delete {READ}", "certificates.k8s.io", "certificatesigningrequests"),
        on("patch update", "certificates.k8s.io", "certificatesigningrequests/approval certificatesigningrequests/status"),
        on(
            "approve",
            "certificates.k8s.io",
            "signers",
            "kubernetes.io/kube-apiserver-client-kubelet",
        ),
        on(
            "sign",
            "certificates.k8s.io",
            "signers",
            "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet"
            " kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown",
        ),
        on("create", "authorization.k8s.io", "subjectaccessreviews"),
        EVENTS,
    ),
    "volumeattributesclass-protection-controller": (
        on(f"patch update {READ}", "storage.k8s.io", "volumeattributesclasses"),
        on(READ, "", "persistentvolumeclaims persistentvolumes"),
        EVENTS,
    ),
}  # fmt: skip
"""By service account."""


def controller_roles() -> list[Object]:
    return [cluster_role(f"{PREFIX}{name}", *rules) for name, rules in sorted(ROLES.items())]
