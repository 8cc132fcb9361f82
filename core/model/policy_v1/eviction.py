"""Eviction: the body of a pod's ``eviction`` subresource."""

from __future__ import annotations

from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.meta import model
from sampan.core.model.meta_v1.status import DeleteOptions


@kind("policy/v1", plural="evictions", verbs=())
@model
class Eviction(KubeObject):
    """A wish to delete a pod that its disruption budgets may refuse."""

    delete_options: DeleteOptions | None = None
    """How the pod is deleted if the eviction is allowed: grace period, preconditions, dry run."""
