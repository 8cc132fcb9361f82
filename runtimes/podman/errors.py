"""The Podman SDK's errors as the contract's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import podman.errors

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.errors import NotFound
from sampan.runtimes.engine.errors import UNANSWERED, one_line


@contextmanager
def translated() -> Iterator[None]:
    """Raise the contract's errors in place of the SDK's."""
    try:
        yield
    except podman.errors.NotFound as exc:
        raise NotFound(one_line(str(exc.explanation or exc))) from exc
    except podman.errors.APIError as exc:
        raise RuntimeFailure(one_line(str(exc.explanation or exc))) from exc
    except (podman.errors.PodmanError, *UNANSWERED) as exc:
        raise RuntimeFailure(f"Podman does not answer: {one_line(str(exc))}") from exc
