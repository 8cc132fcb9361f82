"""Which objects a command is about: ``pods``, ``pods,svc``, ``pod web db``, ``pod/web svc/web``, ``all``, or files."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.cli.manifests import Manifest, check_identity
from sampan.cli.resources import Resource, Resources
from sampan.cli.session import Session
from sampan.core.classes import frozen
from sampan.core.errors import ConfigError


@frozen
class Target:
    """A kind, and one object of it; without a name all of them, in ``namespace`` (empty: all namespaces)."""

    resource: Resource
    name: str
    namespace: str
    source: str = ""
    """The file that named it."""

    @property
    def path(self) -> str:
        return self.resource.path(self.namespace, self.name)

    @property
    def reference(self) -> str:
        return self.resource.reference(self.name)


def targets_of(resources: Resources, arguments: Sequence[str], namespace: str) -> list[Target]:
    """Raises `ConfigError` in kubectl's words for arguments that do not fit together."""
    if any("/" in argument for argument in arguments):
        return [_slashed(resources, argument, namespace) for argument in arguments]
    words, names = arguments[0].split(","), arguments[1:]
    kinds = [kind for word in words for kind in _kinds(resources, word)]
    return [Target(kind, name, namespace) for kind in dict.fromkeys(kinds) for name in names or ("",)]


def _slashed(resources: Resources, argument: str, namespace: str) -> Target:
    word, slash, name = argument.partition("/")
    if not slash:
        raise ConfigError(
            "there is no need to specify a resource type as a separate argument when passing arguments in"
            " resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of"
            " 'kubectl get resource resource/<resource_name>'"
        )
    if not word or not name or "/" in name or "," in word:
        raise ConfigError("arguments in resource/name form must have a single resource and name")
    return Target(resources.find(word), name, namespace)


def _kinds(resources: Resources, word: str) -> list[Resource]:
    return resources.category(word) or [resources.find(word)]


def one_target(session: Session, arguments: Sequence[str]) -> Target:
    """Exactly one named object: ``deployment web`` or ``deployment/web``."""
    if len(arguments) == 2 and "/" not in "".join(arguments):
        return Target(session.resources.find(arguments[0]), arguments[1], session.namespace)
    if len(arguments) == 1 and "/" in arguments[0]:
        return _slashed(session.resources, arguments[0], session.namespace)
    raise ConfigError("one object must be named: TYPE NAME, or TYPE/NAME")


def targets_of_files(session: Session, manifests: Sequence[Manifest]) -> list[Target]:
    return [target_of_manifest(session, manifest) for manifest in manifests]


def target_of_manifest(session: Session, manifest: Manifest) -> Target:
    """Raises `ConfigError` for a kind that the server does not have, or a namespace other than the one asked for."""
    check_identity(manifest)
    resource = session.resources.of_kind(manifest.api_version, manifest.kind)
    if resource is None:
        raise ConfigError(
            f'resource mapping not found for name: "{manifest.name}" namespace: "{manifest.namespace}"'
            f' from "{manifest.source}": no matches for kind "{manifest.kind}" in version "{manifest.api_version}"'
        )
    wanted = session.enforced_namespace
    if resource.namespaced and wanted and manifest.namespace not in ("", wanted):
        raise ConfigError(
            f'the namespace from the provided object "{manifest.namespace}" does not match the namespace "{wanted}".'
            f" You must pass '--namespace={manifest.namespace}' to perform this operation."
        )
    namespace = (manifest.namespace or session.namespace) if resource.namespaced else ""
    return Target(resource, manifest.name, namespace, manifest.source)
