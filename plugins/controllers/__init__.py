"""The built-in controllers: pure decisions, run by `sampan.core.reconcile.engine`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampan.core.config import ClusterContext
    from sampan.core.contracts.controller import Controller
    from sampan.core.registry import Registry
    from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings


def register(registry: Registry, autoscaling: AutoscalerSettings) -> None:
    """Name them all; those that follow every kind or hand out the CA learn that from the cluster."""
    from sampan.plugins.controllers.apiextensions.cleanup import DefinitionCleanup
    from sampan.plugins.controllers.apiextensions.naming import DefinitionNaming
    from sampan.plugins.controllers.apps.daemon_set.controller import DaemonSetController
    from sampan.plugins.controllers.apps.deployment.controller import DeploymentController
    from sampan.plugins.controllers.apps.replica_set import ReplicaSetController
    from sampan.plugins.controllers.apps.stateful_set.controller import StatefulSetController
    from sampan.plugins.controllers.autoscaling.controller import HorizontalPodAutoscalerController
    from sampan.plugins.controllers.batch.cron_job import CronJobController
    from sampan.plugins.controllers.batch.job.controller import JobController
    from sampan.plugins.controllers.batch.ttl import TtlAfterFinishedController
    from sampan.plugins.controllers.core.endpoints.endpoints import EndpointsController
    from sampan.plugins.controllers.core.endpoints.mirroring import EndpointSliceMirroringController
    from sampan.plugins.controllers.core.endpoints.slices import EndpointSliceController
    from sampan.plugins.controllers.core.load_balancer import LoadBalancerController
    from sampan.plugins.controllers.core.namespace import NamespaceController
    from sampan.plugins.controllers.core.namespace_content import RootCaPublisher, ServiceAccountController
    from sampan.plugins.controllers.core.nodes.lifecycle import NodeLifecycleController
    from sampan.plugins.controllers.core.nodes.pod_gc import PodGarbageCollector
    from sampan.plugins.controllers.core.nodes.taint_eviction import TaintEvictionController
    from sampan.plugins.controllers.core.replication_controller import ReplicationControllerController
    from sampan.plugins.controllers.garbage_collector import GarbageCollector
    from sampan.plugins.controllers.networking.address_repair import AddressRepair
    from sampan.plugins.controllers.networking.service_cidrs import ServiceCidrController
    from sampan.plugins.controllers.policies.type_checking import PolicyTypeChecking
    from sampan.plugins.controllers.policy.disruption import DisruptionController
    from sampan.plugins.controllers.policy.stale_disruption import StaleDisruptionController
    from sampan.plugins.controllers.storage.binder import VolumeBinder
    from sampan.plugins.controllers.storage.ephemeral import EphemeralVolumeController
    from sampan.plugins.controllers.storage.protection import (
        AttributesClassProtection,
        ClaimProtection,
        VolumeProtection,
    )

    def root_ca(context: ClusterContext) -> Controller:
        return RootCaPublisher(context.ca_pem)

    def autoscaler(context: ClusterContext) -> Controller:
        providers = {part.name: part.make() for part in registry.metrics_providers}
        return HorizontalPodAutoscalerController(context.kinds, providers, autoscaling)

    def disruption(context: ClusterContext) -> Controller:
        return DisruptionController(context.kinds)

    plain: tuple[Callable[[], Controller], ...] = (
        ReplicationControllerController,
        ReplicaSetController,
        DeploymentController,
        EndpointsController,
        EndpointSliceController,
        EndpointSliceMirroringController,
        LoadBalancerController,
        ServiceAccountController,
        NodeLifecycleController,
        TaintEvictionController,
        PodGarbageCollector,
        StaleDisruptionController,
        DaemonSetController,
        StatefulSetController,
        JobController,
        TtlAfterFinishedController,
        CronJobController,
        DefinitionNaming,
        DefinitionCleanup,
        VolumeBinder,
        ClaimProtection,
        VolumeProtection,
        AttributesClassProtection,
        EphemeralVolumeController,
        ServiceCidrController,
        AddressRepair,
    )
    for make in plain:
        registry.controller(make().name, partial(_made, make))
    registry.controller(GarbageCollector.name, lambda context: GarbageCollector(context.kinds))
    registry.controller(PolicyTypeChecking.name, lambda context: PolicyTypeChecking(context.kinds))
    registry.controller(NamespaceController.name, lambda context: NamespaceController(context.kinds))
    registry.controller(RootCaPublisher.name, root_ca)
    registry.controller(HorizontalPodAutoscalerController.name, autoscaler)
    registry.controller(DisruptionController.name, disruption)


def _made(make: Callable[[], Controller], _context: ClusterContext) -> Controller:
    return make()
