"""In whose name each part of a cluster speaks to the API: Kubernetes' own users, none of which may do everything.

Controllers are service accounts of ``kube-system``, as with kube-controller-manager's
``--use-service-account-credentials``; what they may do, the authorizers know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sampan.core.contracts.access import AUTHENTICATED, SERVICE_ACCOUNT, User, service_account_groups

SYSTEM: Final = "kube-system"
NODES: Final = "system:nodes"
ADMINISTRATOR: Final = "kubernetes-admin"
"""Whose a cluster is: known by a certificate and by a token."""

USERS: Final[Mapping[str, str]] = {
    "informers": "system:kube-controller-manager",
    "default-scheduler": "system:kube-scheduler",
    "service-proxy": "system:kube-proxy",
    "cluster": "system:sampan",
    "ingress-controller": "system:sampan:ingress-controller",
    "plugins": "system:sampan",
    "volume-provisioner": "system:sampan:volume-provisioner",
}
"""Parts that are no controllers."""

ACCOUNTS: Final[Mapping[str, str]] = {
    "certificatesigningrequest-approving-controller": "certificate-controller",
    "certificatesigningrequest-cleaner-controller": "certificate-controller",
    "certificatesigningrequest-signing-controller": "certificate-controller",
    "daemonset-controller": "daemon-set-controller",
    "endpointslice-mirroring-controller": "endpointslicemirroring-controller",
    "garbage-collector-controller": "generic-garbage-collector",
    "node-lifecycle-controller": "node-controller",
    "persistentvolume-controller": "persistent-volume-binder",
    "persistentvolume-expander-controller": "expand-controller",
    "persistentvolume-protection-controller": "pv-protection-controller",
    "persistentvolumeclaim-protection-controller": "pvc-protection-controller",
    "pod-garbage-collector-controller": "pod-garbage-collector",
    "replicationcontroller-controller": "replication-controller",
    "root-ca-certificate-publisher-controller": "root-ca-cert-publisher",
    "service-cidr-controller": "service-cidrs-controller",
    "service-lb-controller": "service-controller",
    "serviceaccount-controller": "service-account-controller",
    "stale-pod-disruption-controller": "disruption-controller",
    "taint-eviction-controller": "node-controller",
}
"""Controllers whose account is not called as they are."""


def account_of(controller: str) -> str:
    return ACCOUNTS.get(controller, controller)


def component_user(name: str) -> User:
    """The user of a part that is called ``name``."""
    if name in USERS:
        return User(name=USERS[name], groups=(AUTHENTICATED,))
    account = f"{SERVICE_ACCOUNT}{SYSTEM}:{account_of(name)}"
    return User(name=account, groups=(*service_account_groups(SYSTEM), AUTHENTICATED))


def node_user(node: str) -> User:
    """A node agent."""
    return User(name=f"system:node:{node}", groups=(NODES, AUTHENTICATED))
