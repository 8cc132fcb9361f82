"""One process's part of a cluster: chosen, wired and started in order, and taken down again."""

from __future__ import annotations

from sampan.core.cluster.cluster import Cluster
from sampan.core.cluster.destroy import destroy_cluster
from sampan.core.cluster.here import open_runtimes
from sampan.core.cluster.joined import JoinedNode

__all__ = ["Cluster", "JoinedNode", "destroy_cluster", "open_runtimes"]
