"""How the versions of a custom kind are converted. Kubernetes reports the webhook's fields by their older names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, not_supported, required
from sampan.core.model.formats import problems_of

Value = Mapping[str, Any]

STRATEGIES: Final = ("None", "Webhook")
REVIEWS: Final = ("v1", "v1beta1")
NOT_A_WEBHOOK: Final = "should not be set when strategy is not set to Webhook"


def validate_conversion(conversion: Value | None, path: str) -> Iterable[Cause]:
    if conversion is None:
        return
    strategy, webhook = conversion.get("strategy") or "", conversion.get("webhook") or {}
    if strategy not in STRATEGIES:
        where = f"{path}.strategy"
        yield not_supported(where, strategy, STRATEGIES) if strategy else required(where)
    config, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or ()
    if strategy != "Webhook":
        if config is not None:
            yield forbidden(f"{path}.webhookClientConfig", NOT_A_WEBHOOK)
        if versions:
            yield forbidden(f"{path}.conversionReviewVersions", NOT_A_WEBHOOK)
        return
    if config is None:
        yield required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook")
    else:
        yield from _client_config(config, f"{path}.webhookClientConfig")
    yield from _review_versions(versions, f"{path}.conversionReviewVersions")


def _client_config(config: Value, path: str) -> Iterable[Cause]:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        yield required(path, "exactly one of url or service is required")
    elif url is not None:
        yield from _url(url, f"{path}.url")
    elif service is not None:
        yield from _service(service, f"{path}.service")


def _url(text: str, path: str) -> Iterable[Cause]:
    form = "; desired format: https://host[/path]"
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError as error:
        yield required(path, f"url must be a valid URL: {error}{form}")
        return
    if parts.scheme != "https":
        yield invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{form}")
    if not host:
        yield invalid(path, host or "", f"host must be specified{form}")
    if parts.username is not None or parts.password is not None:
        yield invalid(path, parts.username, f"user information is not permitted in the URL{form}")
    if parts.fragment:
        yield invalid(path, parts.fragment, f"fragments are not permitted in the URL{form}")
    if parts.query:
        yield invalid(path, parts.query, f"query parameters are not permitted in the URL{form}")


def _service(service: Value, path: str) -> Iterable[Cause]:
    if not service.get("name"):
        yield required(f"{path}.name", "service name is required")
    if not service.get("namespace"):
        yield required(f"{path}.namespace", "service namespace is required")
    port = service.get("port", 443)
    if not 1 <= port <= 65535:
        yield invalid(f"{path}.port", port, "port is not valid: must be between 1 and 65535, inclusive")
    target = service.get("path")
    if target is None or target == "/":
        return
    if not target.startswith("/"):
        yield invalid(f"{path}.path", target, "must start with a '/'")
    for index, segment in enumerate(target.removeprefix("/").removesuffix("/").split("/")):
        problems = problems_of("dns1123-subdomain", segment) if segment else ("may not be empty",)
        if problems:
            words = f"segment[{index}]: {problems[0]}" if segment else f"segment[{index}] may not be empty"
            yield invalid(f"{path}.path", target, words)


def _review_versions(versions: Sequence[str], path: str) -> Iterable[Cause]:
    if not versions:
        yield required(path)
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            yield invalid(f"{path}[{index}]", version, "duplicate version")
        else:
            for problem in problems_of("dns1035-label", version):
                yield invalid(f"{path}[{index}]", version, problem)
    if not set(versions) & set(REVIEWS):
        yield invalid(path, list(versions), f"must include at least one of {', '.join(REVIEWS)}")
