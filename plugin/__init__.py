"""What a plugin imports, in one flat module: ``from sampan.plugin import hookimpl, Registry, …``.

- **to be found**: `hookimpl` marks the functions of a plugin, `Registry` is what ``sampan_register`` is given;
- **bases** for every part, with defaults that do no harm: `ControllerBase`, `SchedulerPluginBase`, `AdmissionBase` …;
- **data** that the parts' methods take and return: `Plan` and its actions, `Refusal`, `User`, `VolumeContext` …;
- **kinds**: `kind`, `model`, `wire` and `Column` make one out of a class; the built-in ones most needed are here too;
- **errors**, and small help: `owner_reference`, `covers` (is an object as wanted?), `evolve`, `value` (of a quantity),
  `from_wire` and `to_wire`.

Objects are named in one order everywhere: kind, namespace, name. What is here stays; the modules it comes from may move.
"""

from __future__ import annotations

from sampan.core.config import ClusterContext
from sampan.core.contracts.access import (
    AccessContext,
    Admission,
    AdmissionRequest,
    Attributes,
    Authenticator,
    Authorizer,
    Credentials,
    Decision,
    User,
)
from sampan.core.contracts.balancer import Balancer
from sampan.core.contracts.bases import (
    AdmissionBase,
    AuthenticatorBase,
    AuthorizerBase,
    BalancerBase,
    ControllerBase,
    CsiDriverBase,
    ProxyBase,
    VolumeDriverBase,
    covers,
    owner_reference,
)
from sampan.core.contracts.controller import Controller, Key, Lister, Watch, own_key
from sampan.core.contracts.csi import (
    CsiDriver,
    CsiMade,
    CsiRequest,
    CsiSettings,
    ProvisioningCsiDriver,
    StagingCsiDriver,
)
from sampan.core.contracts.groundwork import Wire
from sampan.core.contracts.plan import NOTHING, Bind, Create, Delete, Emit, InThread, Patch, Plan, Update
from sampan.core.contracts.provisioner import ProvisioningFailure, ProvisionRequest
from sampan.core.contracts.proxy import ChangingProxy, Endpoint, Proxy, ProxyReport, ProxySettings, ServicePort
from sampan.core.contracts.runtime import ImageError, Runtime, RuntimeFailure, RuntimeSettings
from sampan.core.contracts.runtime_config import ContainerConfig
from sampan.core.contracts.scheduler import ClusterState, NodeState, Placed, Refusal, Scheduler, Unschedulable, Wait
from sampan.core.contracts.scheduler_plugin import SchedulerPlugin, SchedulerPluginBase
from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeDriver, VolumeFailure
from sampan.core.errors import (
    AlreadyExists,
    Cause,
    ConfigError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Permanent,
    Retry,
    SampanError,
)
from sampan.core.hooks import hookimpl
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.core_v1.configuration import ConfigMap, Secret
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.model.kinds import Column, KubeObject, kind
from sampan.core.model.meta import evolve, model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.quantity import value
from sampan.core.model.storage_v1.csi_driver import CSIDriverSpec
from sampan.core.registry import Registry
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.store.contract import Store

__all__ = [
    "NOTHING",
    "AccessContext",
    "Admission",
    "AdmissionBase",
    "AdmissionRequest",
    "AlreadyExists",
    "Attributes",
    "Authenticator",
    "AuthenticatorBase",
    "Authorizer",
    "AuthorizerBase",
    "Balancer",
    "BalancerBase",
    "Bind",
    "CSIDriverSpec",
    "Cause",
    "ChangingProxy",
    "ClusterContext",
    "ClusterState",
    "Column",
    "ConfigError",
    "ConfigMap",
    "Conflict",
    "ContainerConfig",
    "Controller",
    "ControllerBase",
    "Create",
    "Credentials",
    "CsiDriver",
    "CsiDriverBase",
    "CsiMade",
    "CsiRequest",
    "CsiSettings",
    "Decision",
    "Delete",
    "Deployment",
    "Emit",
    "Endpoint",
    "Forbidden",
    "ImageError",
    "InThread",
    "Invalid",
    "Key",
    "KubeObject",
    "Lister",
    "Namespace",
    "Node",
    "NodeState",
    "NotFound",
    "ObjectMeta",
    "OwnerReference",
    "Patch",
    "Permanent",
    "Placed",
    "Plan",
    "Pod",
    "ProvisionRequest",
    "ProvisioningCsiDriver",
    "ProvisioningFailure",
    "Proxy",
    "ProxyBase",
    "ProxyReport",
    "ProxySettings",
    "PublishedVolume",
    "Refusal",
    "Registry",
    "Retry",
    "Runtime",
    "RuntimeFailure",
    "RuntimeSettings",
    "SampanError",
    "Scheduler",
    "SchedulerPlugin",
    "SchedulerPluginBase",
    "Secret",
    "Service",
    "ServicePort",
    "StagingCsiDriver",
    "Store",
    "Unschedulable",
    "Update",
    "User",
    "VolumeContext",
    "VolumeDriver",
    "VolumeDriverBase",
    "VolumeFailure",
    "Wait",
    "Watch",
    "Wire",
    "covers",
    "evolve",
    "from_wire",
    "hookimpl",
    "kind",
    "model",
    "own_key",
    "owner_reference",
    "to_wire",
    "value",
    "wire",
]
