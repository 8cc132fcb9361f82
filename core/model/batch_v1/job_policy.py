"""When a Job counts as failed or done before all its pods say so."""

from __future__ import annotations

from sampan.core.model.meta import model, wire


@model
class PodFailurePolicyOnExitCodesRequirement:
    """How a container ended."""

    container_name: str | None = wire(default=None, keep_zero=True)
    """The container whose exit code counts. Left out, any container's."""
    operator: str = wire(required=True, enum=("In", "NotIn"), emit="always")
    """``In`` if the code must be one of ``values``, ``NotIn`` if it must be none of them. Codes of 0 never count."""
    values: tuple[int, ...] = wire(format="int32", default=(), required=True, emit="null", list_type="set")
    """Exit codes in ascending order, each once; at least one, at most 255. With ``In`` none may be 0."""


@model
class PodFailurePolicyOnPodConditionsPattern:
    """A condition of the failed pod."""

    type: str = wire(required=True, emit="always")
    """The type of the condition, such as ``DisruptionTarget``."""
    status: str = wire(default="", emit="always")
    """The status that it must have. Defaults to ``True``."""


@model
class PodFailurePolicyRule:
    """What follows from one way to fail. Either exit codes or conditions are named."""

    action: str = wire(required=True, enum=("Count", "FailIndex", "FailJob", "Ignore"), emit="always")
    """``FailJob`` ends the Job, ``FailIndex`` the pod's index, ``Ignore`` does not count the failure, ``Count`` counts
    it as usual.
    """
    on_exit_codes: PodFailurePolicyOnExitCodesRequirement | None = None
    """Exit codes of the pod's containers that the rule is about."""
    on_pod_conditions: tuple[PodFailurePolicyOnPodConditionsPattern, ...] = wire(default=(), list_type="atomic")
    """Conditions of the pod that the rule is about; one that fits is enough. At most 20."""


@model
class PodFailurePolicy:
    """What follows from a pod's failure, depending on how it failed."""

    rules: tuple[PodFailurePolicyRule, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The rules, of which the first that fits counts. Where none does, the failure counts towards ``backoffLimit``. At
    most 20.
    """


@model
class SuccessPolicyRule:
    """When an indexed Job has succeeded. What is given must hold together."""

    succeeded_indexes: str | None = wire(default=None, keep_zero=True)
    """Indexes of which all, or ``succeededCount`` many, must have succeeded: numbers and ranges in ascending order,
    such as ``1,3-5``.
    """
    succeeded_count: int | None = wire(default=None, format="int32")
    """How many indexes must have succeeded, of all or of ``succeededIndexes``."""


@model
class SuccessPolicy:
    """When an indexed Job has succeeded though some pods have not."""

    rules: tuple[SuccessPolicyRule, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The rules, of which one that holds is enough. The remaining pods are ended then. At least one, at most 20."""
