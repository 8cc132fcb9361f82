"""What the environment of a container is made of, and the references in it."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.errors import Permanent
from sampan.core.model.core_v1.configuration import ConfigMap, Secret
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.environment import ConfigMapEnvSource, EnvFromSource, EnvVar, EnvVarSource
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.references import (
    ConfigMapKeySelector,
    ObjectFieldSelector,
    ResourceFieldSelector,
    SecretKeySelector,
)
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.core_v1.service import Service, ServicePort, ServiceSpec
from sampan.core.model.meta import Quantity
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.config.environment import ContainerConfigProblem, EnvironmentInput, environment
from sampan.core.node.config.expansion import expand
from sampan.core.node.config.fields import field_value
from sampan.core.node.config.service_env import service_env

META = ObjectMeta(name="web", namespace="default", uid="u1", labels={"app": "web"})
POD = Pod(metadata=META, spec=PodSpec(node_name="n1"), status=PodStatus(pod_ip="10.0.0.1", host_ip="192.0.2.9"))
CONFIG = ConfigMap(metadata=ObjectMeta(name="config", namespace="default"), data={"colour": "blue", "size": "4"})
SECRET = Secret(metadata=ObjectMeta(name="secret", namespace="default"), data={"key": b"s3cret"})
OBJECTS: dict[Any, Any] = {(type(each), *each.key): each for each in (CONFIG, SECRET)}


def env_of(container: Container, services: dict[str, str] | None = None) -> dict[str, str]:
    return environment(
        EnvironmentInput(
            pod=POD,
            container=container,
            services=services or {},
            allocatable={"memory": "1Gi"},
            get=lambda kind, namespace, name: OBJECTS.get((kind, namespace, name)),
        )
    )


def variable(name: str, **source: Any) -> EnvVar:
    return EnvVar(name=name, value_from=EnvVarSource(**source))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)-$(B)", "1-2"),
        ("$$(A)", "$(A)"),
        ("$(C)", "$(C)"),
        ("$A $ $(", "$A $ $("),
        ("$$$(A)$$", "$1$"),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expected


def test_an_environment_comes_from_everywhere() -> None:
    container = Container(
        name="main",
        resources=ResourceRequirements(requests={"cpu": Quantity("250m")}),
        env_from=(EnvFromSource(prefix="C_", config_map_ref=ConfigMapEnvSource(name="config")),),
        env=(
            variable("IP", field_ref=ObjectFieldSelector(field_path="status.podIP")),
            variable("APP", field_ref=ObjectFieldSelector(field_path="metadata.labels['app']")),
            variable("CPU", resource_field_ref=ResourceFieldSelector(resource="requests.cpu", divisor=Quantity("1m"))),
            variable("MEMORY", resource_field_ref=ResourceFieldSelector(resource="limits.memory")),
            variable("COLOUR", config_map_key_ref=ConfigMapKeySelector(name="config", key="colour")),
            variable("KEY", secret_key_ref=SecretKeySelector(name="secret", key="key")),
            variable("NONE", secret_key_ref=SecretKeySelector(name="no", key="key", optional=True)),
            EnvVar(name="URL", value="http://$(IP):$(WEB_PORT)/$(NOBODY)"),
        ),
    )
    assert env_of(container, {"WEB_PORT": "80", "IP": "hidden"}) == {
        "C_colour": "blue",
        "C_size": "4",
        "IP": "10.0.0.1",
        "APP": "web",
        "CPU": "250",
        "MEMORY": str(1 << 30),
        "COLOUR": "blue",
        "KEY": "s3cret",
        "URL": "http://10.0.0.1:80/$(NOBODY)",
        "WEB_PORT": "80",
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"config_map_key_ref": ConfigMapKeySelector(name="no", key="k")}, 'configmap "no" not found'),
        ({"secret_key_ref": SecretKeySelector(name="no", key="k")}, 'secret "no" not found'),
        (
            {"config_map_key_ref": ConfigMapKeySelector(name="config", key="k")},
            "couldn't find key k in ConfigMap default/config",
        ),
    ],
)
def test_what_is_missing_is_named(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ContainerConfigProblem, match=f"^{message}$"):
        env_of(Container(name="main", env=(variable("X", **source),)))


def test_fields_that_do_not_exist_are_refused() -> None:
    with pytest.raises(Permanent, match=r"field label not supported: spec\.x"):
        field_value(POD, "spec.x")


def service(name: str, ip: str = "10.96.0.7", namespace: str = "default", *ports: ServicePort) -> Service:
    ports = ports or (ServicePort(port=80, protocol="TCP"),)
    return Service(metadata=ObjectMeta(name=name, namespace=namespace), spec=ServiceSpec(cluster_ip=ip, ports=ports))


def test_services_are_named_in_the_environment() -> None:
    named = (ServicePort(name="http", port=80, protocol="TCP"), ServicePort(name="dns", port=53, protocol="UDP"))
    assert service_env([service("my-web", "10.96.0.7", "default", *named)], "default", links=True) == {
        "MY_WEB_SERVICE_HOST": "10.96.0.7",
        "MY_WEB_SERVICE_PORT": "80",
        "MY_WEB_SERVICE_PORT_HTTP": "80",
        "MY_WEB_SERVICE_PORT_DNS": "53",
        "MY_WEB_PORT": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP_PROTO": "tcp",
        "MY_WEB_PORT_80_TCP_PORT": "80",
        "MY_WEB_PORT_80_TCP_ADDR": "10.96.0.7",
        "MY_WEB_PORT_53_UDP": "udp://10.96.0.7:53",
        "MY_WEB_PORT_53_UDP_PROTO": "udp",
        "MY_WEB_PORT_53_UDP_PORT": "53",
        "MY_WEB_PORT_53_UDP_ADDR": "10.96.0.7",
    }


def test_headless_and_foreign_services_are_not_named_but_the_api_server_always_is() -> None:
    services = [service("headless", "None"), service("far", namespace="other"), service("kubernetes", "10.96.0.1")]
    for links in (True, False):
        env = service_env(services, "mine", links=links)
        assert {key for key in env if key.endswith("_SERVICE_HOST")} == {"KUBERNETES_SERVICE_HOST"}
