"""What is changed or refused on the way in: the built-in admission plugins."""

from __future__ import annotations

from sampan.core.registry import Registry
from sampan.plugins.admission.default_classes import DefaultIngressClass, DefaultStorageClass
from sampan.plugins.admission.default_tolerations import DefaultTolerationSeconds
from sampan.plugins.admission.extensions.mutating_policies import MutatingPolicies
from sampan.plugins.admission.extensions.validating_policies import ValidatingPolicies
from sampan.plugins.admission.extensions.webhooks import MutatingWebhooks, ValidatingWebhooks
from sampan.plugins.admission.limit_ranger import LimitRanger
from sampan.plugins.admission.namespace_lifecycle import NamespaceLifecycle
from sampan.plugins.admission.node_restriction import NodeRestriction
from sampan.plugins.admission.pod_resize import PodResizeValidator
from sampan.plugins.admission.priority import Priority
from sampan.plugins.admission.runtime_class import RuntimeClassAdmission
from sampan.plugins.admission.service_account import ServiceAccountAdmission
from sampan.plugins.admission.storage import ClaimResize, StorageObjectInUseProtection
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
