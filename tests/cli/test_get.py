"""Lists, single objects and changes, as kubectl prints them."""

from __future__ import annotations

import json
from typing import Any

from sampan.core.errors import NotFound
from tests.cli.api_server import Server, Shell, table

PODS = "/api/v1/namespaces/default/pods"
COLUMNS = [("Name", 0), ("Ready", 0), ("Node", 1)]
ONE: tuple[list[Any], dict[str, Any]] = (
    ["one", "1/1", "n1"],
    {"name": "one", "namespace": "default", "labels": {"app": "web", "x/tier": "front"}},
)
TWO: tuple[list[Any], dict[str, Any]] = (["two", "0/1", None], {"name": "two", "namespace": "sea"})


def pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default", "managedFields": [{}]}}


def test_a_table(shell: Shell, server: Server) -> None:
    server.on("GET", PODS, table(COLUMNS, ONE, TWO))
    assert shell("get", "po").out == "NAME   READY\none    1/1\ntwo    0/1\n"
    assert "as=Table" in server.requests[-1].accept


def test_a_wide_table_and_labels(shell: Shell, server: Server) -> None:
    server.on("GET", PODS, table(COLUMNS, ONE, TWO))
    assert shell("get", "pods", "-o", "wide", "-L", "x/tier", "--show-labels").out == (
        "NAME   READY   NODE   TIER    LABELS\n"
        "one    1/1     n1     front   app=web,x/tier=front\n"
        "two    0/1                    <none>\n"
    )


def test_all_namespaces(shell: Shell, server: Server) -> None:
    server.on("GET", "/api/v1/pods", table(COLUMNS, ONE, TWO))
    assert shell("get", "pods", "-A").out == (
        "NAMESPACE   NAME   READY\ndefault     one    1/1\nsea         two    0/1\n"
    )


def test_several_kinds_have_their_kind_before_the_name(shell: Shell, server: Server) -> None:
    server.on("GET", PODS, table(COLUMNS, ONE))
    server.on("GET", "/apis/apps/v1/namespaces/default/deployments", table([("Name", 0)], (["web"], {"name": "web"})))
    server.on("GET", "/api/v1/namespaces/default/services", table(COLUMNS))
    assert shell("get", "pods,svc,deploy").out == "NAME      READY\npod/one   1/1\n\nNAME\ndeployment.apps/web\n"


def test_a_category_is_all_of_its_kinds(shell: Shell, server: Server) -> None:
    for path in ("/api/v1/namespaces/default/services", "/apis/apps/v1/namespaces/default/deployments", PODS):
        server.on("GET", path, table(COLUMNS))
    server.on("GET", "/apis/apps/v1/namespaces/default/replicasets", table(COLUMNS, ONE))
    assert shell("get", "all", "--no-headers").out == "replicaset.apps/one   1/1\n"


def test_pages_are_one_table(shell: Shell, server: Server) -> None:
    first = table(COLUMNS, ONE)
    first["metadata"]["continue"] = "more"
    server.on("GET", PODS, first)
    server.on("GET", PODS, table(COLUMNS, TWO))
    assert shell("get", "pods", "-l", "app in (a,b)").out == "NAME   READY\none    1/1\ntwo    0/1\n"
    assert [request.query.get("continue") for request in server.requests[2:]] == [None, "more"]
    assert server.requests[-1].query["labelSelector"] == "app in (a,b)"


def test_names_that_are_not_there_do_not_hide_those_that_are(shell: Shell, server: Server) -> None:
    server.on("GET", f"{PODS}/one", table(COLUMNS, ONE))
    server.on("GET", f"{PODS}/none", NotFound('pods "none" not found'))
    result = shell("get", "pod", "none", "one")
    assert result.out == "NAME   READY\none    1/1\n"
    assert result.err == 'Error from server (NotFound): pods "none" not found\n'
    assert result.code == 1
    assert shell("get", "pod", "none", "--ignore-not-found") == shell("get", "pod/none", "--ignore-not-found")
    assert shell("get", "pod", "none", "--ignore-not-found").code == 0


def test_nothing_found(shell: Shell, server: Server) -> None:
    server.on("GET", PODS, table(COLUMNS))
    server.on("GET", "/api/v1/namespaces", table(COLUMNS))
    result = shell("get", "pods")
    assert (result.code, result.out, result.err) == (0, "", "No resources found in default namespace.\n")
    assert shell("get", "ns").err == "No resources found\n"


def test_whole_objects(shell: Shell, server: Server) -> None:
    server.on("GET", f"{PODS}/one", {"apiVersion": "v1", "kind": "Pod", **pod("one")})
    server.on("GET", PODS, {"kind": "PodList", "metadata": {}, "items": [pod("one"), pod("two")]})
    assert shell("get", "pod", "one", "-o", "yaml").out == (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: one\n  namespace: default\n"
    )
    listed = json.loads(shell("get", "pods", "-o", "json").out)
    assert listed["kind"] == "List"
    assert [(item["kind"], "managedFields" in item["metadata"]) for item in listed["items"]] == [("Pod", False)] * 2
    assert shell("get", "pods", "-o", "name").out == "pod/one\npod/two\n"
    assert shell("get", "pods", "-o", "jsonpath={.items[*].metadata.name}").out == "one two"
    shown = shell("get", "pod", "one", "-o", "json", "--show-managed-fields").out
    assert json.loads(shown)["metadata"]["managedFields"] == [{}]


def test_sorted_by_a_path(shell: Shell, server: Server) -> None:
    items = [{"metadata": {"name": name, "n": number}} for name, number in (("a", 10), ("b", 9), ("c", None))]
    server.on("GET", PODS, {"kind": "PodList", "metadata": {}, "items": items})
    assert shell("get", "pods", "-o", "name", "--sort-by=.metadata.n").out == "pod/c\npod/b\npod/a\n"


def test_arguments_that_do_not_fit_together(shell: Shell) -> None:
    for arguments, words in (
        (["pods,svc/a"], "arguments in resource/name form must have a single resource and name"),
        (["pod/a", "b"], "there is no need to specify a resource type as a separate argument"),
        (["pod", "a", "-A"], "cannot be retrieved by name across all namespaces"),
        (["pod", "a", "-l", "x"], "name cannot be provided when a selector is specified"),
    ):
        assert words in shell("get", *arguments).err


def test_changes_go_on_below_the_list(shell: Shell, server: Server) -> None:
    server.on("GET", PODS, table(COLUMNS, ONE))
    longer = (["a-longer-name", "1/1", None], {"name": "a-longer-name"})
    events = [{"type": "MODIFIED", "object": table(COLUMNS, TWO)}, {"type": "ADDED", "object": table([], longer)}]
    server.on("GET", PODS, b"".join(json.dumps(event).encode() + b"\n" for event in events))
    assert shell("get", "pods", "-w").out == ("NAME   READY\none    1/1\ntwo    0/1\na-longer-name   1/1\n")
    assert server.requests[-1].query["resourceVersion"] == "7"


def test_warnings_of_the_server_are_shown(shell: Shell, server: Server) -> None:
    server.on("GET", PODS, table(COLUMNS, ONE), Warning='299 - "it is \\"old\\""')
    assert shell("get", "pods").err == 'Warning: it is "old"\n'
