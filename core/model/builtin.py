"""The built-in kinds in one place: what most code imports, and what the registry is given at start-up.

>>> from sampan.core.model.builtin import BUILTIN_KINDS, Deployment, Pod
"""

from __future__ import annotations

from typing import Final

from sampan.core.model.admissionregistration_v1.mutating_admission_policy import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
)
from sampan.core.model.admissionregistration_v1.validating_admission_policy import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
)
from sampan.core.model.admissionregistration_v1.webhook_configuration import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.apiregistration_v1.api_service import APIService
from sampan.core.model.apps_v1.controller_revision import ControllerRevision
from sampan.core.model.apps_v1.daemon_set import DaemonSet
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.authentication_v1.self_subject_review import SelfSubjectReview
from sampan.core.model.authentication_v1.token_request import TokenRequest
from sampan.core.model.authentication_v1.token_review import TokenReview
from sampan.core.model.authorization_v1.self_subject_rules_review import SelfSubjectRulesReview
from sampan.core.model.authorization_v1.subject_access_review import (
    LocalSubjectAccessReview,
    SelfSubjectAccessReview,
    SubjectAccessReview,
)
from sampan.core.model.autoscaling_v1.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler as HorizontalPodAutoscalerV1,
)
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from sampan.core.model.batch_v1.cron_job import CronJob
from sampan.core.model.batch_v1.job import Job
from sampan.core.model.certificates_v1.certificate_signing_request import CertificateSigningRequest
from sampan.core.model.coordination_v1.lease import Lease
from sampan.core.model.core_v1.component_status import ComponentStatus
from sampan.core.model.core_v1.configuration import ConfigMap, Secret, ServiceAccount
from sampan.core.model.core_v1.endpoints import Endpoints
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.limit_range import LimitRange
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Binding, Pod, PodTemplate
from sampan.core.model.core_v1.replication_controller import ReplicationController
from sampan.core.model.core_v1.resource_quota import ResourceQuota
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.events_v1.event import Event as EventsEvent
from sampan.core.model.flowcontrol_v1.flow_schema import FlowSchema
from sampan.core.model.flowcontrol_v1.priority_level_configuration import PriorityLevelConfiguration
from sampan.core.model.kinds import KubeObject
from sampan.core.model.networking_v1.ingress import Ingress
from sampan.core.model.networking_v1.ingress_class import IngressClass
from sampan.core.model.networking_v1.ip_address import IPAddress
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.model.networking_v1.service_cidr import ServiceCIDR
from sampan.core.model.node_v1.runtime_class import RuntimeClass
from sampan.core.model.policy_v1.eviction import Eviction
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget
from sampan.core.model.rbac_v1.binding import ClusterRoleBinding, RoleBinding
from sampan.core.model.rbac_v1.role import ClusterRole, Role
from sampan.core.model.resource_v1.device_class import DeviceClass
from sampan.core.model.resource_v1.resource_claim import ResourceClaim
from sampan.core.model.resource_v1.resource_claim_template import ResourceClaimTemplate
from sampan.core.model.resource_v1.resource_slice import ResourceSlice
from sampan.core.model.scheduling_v1.priority_class import PriorityClass
from sampan.core.model.storage_v1.csi_driver import CSIDriver
from sampan.core.model.storage_v1.csi_node import CSINode
from sampan.core.model.storage_v1.csi_storage_capacity import CSIStorageCapacity
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.model.storage_v1.volume_attachment import VolumeAttachment
from sampan.core.model.storage_v1.volume_attributes_class import VolumeAttributesClass

BUILTIN_KINDS: Final[tuple[type[KubeObject], ...]] = (
    Binding,
    ComponentStatus,
    ConfigMap,
    Endpoints,
    Event,
    LimitRange,
    Namespace,
    Node,
    PersistentVolumeClaim,
    PersistentVolume,
    Pod,
    PodTemplate,
    ReplicationController,
    ResourceQuota,
    Secret,
    ServiceAccount,
    Service,
    ControllerRevision,
    DaemonSet,
    Deployment,
    ReplicaSet,
    StatefulSet,
    EventsEvent,
    SelfSubjectReview,
    TokenReview,
    LocalSubjectAccessReview,
    SelfSubjectAccessReview,
    SelfSubjectRulesReview,
    SubjectAccessReview,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerV1,
    CronJob,
    Job,
    CertificateSigningRequest,
    IngressClass,
    Ingress,
    IPAddress,
    NetworkPolicy,
    ServiceCIDR,
    PodDisruptionBudget,
    ClusterRoleBinding,
    ClusterRole,
    RoleBinding,
    Role,
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    StorageClass,
    VolumeAttachment,
    VolumeAttributesClass,
    CustomResourceDefinition,
    PriorityClass,
    Lease,
    RuntimeClass,
    EndpointSlice,
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
    DeviceClass,
    ResourceClaim,
    ResourceClaimTemplate,
    ResourceSlice,
    FlowSchema,
    PriorityLevelConfiguration,
    APIService,
)
"""The kinds that are served, in the order in which Kubernetes' discovery names them."""

SUBRESOURCE_KINDS: Final[tuple[type[KubeObject], ...]] = (
    Eviction,
    Scale,
    TokenRequest,
)
"""Kinds that are only the body of another kind's subresource (no verbs of their own)."""

__all__ = [
    "BUILTIN_KINDS",
    "SUBRESOURCE_KINDS",
    "Binding",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "ConfigMap",
    "ControllerRevision",
    "CronJob",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "DeviceClass",
    "EndpointSlice",
    "Endpoints",
    "Event",
    "EventsEvent",
    "Eviction",
    "FlowSchema",
    "HorizontalPodAutoscaler",
    "HorizontalPodAutoscalerV1",
    "IPAddress",
    "Ingress",
    "IngressClass",
    "Job",
    "Lease",
    "LimitRange",
    "LocalSubjectAccessReview",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "PodTemplate",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ReplicaSet",
    "ReplicationController",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceQuota",
    "ResourceSlice",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "Scale",
    "Secret",
    "SelfSubjectAccessReview",
    "SelfSubjectReview",
    "SelfSubjectRulesReview",
    "Service",
    "ServiceAccount",
    "ServiceCIDR",
    "StatefulSet",
    "StorageClass",
    "SubjectAccessReview",
    "TokenRequest",
    "TokenReview",
    "VolumeAttachment",
    "VolumeAttributesClass",
]
