"""Requests drawn at random: bodies, patches, selectors, paths, queries and headers, mostly wrong in one place."""

from __future__ import annotations

import json
from typing import Any

import attrs
from hypothesis import strategies as st

NASTY: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, -1, 0, 2**31, 2**63 - 1, -(2**63), 1.5, 1e300, "", " ", "a", "A" * 300, "\x00", "é", "1e30", "-1Gi",
        "0x10", "*", "a/b", "..", "%s", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2024-02-30T00:00:00Z", [], {},
        [[]],
        [None], {"": ""}, {"a": None}, "a=b", "a in (", "!a", "metadata.name=a", "{}", "[]", "null",
    ]
)  # fmt: skip
TEXT = st.text(max_size=30)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
KEYS = TEXT | st.sampled_from(["metadata", "spec", "name", "labels"])
JSON = st.recursive(
    NASTY | TEXT | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)

CONTAINER = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}, "env": [{"name": "A", "value": "b"}]}
POD_SPEC = {"containers": [CONTAINER], "volumes": [{"name": "v", "emptyDir": {}}], "nodeSelector": {"a": "b"}}
META = {"name": "a", "labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["x/y"], "generateName": "g-"}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC}
WORKLOAD = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
OBJECTS: dict[str, dict[str, Any]] = {
    "/api/v1/namespaces/default/configmaps": {"metadata": META, "data": {"k": "v"}, "binaryData": {"b": "aGk="}},
    "/api/v1/namespaces/default/secrets": {"metadata": META, "type": "Opaque", "stringData": {"k": "v"}},
    "/api/v1/namespaces/default/pods": {"metadata": META, "spec": POD_SPEC},
    "/api/v1/namespaces/default/services": {"metadata": META, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}},
    "/api/v1/namespaces/default/events": {
        "metadata": META, "involvedObject": {"namespace": "default"}, "firstTimestamp": "2024-01-01T00:00:00Z",
    },
    "/api/v1/namespaces/default/resourcequotas": {"metadata": META, "spec": {"hard": {"pods": "9"}}},
    "/api/v1/namespaces/default/limitranges": {
        "metadata": META, "spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "default": {"cpu": "1"}}]},
    },
    "/apis/apps/v1/namespaces/default/deployments": {"metadata": META, "spec": WORKLOAD},
    "/apis/coordination.k8s.io/v1/namespaces/default/leases": {
        "metadata": META, "spec": {"holderIdentity": "x", "renewTime": "2024-01-01T00:00:00.000000Z"},
    },
    "/apis/rbac.authorization.k8s.io/v1/clusterroles": {
        "metadata": META, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
    },
    "/apis/authorization.k8s.io/v1/subjectaccessreviews": {
        "spec": {"user": "u", "resourceAttributes": {"verb": "get", "resource": "pods"}},
    },
    "/apis/authentication.k8s.io/v1/tokenreviews": {"spec": {"token": "t", "audiences": ["a"]}},
    "/api/v1/namespaces/default/serviceaccounts/default/token": {"spec": {"expirationSeconds": 600}},
    "/apis/certificates.k8s.io/v1/certificatesigningrequests": {
        "metadata": META, "spec": {"request": "aGk=", "signerName": "a.example/b", "usages": ["client auth"]},
    },
}  # fmt: skip
JSON_PATCH, MERGE, STRATEGIC, APPLY = (
    f"application/{word}"
    for word in ("json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")
)


@attrs.frozen
class Drawn:
    """One request."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@st.composite
def spoiled(draw: st.DrawFn, value: Any) -> Any:
    """``value`` with something put in, taken out or replaced, at a place that is drawn."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: draw(spoiled(value[key]))}
    if isinstance(value, dict) and draw(st.booleans()):
        return {**value, draw(TEXT | st.sampled_from(["kind", "apiVersion", "status", "managedFields"])): draw(JSON)}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [draw(spoiled(value[0])), *value]
    return draw(JSON)


@st.composite
def encoded(draw: st.DrawFn, value: Any) -> bytes:
    raw = json.dumps(value).encode()
    if draw(st.integers(0, 9)) == 0 and raw:
        place = draw(st.integers(0, len(raw) - 1))
        raw = raw[:place] + draw(st.binary(max_size=6)) + raw[place + draw(st.integers(0, 3)) :]
    return raw


QUERY_KEYS = (
    "labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch", "timeoutSeconds",
    "dryRun", "fieldManager", "fieldValidation", "force", "gracePeriodSeconds", "propagationPolicy", "pretty", "timeout",
    "includeObject", "tailLines", "sinceSeconds", "sinceTime", "limitBytes", "container", "stream", "orphanDependents",
)  # fmt: skip
VALUES = st.sampled_from(
    ["", "0", "1", "-1", "99999999999999999999", "a", "a=b", "a in (b,c)", "!a", "a==b,c!=d", "metadata.name=a", "spec.x=y",
     "All", "Strict", "Warn", "true", "false", "Exact", "NotOlderThan", "Orphan", "1s", "%00", "%ff", "eyJ2IjoibWV0YSJ9",
     "2024-01-01T00:00:00Z", "Object", "None", "e30"]
)  # fmt: skip
QUERY = st.lists(st.tuples(st.sampled_from(QUERY_KEYS), VALUES), max_size=3).map(
    lambda pairs: "&".join(f"{key}={value}" for key, value in pairs)
)
PLAIN = "application/json"
ACCEPT = st.sampled_from(
    ["", PLAIN, "*/*", "application/yaml", f"{PLAIN};as=Table;v=v1;g=meta.k8s.io",
     f"{PLAIN};as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "text/html", "application/vnd.kubernetes.protobuf",
     f"{PLAIN};as=Nonsense", ";;,", "q=0"]
)  # fmt: skip
SUBRESOURCES = st.sampled_from(
    ["", "", "", "/status", "/scale", "/log", "/exec", "/binding", "/eviction", "/resize", "/ephemeralcontainers",
     "/finalize", "/token", "/approval", "/nonsense", "/proxy/a/b"]
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> Drawn:
    path = draw(st.sampled_from(sorted(OBJECTS)))
    value = draw(spoiled(OBJECTS[path]))
    query = draw(QUERY)
    headers = [("accept", draw(ACCEPT))]
    sort = draw(st.sampled_from(["create", "create", "patch", "patch", "put", "delete", "get", "list", "path"]))
    name = draw(st.sampled_from(["/a", "/a", "/b", "/%00", "/A", "/a%2Fb"]))
    if sort == "create":
        return Drawn("POST", f"{path}?{query}", draw(encoded(value)), (*headers, _type(draw)))
    if sort == "put":
        where = f"{path}{name}{draw(SUBRESOURCES)}?{query}"
        return Drawn("PUT", where, draw(encoded(value)), (*headers, _type(draw)))
    if sort == "patch":
        media = draw(st.sampled_from([JSON_PATCH, MERGE, STRATEGIC, APPLY, APPLY]))
        body = draw(JSON_PATCHES) if media == JSON_PATCH else value
        where = f"{path}{name}{draw(SUBRESOURCES)}?fieldManager=m&{query}"
        return Drawn("PATCH", where, draw(encoded(body)), (*headers, ("content-type", media)))
    if sort == "delete":
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": "x"}, "propagationPolicy": "Orphan"}
        return Drawn("DELETE", f"{path}{name}?{query}", draw(encoded(draw(spoiled(options)))), tuple(headers))
    if sort == "path":
        words = st.sampled_from(
            ["api", "apis", "v1", "apps", "namespaces", "pods", "a", "", "..", "%2e", "watch", "openapi"]
        )
        made = "/" + "/".join(draw(st.lists(words, max_size=7)))
        return Drawn(draw(st.sampled_from(["GET", "POST", "PUT", "HEAD", "BREW"])), f"{made}?{query}")
    where = f"{path}{name}{draw(SUBRESOURCES)}" if sort == "get" else path
    return Drawn("GET", f"{where}?{query}", b"", tuple(headers))


def _type(draw: st.DrawFn) -> tuple[str, str]:
    return ("content-type", draw(st.sampled_from([PLAIN, PLAIN, PLAIN, "application/yaml", "", "text/plain"])))


POINTERS = st.sampled_from(
    [
        "",
        "/",
        "/metadata",
        "/metadata/labels/a",
        "/spec/containers/0",
        "/spec/containers/-",
        "/a/b",
        "/data/~1",
        "/spec/9",
    ]
)
OPERATION = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "fly"]), "path": POINTERS},
    optional={"value": JSON, "from": POINTERS},
)
JSON_PATCHES = st.lists(OPERATION, max_size=4) | JSON
