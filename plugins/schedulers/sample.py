"""How many feasible nodes are enough to choose from: all of a small cluster, a share of a large one.

https://kubernetes.io/docs/concepts/scheduling-eviction/scheduler-perf-tuning/
"""

from __future__ import annotations

SMALL = 100
"""Nodes of which all are looked at."""
LEAST_SHARE = 5  # per cent


def nodes_to_find(nodes: int) -> int:
    """The share falls from 50 % to 5 % as the cluster grows, and is never below `SMALL` nodes."""
    if nodes <= SMALL:
        return nodes
    share = max(50 - nodes // 125, LEAST_SHARE)
    return max(nodes * share // 100, SMALL)
