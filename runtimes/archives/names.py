"""Image names as Docker reads them: ``nginx`` is ``docker.io/library/nginx:latest``."""

from __future__ import annotations

DEFAULT_REGISTRY = "docker.io"


def normalised(name: str) -> str:
    """With registry, path and tag (or digest) all said."""
    rest, at, digest = name.partition("@")
    registry, slash, path = rest.partition("/")
    if not slash or not _is_registry(registry):
        registry, path = DEFAULT_REGISTRY, rest
    if registry in ("index.docker.io", "registry-1.docker.io"):
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"library/{path}"
    if at:
        return f"{registry}/{path.partition(':')[0]}@{digest}"
    return f"{registry}/{path}" if ":" in path else f"{registry}/{path}:latest"


def candidates(name: str) -> list[str]:
    """What a name may mean, the likeliest first: Podman saves its own images below ``localhost/``."""
    names = [normalised(name)]
    registry, slash, _ = name.partition("/")
    if not slash or not _is_registry(registry):
        names.append(normalised(f"localhost/{name}"))
    return names


def _is_registry(part: str) -> bool:
    return "." in part or ":" in part or part == "localhost"
