"""The built-in scheduler: one pod at a time onto the best node, by filters and scores that are plugins themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sampan.core.registry import Registry
    from sampan.plugins.schedulers.profiles import SchedulerProfile


def register(registry: Registry, profiles: Sequence[SchedulerProfile] = ()) -> None:
    from sampan.plugins.schedulers import (
        affinity,
        images,
        inter_pod,
        node_name,
        ports,
        resources,
        spread,
        taints,
        topology,
        volumes,
    )
    from sampan.plugins.schedulers.default import DEFAULT_SCHEDULER, DefaultScheduler
    from sampan.plugins.schedulers.profiles import check_names

    check_names(profiles)
    for profile in profiles:
        registry.scheduler(profile.name, profile.make)
    if DEFAULT_SCHEDULER not in {profile.name for profile in profiles}:
        registry.scheduler(DEFAULT_SCHEDULER, DefaultScheduler)
    for plugin in (
        node_name.NodeName,
        taints.NodeUnschedulable,
        taints.TaintToleration,
        affinity.NodeAffinity,
        ports.NodePorts,
        volumes.VolumeRestrictions,
        volumes.VolumeBinding,
        resources.NodeResourcesFit,
        resources.NodeResourcesBalanced,
        images.ImageLocality,
        spread.PodSpread,
        topology.PodTopologySpread,
        inter_pod.InterPodAffinity,
    ):
        registry.scheduler_plugin(plugin.name, plugin)
