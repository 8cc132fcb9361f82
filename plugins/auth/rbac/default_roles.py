"""The roles that people and components are given: Kubernetes' own by name and content.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings. Those of controllers are in
`controller_roles`.
"""

from __future__ import annotations

from typing import Final

from sampan.plugins.auth.rbac.notation import EVENTS, READ, WRITE, Object, at, cluster_role, on

REVIEWS: Final = (
    on("create", "authentication.k8s.io", "tokenreviews"),
    on("create", "authorization.k8s.io", "subjectaccessreviews"),
)
SIGNER: Final = "system:certificates.k8s.io:"


def cluster_roles() -> list[Object]:
    return [*_for_people(), *_for_everybody(), *_for_certificates(), *_for_components(), _for_nodes()]


def _for_people() -> list[Object]:
    workloads = "daemonsets deployments replicasets statefulsets"
    scales = "deployments/scale replicasets/scale statefulsets/scale"
    statuses = "daemonsets/status deployments/status replicasets/status statefulsets/status"
    old = (
        "daemonsets deployments deployments/scale ingresses networkpolicies replicasets replicasets/scale"
        " replicationcontrollers/scale"
    )
    claims = "resourceclaims resourceclaimtemplates"
    return [
        cluster_role("cluster-admin", on("*", "*", "*"), at("*", "*")),
        cluster_role("admin", gathers="admin"),
        cluster_role("edit", gathers="edit", aggregate_to="admin"),
        cluster_role("view", gathers="view", aggregate_to="edit"),
        cluster_role(
            "system:aggregate-to-admin",
            on("create", "authorization.k8s.io", "localsubjectaccessreviews"),
            on(f"{WRITE} {READ}", "rbac.authorization.k8s.io", "rolebindings roles"),
            aggregate_to="admin",
        ),
        cluster_role(
            "system:aggregate-to-edit",
            on(READ, "", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
            on("impersonate", "", "serviceaccounts"),
            on(WRITE, "", "pods pods/attach pods/exec pods/portforward pods/proxy"),
            on("create", "", "pods/eviction"),
            on(
                WRITE,
                "",
                "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets"
                " serviceaccounts services services/proxy",
            ),
            on("create", "", "serviceaccounts/token"),
            on(WRITE, "apps", f"{workloads} deployments/rollback {scales}"),
            on(WRITE, "autoscaling", "horizontalpodautoscalers"),
            on(WRITE, "batch", "cronjobs jobs"),
            on(WRITE, "extensions", f"{old} deployments/rollback"),
            on(WRITE, "policy", "poddisruptionbudgets"),
            on(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
            on(f"{WRITE} {READ}", "coordination.k8s.io", "leases"),
            on(WRITE, "resource.k8s.io", claims),
            on(WRITE, "- events.k8s.io", "events"),
            aggregate_to="edit",
        ),
        cluster_role(
            "system:aggregate-to-view",
            on(
                READ,
                "",
                "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers"
                " replicationcontrollers/scale serviceaccounts services services/status",
            ),
            on(
                READ,
                "",
                "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status"
                " resourcequotas resourcequotas/status",
            ),
            on(READ, "", "namespaces"),
            on(READ, "discovery.k8s.io", "endpointslices"),
            on(READ, "apps", f"controllerrevisions {workloads} {scales} {statuses}"),
            on(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
            on(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
            on(READ, "extensions", f"{old} daemonsets/status deployments/status ingresses/status replicasets/status"),
            on(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
            on(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
            on(READ, "resource.k8s.io", f"{claims} resourceclaims/status"),
            on(READ, "- events.k8s.io", "events"),
            aggregate_to="view",
        ),
    ]


def _for_everybody() -> list[Object]:
    health = "/healthz /livez /readyz"
    return [
        cluster_role("system:public-info-viewer", at("get", f"{health} /version /version/")),
        cluster_role(
            "system:discovery", at("get", f"/api /api/* /apis /apis/* /openapi /openapi/* {health} /version /version/")
        ),
        cluster_role(
            "system:basic-user",
            on("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
            on("create", "authentication.k8s.io", "selfsubjectreviews"),
        ),
        cluster_role(
            "system:monitoring",
            at("get", f"{health} /healthz/* /livez/* /readyz/* /metrics /metrics/slis /flagz /statusz"),
            on("get", "", "nodes/metrics"),
        ),
        cluster_role(
            "system:service-account-issuer-discovery",
            at(
                "get",
                "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
            ),
        ),
    ]


def _for_certificates() -> list[Object]:
    group = "certificates.k8s.io"
    approvers = [
        cluster_role(f"{SIGNER}{name}-approver", on("approve", group, "signers", f"kubernetes.io/{name}"))
        for name in ("kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown")
    ]
    return [
        *approvers,
        *(
            cluster_role(
                f"{SIGNER}certificatesigningrequests:{sort}", on("create", group, f"certificatesigningrequests/{sort}")
            )
            for sort in ("nodeclient", "selfnodeclient")
        ),
        cluster_role("system:node-bootstrapper", on(f"create {READ}", group, "certificatesigningrequests")),
    ]


def _for_components() -> list[Object]:
    election = on("create", "coordination.k8s.io", "leases")
    return [
        cluster_role("system:auth-delegator", *REVIEWS),
        cluster_role("system:kube-aggregator", on(READ, "", "endpoints services")),
        cluster_role(
            "system:kube-controller-manager",
            EVENTS,
            election,
            on("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
            on("create", "", "secrets serviceaccounts"),
            on("delete", "", "secrets"),
            on("get", "", "configmaps namespaces secrets serviceaccounts"),
            on("update", "", "secrets serviceaccounts"),
            *REVIEWS,
            on("list watch", "*", "*"),
            on("create", "", "serviceaccounts/token"),
        ),
        cluster_role(
            "system:kube-dns",
            on("list watch", "", "endpoints services"),
            on("list watch", "discovery.k8s.io", "endpointslices"),
        ),
        cluster_role(
            "system:kube-scheduler",
            EVENTS,
            election,
            on("get list watch", "coordination.k8s.io", "leases"),
            on("get update", "coordination.k8s.io", "leases", "kube-scheduler"),
            on(READ, "", "nodes"),
            on(f"delete {READ}", "", "pods"),
            on("create", "", "bindings pods/binding"),
            on("patch update", "", "pods/status"),
            on(READ, "", "replicationcontrollers services"),
            on(READ, "apps extensions", "replicasets"),
            on(READ, "apps", "statefulsets"),
            on(READ, "policy", "poddisruptionbudgets"),
            on("get list patch update watch", "", "persistentvolumeclaims persistentvolumes"),
            *REVIEWS,
            on(READ, "storage.k8s.io", "csinodes csidrivers csistoragecapacities storageclasses volumeattachments"),
            on(READ, "", "namespaces"),
            on(READ, "resource.k8s.io", "deviceclasses resourceslices"),
            on(f"create delete patch update {READ}", "resource.k8s.io", "resourceclaims"),
            on(f"patch update {READ}", "resource.k8s.io", "resourceclaims/status"),
            on("update", "", "pods/finalizers"),
        ),
        cluster_role(
            "system:kubelet-api-admin",
            on(READ, "", "nodes"),
            on("proxy", "", "nodes"),
            on("*", "", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
            on("*", "", "nodes/configz nodes/healthz nodes/pods"),
        ),
        cluster_role("system:node-problem-detector", on("get", "", "nodes"), on("patch", "", "nodes/status"), EVENTS),
        cluster_role(
            "system:node-proxier",
            on("list watch", "", "endpoints services"),
            on(READ, "", "nodes"),
            EVENTS,
            on("list watch", "discovery.k8s.io", "endpointslices"),
            on("list watch", "networking.k8s.io", "servicecidrs"),
        ),
        cluster_role(
            "system:persistent-volume-provisioner",
            on(f"create delete {READ}", "", "persistentvolumes"),
            on("get list update watch", "", "persistentvolumeclaims"),
            on(READ, "storage.k8s.io", "storageclasses"),
            on("watch", "", "events"),
            EVENTS,
        ),
        cluster_role(
            "system:volume-scheduler",
            on("get list patch update watch", "", "persistentvolumes"),
            on(READ, "storage.k8s.io", "storageclasses"),
            on("get list patch update watch", "", "persistentvolumeclaims"),
        ),
    ]  # fmt: skip


def _for_nodes() -> Object:
    """Bound to nobody: the node authorizer gives each node as much of this as concerns its own pods."""
    return cluster_role("system:node", *NODE_RULES)


NODE_RULES: Final = (
    on("create", "authentication.k8s.io", "tokenreviews"),
    on("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
    on(READ, "", "services"),
    on(f"create {READ}", "", "nodes"),
    on("patch update", "", "nodes/status"),
    on("patch update", "", "nodes"),
    on("create patch update", "- events.k8s.io", "events"),
    on(READ, "", "pods"),
    on("create delete", "", "pods"),
    on("patch update", "", "pods/status"),
    on("create", "", "pods/eviction"),
    on(READ, "", "configmaps secrets"),
    on("get", "", "persistentvolumeclaims persistentvolumes"),
    on("get", "", "endpoints"),
    on(f"create {READ}", "certificates.k8s.io", "certificatesigningrequests"),
    on("create delete get patch update", "coordination.k8s.io", "leases"),
    on("get", "storage.k8s.io", "volumeattachments"),
    on("create", "", "serviceaccounts/token"),
    on("get patch update", "", "persistentvolumeclaims/status"),
    on(READ, "storage.k8s.io", "csidrivers"),
    on("create delete get patch update", "storage.k8s.io", "csinodes"),
    on(READ, "node.k8s.io", "runtimeclasses"),
    on("get", "resource.k8s.io", "resourceclaims"),
    on(f"create delete deletecollection {READ} patch update", "resource.k8s.io", "resourceslices"),
)
