"""Webhook configurations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, invalid, not_supported, required
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.admissionregistration_v1.matching import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    REQUEST_VARIABLES,
    Value,
    validate_conditions,
    validate_rule,
)
from sampan.core.model.rules.common.selectors import validate_selector

WITHOUT_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun")
REVIEW_VERSIONS: Final = ("v1", "v1beta1")
REINVOCATION: Final = ("IfNeeded", "Never")
LEAST_SECONDS, MOST_SECONDS = 1, 30


class WebhookConfigurationRules(KindRules):
    revalidates_metadata = 1
    rechecks_changes = False
    any_finalizer = True

    def generation_input(self, obj: Mapping[str, Any]) -> Any:
        return obj.get("webhooks")


def validate_mutating(obj: Value, path: str) -> list[Cause]:
    return _validate(obj, is_mutating=True)


def validate_validating(obj: Value, path: str) -> list[Cause]:
    return _validate(obj, is_mutating=False)


def _validate(obj: Value, *, is_mutating: bool) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, hook in enumerate(obj.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", hook.get("name") or ""
        causes += _webhook(hook, path, is_mutating=is_mutating)
        causes += _review_versions(hook.get("admissionReviewVersions") or (), f"{path}.admissionReviewVersions")
        if name and name in seen:
            causes.append(duplicate(f"{path}.name", name))
        seen.add(name)
    return causes


def _webhook(hook: Value, path: str, *, is_mutating: bool) -> Iterable[Cause]:
    yield from fully_qualified(hook.get("name") or "", f"{path}.name")
    for index, rule in enumerate(hook.get("rules") or ()):
        yield from validate_rule(rule, f"{path}.rules[{index}]")
    yield from _one_of(hook, "failurePolicy", path, FAILURE_POLICIES)
    yield from _one_of(hook, "matchPolicy", path, MATCH_POLICIES)
    if hook.get("sideEffects") is None:
        yield required(f"{path}.sideEffects", f"must specify one of {', '.join(WITHOUT_SIDE_EFFECTS)}")
    yield from _one_of(hook, "sideEffects", path, WITHOUT_SIDE_EFFECTS)
    seconds = hook.get("timeoutSeconds")
    if seconds is not None and not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        words = f"the timeout value must be between {LEAST_SECONDS} and {MOST_SECONDS} seconds"
        yield invalid(f"{path}.timeoutSeconds", seconds, words)
    for word in ("namespaceSelector", "objectSelector"):
        if hook.get(word) is not None:
            yield from validate_selector(hook[word], f"{path}.{word}")
    if is_mutating:
        yield from _one_of(hook, "reinvocationPolicy", path, REINVOCATION)
    yield from validate_client_config(hook.get("clientConfig") or {}, f"{path}.clientConfig")
    yield from validate_conditions(hook.get("matchConditions") or (), f"{path}.matchConditions", REQUEST_VARIABLES)


def _one_of(hook: Value, word: str, path: str, allowed: Sequence[str]) -> Iterable[Cause]:
    if hook.get(word) is not None and hook[word] not in allowed:
        yield not_supported(f"{path}.{word}", hook[word], allowed)


def _review_versions(versions: Sequence[str], path: str) -> Iterable[Cause]:
    known = ", ".join(REVIEW_VERSIONS)
    if not versions:
        yield required(path, f"must specify one of {known}")
        return
    seen: set[str] = set()
    for index, version in enumerate(versions):
        if version in seen:
            yield invalid(f"{path}[{index}]", version, "duplicate version")
            continue
        seen.add(version)
        for problem in formats.dns1035_label(version):
            yield invalid(f"{path}[{index}]", version, problem)
    if seen.isdisjoint(REVIEW_VERSIONS):
        yield invalid(path, list(versions), f"must include at least one of {known}")


def fully_qualified(name: str, path: str) -> Iterable[Cause]:
    """A domain name of three parts or more."""
    if not name:
        yield required(path)
        return
    problems = list(formats.dns1123_subdomain(name))
    for problem in problems:
        yield invalid(path, name, problem)
    if not problems and name.count(".") < 2:
        yield invalid(path, name, "should be a domain with at least three segments separated by dots")


def validate_client_config(config: Value, path: str) -> Iterable[Cause]:
    """How a webhook is reached: for admission and for conversion."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        yield required(path, "exactly one of url or service is required")
    elif url is not None:
        yield from _url(url, f"{path}.url")
    else:
        yield from _service(service or {}, f"{path}.service")


def _url(url: str, path: str) -> Iterable[Cause]:
    form = "; desired format: https://host[/path]"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError as error:
        yield required(path, f"url must be a valid URL: {error}{form}")
        return
    if parts.scheme != "https":
        yield invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{form}")
    if not parts.netloc:
        yield invalid(path, parts.netloc, f"host must be specified{form}")
    if parts.username is not None:
        yield invalid(path, parts.username, "user information is not permitted in the URL")
    if parts.fragment:
        yield invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield invalid(path, parts.query, "query parameters are not permitted in the URL")


def _service(service: Value, path: str) -> Iterable[Cause]:
    """Kubernetes takes the name for the namespace here, and the other way round, where one of them is missing."""
    for word, said in (("namespace", "name"), ("name", "namespace")):
        if not service.get(word):
            yield required(f"{path}.{said}")
    port = service.get("port")
    if port is not None and not 1 <= port <= 65535:
        yield invalid(f"{path}.port", port, "port is not valid: must be between 1 and 65535, inclusive")
    if service.get("path") is not None:
        yield from _service_path(service["path"], f"{path}.path")


def _service_path(url_path: str, path: str) -> Iterable[Cause]:
    if url_path in ("", "/"):
        return
    if url_path == "//":
        yield invalid(path, url_path, "segment[0] may not be empty")
        return
    if not url_path.startswith("/"):
        yield invalid(path, url_path, "must start with a '/'")
    steps = url_path[1:].removesuffix("/").split("/")
    for index, step in enumerate(steps):
        if not step:
            yield invalid(path, url_path, f"segment[{index}] may not be empty")
            continue
        for problem in formats.dns1123_subdomain(step):
            yield invalid(path, url_path, f"segment[{index}]: {problem}")
