"""What is changed or refused on the way in: the built-in admission plugins.

Those that kube-apiserver runs unasked run here unasked, and NodeRestriction with them, without which the Node authorizer
would be half a wall.
"""

from __future__ import annotations

from sampan.core.registry import Registry
from sampan.plugins.admission.always_pull import AlwaysPullImages
from sampan.plugins.admission.default_classes import DefaultIngressClass, DefaultStorageClass
from sampan.plugins.admission.default_tolerations import DefaultTolerationSeconds
from sampan.plugins.admission.event_rate_limit import EventRateLimit
from sampan.plugins.admission.extensions.mutating_policies import MutatingPolicies
from sampan.plugins.admission.extensions.validating_policies import ValidatingPolicies
from sampan.plugins.admission.extensions.webhooks import MutatingWebhooks, ValidatingWebhooks
from sampan.plugins.admission.limit_ranger import LimitRanger
from sampan.plugins.admission.namespace_lifecycle import NamespaceLifecycle
from sampan.plugins.admission.node_restriction import NodeRestriction
from sampan.plugins.admission.owner_references import OwnerReferencesPermissionEnforcement
from sampan.plugins.admission.pod_resize import PodResizeValidator
from sampan.plugins.admission.priority import Priority
from sampan.plugins.admission.runtime_class import RuntimeClassAdmission
from sampan.plugins.admission.service_account import ServiceAccountAdmission
from sampan.plugins.admission.services import DenyServiceExternalIPs
from sampan.plugins.admission.storage import ClaimResize, StorageObjectInUseProtection
from sampan.plugins.admission.taint_nodes import TaintNodesByCondition
from sampan.plugins.admission.topology_labels import PodTopologyLabels


def register(registry: Registry) -> None:
    registry.admission("NamespaceLifecycle", lambda context: NamespaceLifecycle())
    registry.admission("ServiceAccount", lambda context: ServiceAccountAdmission())
    registry.admission("DefaultTolerationSeconds", lambda context: DefaultTolerationSeconds())
    registry.admission("Priority", lambda context: Priority())
    registry.admission("RuntimeClass", lambda context: RuntimeClassAdmission())
    registry.admission("LimitRanger", lambda context: LimitRanger())
    registry.admission("StorageObjectInUseProtection", lambda context: StorageObjectInUseProtection())
    registry.admission("DefaultStorageClass", lambda context: DefaultStorageClass())
    registry.admission("DefaultIngressClass", lambda context: DefaultIngressClass())
    registry.admission("PersistentVolumeClaimResize", lambda context: ClaimResize())
    registry.admission("PodResizeValidator", lambda context: PodResizeValidator())
    registry.admission("NodeRestriction", lambda context: NodeRestriction())
    registry.admission("PodTopologyLabels", lambda context: PodTopologyLabels())
    registry.admission("MutatingAdmissionWebhook", MutatingWebhooks)
    registry.admission("ValidatingAdmissionWebhook", ValidatingWebhooks)
    registry.admission("MutatingAdmissionPolicy", MutatingPolicies)
    registry.admission("ValidatingAdmissionPolicy", ValidatingPolicies)
    registry.admission("TaintNodesByCondition", lambda context: TaintNodesByCondition())
    for name, make in (
        (AlwaysPullImages.name, lambda context: AlwaysPullImages()),
        (DenyServiceExternalIPs.name, lambda context: DenyServiceExternalIPs()),
        (EventRateLimit.name, EventRateLimit.of),
        (
            OwnerReferencesPermissionEnforcement.name,
            lambda context: OwnerReferencesPermissionEnforcement(context.authorizer),
        ),
    ):
        registry.admission(name, make, unless_asked="off")
