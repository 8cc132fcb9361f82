"""What every namespace is given: the ServiceAccount ``default`` and the ConfigMap with the cluster's CA. Pure.

https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Create, Plan, Update
from sampan.core.model.core_v1.configuration import ConfigMap, ServiceAccount
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta

DEFAULT_ACCOUNT = "default"
ROOT_CA = "kube-root-ca.crt"
DESCRIPTION = "kubernetes.io/description"
ABOUT_CA = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal"
    " service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
)


def _is_living(state: Lister, name: str) -> bool:
    namespace = state.get(Namespace, "", name)
    return namespace is not None and namespace.metadata.deletion_timestamp is None


def keys_of_account(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    if obj.metadata.name == DEFAULT_ACCOUNT:
        yield Key("", obj.metadata.namespace or "")


def keys_of_ca(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    if obj.metadata.name == ROOT_CA:
        yield Key("", obj.metadata.namespace or "")


class ServiceAccountController:
    name = "serviceaccount-controller"
    watches: Sequence[Watch] = (
        Watch(kind=Namespace, keys=own_key),
        Watch(kind=ServiceAccount, keys=keys_of_account),
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        if not _is_living(state, key.name) or state.get(ServiceAccount, key.name, DEFAULT_ACCOUNT) is not None:
            return NOTHING
        account = ServiceAccount(metadata=ObjectMeta(name=DEFAULT_ACCOUNT, namespace=key.name))
        return Plan(actions=(Create(obj=account, ignore_exists=True),))


class RootCaPublisher:
    """``ca_pem`` is what clients in pods should trust."""

    name = "root-ca-certificate-publisher-controller"
    watches: Sequence[Watch] = (Watch(kind=Namespace, keys=own_key), Watch(kind=ConfigMap, keys=keys_of_ca))

    def __init__(self, ca_pem: str) -> None:
        self._data = {"ca.crt": ca_pem}

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        if not _is_living(state, key.name):
            return NOTHING
        present = state.get(ConfigMap, key.name, ROOT_CA)
        if present is None:
            metadata = ObjectMeta(name=ROOT_CA, namespace=key.name, annotations={DESCRIPTION: ABOUT_CA})
            return Plan(actions=(Create(obj=ConfigMap(metadata=metadata, data=self._data), ignore_exists=True),))
        annotations = {**present.metadata.annotations, DESCRIPTION: ABOUT_CA}
        if present.data == self._data and present.metadata.annotations == annotations:
            return NOTHING
        mended = evolve(present, data=self._data, metadata=evolve(present.metadata, annotations=annotations))
        return Plan(actions=(Update(obj=mended),))
