"""Who has Kubernetes' default roles from the start, and the few roles that hold in one namespace alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sampan.core.contracts.access import AUTHENTICATED, SERVICE_ACCOUNTS, SYSTEM_MASTERS, UNAUTHENTICATED
from sampan.plugins.auth.rbac.controller_roles import PREFIX, ROLES
from sampan.plugins.auth.rbac.notation import (
    EVENTS,
    READ,
    Object,
    account,
    binding,
    cluster_role,
    group,
    on,
    role,
    user,
)

SAMPAN = "system:sampan"
"""What starts the cluster and speaks for its plugins: it tells what the cluster is, and events."""
PROVISIONER = "system:sampan:volume-provisioner"
"""What makes volumes on the nodes, for claims."""
INGRESS = "system:sampan:ingress-controller"
"""What serves Ingresses, and tells of them."""
NODE: Final = "system:sampan:node"
"""What an agent of its own process does besides: service addresses and names, and the volumes of its node."""
NODES: Final = "system:nodes"
BOOTSTRAPPERS: Final = "system:bootstrappers"
CONFIG_READER: Final = "sampan:config-reader"
CERTIFICATES: Final = "system:certificates.k8s.io:certificatesigningrequests"


def own_roles() -> list[Object]:
    """Of parts that Kubernetes has not."""
    return [
        cluster_role(SAMPAN, on("create get patch", "", "configmaps"), on("create get", "", "services"), EVENTS),
        cluster_role(
            PROVISIONER,
            on(f"create delete patch {READ}", "", "persistentvolumes"),
            on(READ, "", "persistentvolumeclaims nodes"),
            on("patch", "", "persistentvolumeclaims/status"),
            on(f"create {READ}", "storage.k8s.io", "storageclasses"),
            on("create", "storage.k8s.io", "csidrivers"),
            EVENTS,
        ),
        cluster_role(
            INGRESS,
            on("get", "", "nodes"),
            on("create", "networking.k8s.io", "ingressclasses"),
            on("patch", "networking.k8s.io", "ingresses/status"),
            EVENTS,
        ),
        cluster_role(
            NODE,
            on(f"create delete patch {READ}", "", "persistentvolumes"),
            on(READ, "", "persistentvolumeclaims namespaces"),
            on(READ, "storage.k8s.io", "storageclasses"),
        ),
    ]


def cluster_bindings(others: Iterable[str]) -> list[Object]:
    """``others`` are the accounts of controllers that outside plugins bring: nobody but them knows what they need."""
    everybody = [group(AUTHENTICATED)]
    people = [
        binding("cluster-admin", "cluster-admin", [group(SYSTEM_MASTERS)]),
        binding("system:monitoring", "system:monitoring", [group("system:monitoring")]),
        binding("system:discovery", "system:discovery", everybody),
        binding("system:basic-user", "system:basic-user", everybody),
        binding("system:public-info-viewer", "system:public-info-viewer", [*everybody, group(UNAUTHENTICATED)]),
        binding(
            "system:service-account-issuer-discovery",
            "system:service-account-issuer-discovery",
            [group(SERVICE_ACCOUNTS)],
        ),
    ]
    components = [
        binding(name, role_name, [user(who)])
        for name, role_name, who in (
            ("system:kube-controller-manager", "system:kube-controller-manager", "system:kube-controller-manager"),
            ("system:kube-scheduler", "system:kube-scheduler", "system:kube-scheduler"),
            ("system:volume-scheduler", "system:volume-scheduler", "system:kube-scheduler"),
            ("system:node-proxier", "system:node-proxier", "system:kube-proxy"),
            (SAMPAN, SAMPAN, SAMPAN),
            (PROVISIONER, PROVISIONER, PROVISIONER),
            (INGRESS, INGRESS, INGRESS),
        )
    ]
    components.append(binding("system:node", "system:node", []))
    nodes = [
        binding("sampan:node", NODE, [group(NODES)]),
        binding("sampan:node-proxier", "system:node-proxier", [group(NODES)]),
        binding("sampan:node-bootstrap", "system:node-bootstrapper", [group(BOOTSTRAPPERS)]),
        binding("sampan:node-first-certificate", f"{CERTIFICATES}:nodeclient", [group(BOOTSTRAPPERS)]),
        binding("sampan:node-next-certificate", f"{CERTIFICATES}:selfnodeclient", [group(NODES)]),
    ]
    controllers = [binding(f"{PREFIX}{name}", f"{PREFIX}{name}", [account(name)]) for name in sorted(ROLES)]
    plugins = [binding(f"sampan:plugin:{name}", "cluster-admin", [account(name)]) for name in sorted(others)]
    return [*people, *components, *nodes, *controllers, *plugins]


def namespaced_roles() -> list[Object]:
    system = "kube-system"
    config = "extension-apiserver-authentication"
    leading = [
        role(
            system,
            f"system::leader-locking-{name}",
            on("watch", "", "configmaps"),
            on("get update", "", "configmaps", name),
        )
        for name in ("kube-controller-manager", "kube-scheduler")
    ]
    return [
        role(system, f"{config}-reader", on(READ, "", "configmaps", config)),
        role(system, CONFIG_READER, on("get", "", "configmaps", "sampan-config")),
        role(system, f"{PREFIX}bootstrap-signer", on(READ, "", "secrets")),
        role(system, f"{PREFIX}token-cleaner", on(f"delete {READ}", "", "secrets"), EVENTS),
        *leading,
        role(
            "kube-public",
            f"{PREFIX}bootstrap-signer",
            on(READ, "", "configmaps"),
            on("update", "", "configmaps", "cluster-info"),
            EVENTS,
        ),
    ]


def namespaced_bindings() -> list[Object]:
    system, reader = "kube-system", "extension-apiserver-authentication-reader"
    components = [user("system:kube-controller-manager"), user("system:kube-scheduler")]
    leading = [
        binding(f"system::leader-locking-{name}", f"system::leader-locking-{name}",
                [user(f"system:{name}"), account(name)], system, "Role")
        for name in ("kube-controller-manager", "kube-scheduler")
    ]  # fmt: skip
    signer = f"{PREFIX}bootstrap-signer"
    return [
        binding(f"system::{reader}", reader, components, system, "Role"),
        binding(CONFIG_READER, CONFIG_READER, [group(NODES), group(BOOTSTRAPPERS)], system, "Role"),
        binding(signer, signer, [account("bootstrap-signer")], system, "Role"),
        binding(f"{PREFIX}token-cleaner", f"{PREFIX}token-cleaner", [account("token-cleaner")], system, "Role"),
        *leading,
        binding(signer, signer, [account("bootstrap-signer")], "kube-public", "Role"),
    ]
