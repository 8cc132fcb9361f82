"""Contract suites of decisions and gates, on what there is: sampan's own parts, and the templates for authors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sampan.cli.templates import admission, controller, scheduler, score
from sampan.core.contracts.access import Admission, Authorizer
from sampan.core.contracts.bases import AuthenticatorBase, AuthorizerBase
from sampan.core.contracts.controller import Controller
from sampan.core.contracts.scheduler import Scheduler
from sampan.core.contracts.scheduler_plugin import SchedulerPlugin
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.plugins import load_plugins
from sampan.core.schema.codec import from_wire
from sampan.core.testing.access_contracts import AdmissionContract, AuthenticatorContract, AuthorizerContract
from sampan.core.testing.decision_contracts import ControllerContract, SchedulerContract, SchedulerPluginContract
from sampan.core.testing.traffic import Traffic

POD = {"spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}}


class TestDefaultScheduler(SchedulerContract):
    def make(self) -> Scheduler:
        registry = load_plugins().registry
        concerns = [part.make() for part in registry.scheduler_plugins]
        return registry.schedulers.find("default-scheduler").make(concerns)


class TestTemplateScheduler(SchedulerContract):
    def make(self) -> Scheduler:
        return scheduler.Ferry([])


class TestTemplateScore(SchedulerPluginContract):
    def make(self) -> SchedulerPlugin:
        return score.Ferry()

    def pod(self) -> Pod:
        return from_wire(Pod, {**POD, "metadata": {"name": "web", "labels": {"ferry": "only"}}})

    def nodes(self) -> Sequence[Node]:
        return [
            from_wire(Node, {"metadata": {"name": "a"}}),
            from_wire(Node, {"metadata": {"name": "b", "labels": {"ferry": ""}}}),
        ]


class TestTemplateController(ControllerContract):
    def make(self) -> Controller:
        return controller.Ferry()

    def stories(self) -> Sequence[Sequence[KubeObject]]:
        metadata = {"name": "settings", "namespace": "default", "uid": "u", "labels": {"ferry": "copy"}}
        return ([from_wire(ConfigMap, {"metadata": metadata, "data": {"a": "b"}})],)


class TestTemplateAdmission(AdmissionContract):
    def make(self) -> Admission:
        return admission.Ferry()


class TestBaseAuthenticator(AuthenticatorContract):
    def make(self) -> Any:
        return AuthenticatorBase()


class TestBaseAuthorizer(AuthorizerContract):
    def make(self) -> Authorizer:
        return AuthorizerBase()


class TestTraffic(AuthorizerContract):
    def make(self) -> Authorizer:
        return Traffic()
