from __future__ import annotations

import pytest

from sampan.core.api.paths import parse_path


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("/api/v1/pods", ("", "v1", "pods", "", "", "")),
        ("/api/v1/namespaces/a/pods/b", ("", "v1", "pods", "a", "b", "")),
        ("/api/v1/namespaces/a/pods/b/log", ("", "v1", "pods", "a", "b", "log")),
        ("/api/v1/namespaces/a", ("", "v1", "namespaces", "a", "a", "")),
        ("/api/v1/namespaces/a/finalize", ("", "v1", "namespaces", "a", "a", "finalize")),
        ("/api/v1/namespaces/a/status", ("", "v1", "namespaces", "a", "a", "status")),
        ("/apis/apps/v1/deployments/", ("apps", "v1", "deployments", "", "", "")),
        ("/apis/rbac.example/v1/things/system%3Amasters", ("rbac.example", "v1", "things", "", "system:masters", "")),
    ],
)  # fmt: skip
def test_resource_paths_name_group_version_resource_namespace_name_and_subresource(
    path: str, about: tuple[str, ...]
) -> None:
    target = parse_path(path)
    assert target.form == "resource"
    found = (target.group, target.version, target.resource, target.namespace, target.name, target.subresource)
    assert found == about


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/nope"])
def test_everything_else_is_no_resource(path: str) -> None:
    assert parse_path(path).form == "other"


def test_the_old_watch_prefix_is_a_watch_of_what_follows() -> None:
    target = parse_path("/api/v1/watch/namespaces/a/pods")
    assert (target.watch, target.resource, target.namespace) == (True, "pods", "a")


def test_what_lies_below_a_subresource_is_kept_apart() -> None:
    assert parse_path("/api/v1/namespaces/a/pods/b/proxy/c/d").rest == ("c", "d")
