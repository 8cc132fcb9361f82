"""Make and start one container, from its image to its start. Blocking; in a worker thread.

Everything that can keep a container from starting ends as a `Problem` with Kubernetes' reason and message.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping

import attrs

from sampan.core.classes import define, frozen
from sampan.core.contracts.runtime import Image, ImageError, RuntimeFailure, Sandbox
from sampan.core.contracts.runtime_config import ContainerConfig, Security
from sampan.core.contracts.volume import PublishedVolume
from sampan.core.errors import NotFound
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import HostIP, Pod, PodIP
from sampan.core.model.meta import evolve
from sampan.core.model.quantity import value
from sampan.core.node.config.container_config import ConfigInput, container_config
from sampan.core.node.config.environment import ContainerConfigProblem, EnvironmentInput, Get, environment
from sampan.core.node.config.mounts import container_mounts
from sampan.core.node.decide.actions import Say
from sampan.core.node.decide.images import WantedImage, image_need, wanted_images
from sampan.core.node.decide.memory import Problem
from sampan.core.node.identity import node_uid
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_files import own_mounts


@frozen(kw_only=True)
class StartInput:
    pod: Pod
    container: Container
    attempt: int
    sandbox: Sandbox
    volumes: Mapping[str, PublishedVolume]
    services: Mapping[str, str]
    is_wanted: Callable[[], bool] = lambda: True
    """Whether it is still to be started: the pod may be deleted while the engine makes the container."""
    pulled: Collection[str] = ()
    """Images that have just been pulled for this attempt."""
    is_offline: Callable[[str], bool] = lambda _image: False
    """Whether an image's registry could not be reached a moment ago: one that is there will do."""


@define(kw_only=True)
class StartOutcome:
    container_id: str = ""
    asked: bool = False
    """It has been told to start."""
    needs_pull: WantedImage | None = None
    """One that must be pulled first: then it is tried again."""
    dropped: bool = False
    """The pod is to end: the container may have been made, and was not started."""
    problem: Problem | None = None
    start_failure: str = ""
    said: list[Say] = attrs.field(factory=list)


class ContainerStarter:
    def __init__(self, parts: NodeParts, get: Get, allocatable: Mapping[str, str]) -> None:
        self._parts = parts
        self._get = get
        self._allocatable = allocatable

    def start(self, given: StartInput) -> StartOutcome:
        outcome = StartOutcome()
        name = given.container.name
        try:
            image = self._images(given, outcome)
            if outcome.needs_pull is not None:
                return outcome
            config = self._config(given, image)
            _check_profile(config.security)
            if not given.is_wanted():
                outcome.dropped = True
                return outcome
        except ImageError as exc:
            return self._failed(outcome, name, Problem(exc.reason, str(exc)))
        except ContainerConfigProblem as exc:
            return self._failed(outcome, name, Problem("CreateContainerConfigError", str(exc)))
        try:
            outcome.container_id = self._parts.runtime.create_container(given.sandbox, config)
        except (RuntimeFailure, NotFound) as exc:
            return self._failed(outcome, name, Problem("CreateContainerError", str(exc)))
        outcome.said.append(Say("Created", "Container created", "Normal", name))
        if not given.is_wanted():
            outcome.dropped = True
            return outcome
        try:
            outcome.asked = True
            self._parts.runtime.start_container(outcome.container_id)
        except (RuntimeFailure, NotFound) as exc:
            outcome.start_failure = str(exc)
            return self._failed(outcome, name, Problem("RunContainerError", str(exc)))
        outcome.said.append(Say("Started", "Container started", "Normal", name))
        self._parts.hook("sampan_container_started", pod=given.pod, container=name, container_id=outcome.container_id)
        return outcome

    def _images(self, given: StartInput, outcome: StartOutcome) -> Image | None:
        """See that all are there that it needs, one after the other; returns its own. Raises `ImageError`."""
        image = None
        for wanted in wanted_images(given.pod, given.container):
            image = self._image(wanted, given, outcome)
            if outcome.needs_pull is not None:
                outcome.said.clear()  # of those before it is told when all are there
                return None
        return image

    def _image(self, wanted: WantedImage, given: StartInput, outcome: StartOutcome) -> Image | None:
        runtime, name = self._parts.runtime, wanted.reference
        image = runtime.image(name)
        content = name in given.pulled or given.is_offline(name)
        pulls = runtime.capabilities().pulls_images and not (content and image)
        try:
            need = image_need(wanted, image, pulls=pulls)
        except ImageError as exc:
            outcome.said.append(Say(exc.reason, str(exc), "Warning", wanted.container))
            raise
        if need == "pull":
            outcome.needs_pull = wanted
        elif name not in given.pulled:
            message = f'Container image "{name}" already present on machine and can be accessed by the pod'
            outcome.said.append(Say("Pulled", message, "Normal", wanted.container))
        return image

    def _config(self, given: StartInput, image: Image | None) -> ContainerConfig:
        settings, container = self._parts.settings, given.container
        pod = _with_addresses(given.pod, given.sandbox, settings.ips)
        env = environment(
            EnvironmentInput(
                pod=pod,
                container=container,
                services=given.services,
                allocatable=self._allocatable,
                get=self._get,
                volumes=given.volumes,
            )
        )
        mounts = container_mounts(container, given.volumes, env)
        if any(each.image for each in mounts) and not self._parts.runtime.capabilities().mounts_images:
            raise ContainerConfigProblem("this node's runtime mounts no images as volumes")
        if self._parts.runtime.capabilities().real_processes:
            pod_dir = settings.pod_dir(node_uid(pod))
            mounts += own_mounts(pod, container, given.attempt, pod_dir, mounts)
        config = container_config(
            ConfigInput(
                pod=pod,
                container=container,
                attempt=given.attempt,
                image=image,
                env=env,
                mounts=mounts,
                cluster=settings.cluster,
                node=settings.name,
                seccomp_folder=settings.data_dir / "seccomp",
                memory_capacity=value(self._allocatable.get("memory", "0")),
            )
        )
        plugins = self._parts.plugins
        if plugins is not None and plugins.has("sampan_container_creating"):
            changed: ContainerConfig = plugins.pipe(
                "sampan_container_creating", "config", config, pod=pod, container=container.name
            )
            return changed
        return config

    def _failed(self, outcome: StartOutcome, name: str, problem: Problem) -> StartOutcome:
        words = problem.reason if problem.reason.startswith(("ErrImage", "InvalidImage")) else problem.message
        outcome.said.append(Say("Failed", f"Error: {words}", "Warning", name))
        outcome.problem = problem
        return outcome


def _check_profile(security: Security) -> None:
    """Raises `ContainerConfigProblem` for a seccomp profile that is not there."""
    if security.seccomp == "Localhost" and not os.path.isfile(security.seccomp_file):
        raise ContainerConfigProblem(
            f'cannot load seccomp profile "{security.seccomp_file}": no such file; put it there, on the node'
        )


def _with_addresses(pod: Pod, sandbox: Sandbox, host_ips: tuple[str, ...]) -> Pod:
    """The pod as its containers may see it: the addresses are there before the API knows them."""
    ips = sandbox.ips or (host_ips if pod.spec.host_network else ())
    status = evolve(
        pod.status,
        host_ip=next(iter(host_ips), None),
        host_ips=tuple(HostIP(ip=each) for each in host_ips),
        pod_ip=next(iter(ips), None),
        pod_ips=tuple(PodIP(ip=each) for each in ips),
    )
    return evolve(pod, status=status)
