"""The Docker SDK's errors as the contract's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors

from sampan.core.contracts.runtime import ImageError, RuntimeFailure
from sampan.core.errors import NotFound
from sampan.runtimes.engine.errors import UNANSWERED, one_line


@contextmanager
def translated(*, gone_is_fine: bool = False) -> Iterator[None]:
    """Raise the contract's errors in place of the SDK's; with ``gone_is_fine`` a missing container is no error."""
    try:
        yield
    except docker.errors.ImageNotFound as exc:
        raise ImageError(_words(exc)) from exc
    except docker.errors.NotFound as exc:
        if not gone_is_fine:
            raise NotFound(_words(exc)) from exc
    except docker.errors.APIError as exc:
        raise RuntimeFailure(_words(exc)) from exc
    except (docker.errors.DockerException, docker.errors.StreamParseError, *UNANSWERED) as exc:
        raise RuntimeFailure(f"Docker does not answer: {one_line(str(exc))}") from exc


def _words(exc: docker.errors.APIError) -> str:
    return str(exc.explanation or exc)
