"""What may be set about autoscaling, with the defaults of kube-controller-manager's ``--horizontal-pod-autoscaler-…``."""

from __future__ import annotations

from sampan.core.classes import frozen


@frozen(kw_only=True)
class AutoscalerSettings:
    sync_period: float = 15.0
    """Seconds between two looks at an autoscaler."""
    downscale_stabilization: float = 300.0
    """Seconds for which the highest advice holds, where an autoscaler does not say so itself."""
    tolerance: float = 0.1
    """How far a metric may be off its target before anything changes, where an autoscaler does not say so itself."""
    cpu_initialization_period: float = 300.0
    """Seconds after its start in which a pod's CPU counts only while it is ready, and measured since."""
    initial_readiness_delay: float = 30.0
    """Seconds after its start in which a pod that becomes unready counts as one that was never ready."""
