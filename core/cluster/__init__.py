"""One process's cluster: the parts chosen, wired and started in order, and taken down again."""

from __future__ import annotations

from sampan.core.cluster.cluster import Cluster
from sampan.core.cluster.destroy import destroy_cluster
from sampan.core.cluster.parts import open_runtime

__all__ = ["Cluster", "destroy_cluster", "open_runtime"]
