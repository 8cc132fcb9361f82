"""From any measure of how well nodes suit to points from 0 to 100, in the ways that Kubernetes' plugins use."""

from __future__ import annotations

from collections.abc import Sequence

FULL = 100.0


def more_is_better(scores: Sequence[float]) -> list[float]:
    """The highest gets all points, the others their share; none where all are 0."""
    most = max(scores, default=0.0)
    return [FULL * score / most if most else 0.0 for score in scores]


def less_is_better(scores: Sequence[float]) -> list[float]:
    """The highest gets none; all of them where all are 0."""
    most = max(scores, default=0.0)
    return [FULL * (1 - score / most) if most else FULL for score in scores]


def between_extremes(scores: Sequence[float]) -> list[float]:
    """The lowest gets none and the highest all; none where they are alike."""
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return [FULL * (score - low) / (high - low) if high > low else 0.0 for score in scores]
