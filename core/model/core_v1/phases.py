"""The phases of a pod that never change again. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase"""

from __future__ import annotations

from typing import Final

FINISHED: Final = ("Succeeded", "Failed")
"""All its containers have ended for good."""
