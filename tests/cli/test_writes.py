"""create, apply, delete, run, expose and scale: what is sent, and what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sampan.core.errors import AlreadyExists, NotFound
from tests.cli.api_server import Server, Shell

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/web"


def config_map(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **metadata}, "data": data}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(json.dumps(config_map({"x": "1"})))
    return path


def test_create_from_a_file(shell: Shell, server: Server, manifest: Path) -> None:
    server.on("POST", MAPS, config_map({"x": "1"}), 201)
    assert shell("create", "-f", "a.yaml").out == "configmap/a created\n"
    assert server.requests[-1].body == config_map({"x": "1"})
    assert server.requests[-1].query == {"fieldValidation": "Strict"}


def test_create_what_is_there(shell: Shell, server: Server, manifest: Path) -> None:
    server.on("POST", MAPS, AlreadyExists('configmaps "a" already exists'))
    assert shell("create", "-f", "a.yaml").err == (
        'Error from server (AlreadyExists): error when creating "a.yaml": configmaps "a" already exists\n'
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: ConfigMap", 'error validating "a.yaml": error validating data: apiVersion not set'),
        ("{apiVersion: v1, kind: Unicorn, metadata: {name: u}}", 'no matches for kind "Unicorn" in version "v1"'),
        ("", "no objects passed to create"),
    ],
)
def test_manifests_that_say_too_little(shell: Shell, manifest: Path, text: str, words: str) -> None:
    manifest.write_text(text)
    result = shell("create", "-f", "a.yaml")
    assert result.code == 1
    assert words in result.err


def test_a_manifest_for_another_namespace(shell: Shell, manifest: Path) -> None:
    manifest.write_text(json.dumps(config_map({}, namespace="other")))
    assert "does not match the namespace" in shell("create", "-f", "a.yaml", "-n", "sea").err


def test_create_a_deployment(shell: Shell) -> None:
    result = shell(
        *("create", "deployment", "web", "--image=reg:5000/my_web:1", "--replicas=2", "--port=80"),
        *("--dry-run=client", "-o", "json", "--", "serve", "-v"),
    )
    made = json.loads(result.out)
    assert made["spec"]["replicas"] == 2
    assert made["spec"]["selector"]["matchLabels"] == made["spec"]["template"]["metadata"]["labels"] == {"app": "web"}
    assert made["spec"]["template"]["spec"]["containers"] == [
        {
            "name": "my-web",
            "image": "reg:5000/my_web:1",
            "command": ["serve", "-v"],
            "ports": [{"containerPort": 80}],
            "resources": {},
        }
    ]


def test_create_data(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "a.ini").write_text("x = 1\n")
    (tmp_path / "conf" / "b.bin").write_bytes(b"\xff\x00")
    (tmp_path / "settings.env").write_text("# colours\ncolour=blue\n\n")
    common = (
        "--from-literal=k=v=w",
        "--from-file=conf",
        "--from-env-file=settings.env",
        "--dry-run=client",
        "-o",
        "json",
    )
    made = json.loads(shell("create", "configmap", "c", *common).out)
    assert made["data"] == {"k": "v=w", "a.ini": "x = 1\n", "colour": "blue"}
    assert made["binaryData"] == {"b.bin": "/wA="}
    secret = json.loads(shell("create", "secret", "generic", "s", *common).out)
    assert secret["data"] == {"k": "dj13", "a.ini": "eCA9IDEK", "b.bin": "/wA=", "colour": "Ymx1ZQ=="}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--from-literal=a", "invalid literal source a, expected key=value"),
        ("--from-file=nothing", "error reading nothing: no such file or directory"),
        ("--from-literal=a b=1", '"a b" is not a valid key name for a ConfigMap'),
    ],
)
def test_data_that_cannot_be(shell: Shell, option: str, words: str) -> None:
    assert words in shell("create", "configmap", "c", option).err


def test_create_a_service(shell: Shell) -> None:
    made = json.loads(
        shell("create", "service", "clusterip", "web", "--tcp=80:8080,443", "--dry-run=client", "-o", "json").out
    )
    assert made["spec"]["ports"] == [
        {"name": "80-8080", "port": 80, "protocol": "TCP", "targetPort": 8080},
        {"name": "443", "port": 443, "protocol": "TCP", "targetPort": 443},
    ]
    assert made["spec"]["selector"] == {"app": "web"}


def test_apply_creates_changes_and_then_has_nothing_to_do(shell: Shell, server: Server, manifest: Path) -> None:
    server.on("GET", f"{MAPS}/a", NotFound("none"))
    server.on("POST", MAPS, config_map({"x": "1"}), 201)
    assert shell("apply", "-f", "a.yaml").out == "configmap/a created\n"
    made = server.requests[-1].body
    remembered = made["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert remembered == (
        '{"apiVersion":"v1","data":{"x":"1"},"kind":"ConfigMap",'
        '"metadata":{"annotations":{},"name":"a","namespace":"default"}}\n'
    )

    server.on("GET", f"{MAPS}/a", made | {"data": {"x": "1", "other": "writer's"}})
    shell("apply", "-f", "a.yaml")  # the last "not found"
    assert shell("apply", "-f", "a.yaml").out == "configmap/a unchanged\n"

    manifest.write_text(json.dumps(config_map({"y": "2"})))
    server.on("PATCH", f"{MAPS}/a", config_map({}))
    assert shell("apply", "-f", "a.yaml").out == "configmap/a configured\n"
    patch = server.requests[-1]
    assert patch.content_type == "application/strategic-merge-patch+json"
    assert patch.body["data"] == {"y": "2", "x": None}


def test_apply_over_what_was_made_otherwise_warns(shell: Shell, server: Server, manifest: Path) -> None:
    server.on("GET", f"{MAPS}/a", config_map({"x": "0"}))
    server.on("PATCH", f"{MAPS}/a", config_map({}))
    result = shell("apply", "-f", "a.yaml")
    assert result.err.startswith("Warning: resource configmaps/a is missing the kubectl.kubernetes.io/last-applied")
    assert result.out == "configmap/a configured\n"


def test_apply_needs_a_name(shell: Shell, manifest: Path) -> None:
    manifest.write_text("{apiVersion: v1, kind: ConfigMap, metadata: {generateName: a-}}")
    assert shell("apply", "-f", "a.yaml").err == "error: from a-: cannot use generate name with apply\n"


def test_delete_waits_until_it_is_gone(shell: Shell, server: Server) -> None:
    there = config_map({}, uid="1", resourceVersion="5")
    server.on("DELETE", f"{MAPS}/a", {"kind": "Status", "status": "Success", "details": {"uid": "1"}})
    server.on("GET", f"{MAPS}/a", there)
    server.on("GET", f"{MAPS}/a", NotFound("gone"))
    server.on("GET", MAPS, b'{"type":"DELETED","object":{}}\n')
    assert shell("delete", "cm", "a").out == 'configmap "a" deleted from default namespace\n'
    assert [request.path for request in server.requests[-3:]] == [f"{MAPS}/a", f"{MAPS}/a", MAPS]
    assert server.writes()[0].body == {"propagationPolicy": "Background"}


def test_delete_stops_waiting_for_another_of_that_name(shell: Shell, server: Server) -> None:
    server.on("DELETE", f"{MAPS}/a", {"kind": "Status", "details": {"uid": "1"}})
    server.on("GET", f"{MAPS}/a", config_map({}, uid="2", resourceVersion="9"))
    assert shell("delete", "cm", "a").code == 0


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--now"], {"gracePeriodSeconds": 1}),
        (["--grace-period=0"], {"gracePeriodSeconds": 1}),
        (["--force"], {"gracePeriodSeconds": 0}),
        (["--grace-period=7", "--cascade=orphan"], {"gracePeriodSeconds": 7, "propagationPolicy": "Orphan"}),
        (["--dry-run=server"], {"dryRun": ["All"]}),
    ],
)
def test_how_it_is_deleted(shell: Shell, server: Server, options: list[str], body: dict[str, Any]) -> None:
    server.on("DELETE", f"{MAPS}/a", {"kind": "Status"})
    shell("delete", "cm", "a", "--wait=false", *options)
    assert server.writes()[0].body == {"propagationPolicy": "Background"} | body


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cm"], "resource(s) were provided, but no name was specified"),
        (["cm", "a", "--all"], "name cannot be provided when a selector is specified"),
        (["cm", "a", "--cascade=sideways"], "invalid cascade value (sideways)"),
        (["cm", "a", "--force", "--grace-period=3"], "cannot be specified together"),
        ([], "You must provide one or more resources"),
    ],
)
def test_deletions_that_make_no_sense(shell: Shell, server: Server, arguments: list[str], words: str) -> None:
    assert words in shell("delete", *arguments).err
    assert server.writes() == []


def test_delete_by_label(shell: Shell, server: Server) -> None:
    server.on("GET", MAPS, {"items": [config_map({}, namespace="default")]})
    server.on("DELETE", f"{MAPS}/a", {"kind": "Status"})
    assert shell("delete", "cm", "-l", "x=y", "-o", "name", "--wait=false").out == "configmap/a\n"
    server.on("GET", MAPS, {"items": []})
    shell("delete", "cm", "--all", "--wait=false")
    assert shell("delete", "cm", "--all").err == "No resources found\n"


def test_run(shell: Shell) -> None:
    pod = json.loads(
        shell(
            *("run", "web", "--image=nginx", "--port=80", "--env=A=b=c", "--restart=Never", "--dry-run=client"),
            *("-o", "json", '--overrides={"spec":{"nodeName":"n1"}}', "--", "-v", "serve"),
        ).out
    )
    assert pod["metadata"]["labels"] == {"run": "web"}
    assert pod["spec"]["nodeName"] == "n1"
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["spec"]["containers"] == [
        {
            "args": ["-v", "serve"],
            "env": [{"name": "A", "value": "b=c"}],
            "image": "nginx",
            "name": "web",
            "ports": [{"containerPort": 80}],
            "resources": {},
        }
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--image="], "--image is required"),
        (["--image=a", "--port=http"], "--port must be a number"),
        (["--image=a", "--restart=Sometimes"], "invalid restart policy: Sometimes"),
        (["--image=a", "--overrides={"], "--overrides is not JSON"),
        (["--image=a", "--labels=x"], "key=value"),
    ],
)
def test_runs_that_cannot_be(shell: Shell, options: list[str], words: str) -> None:
    assert words in shell("run", "web", *options).err


def test_expose(shell: Shell, server: Server) -> None:
    template = {"spec": {"containers": [{"ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]}]}}
    server.on(
        "GET",
        DEPLOYMENT,
        {
            "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"l": "1"}},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
        },
    )
    made = json.loads(shell("expose", "deploy", "web", "--dry-run=client", "-o", "json").out)
    assert made["spec"]["selector"] == {"app": "web"}
    assert made["metadata"] == {"name": "web", "labels": {"l": "1"}}
    assert made["spec"]["ports"] == [
        {"name": "port-1", "port": 80, "protocol": "TCP", "targetPort": 80},
        {"name": "port-2", "port": 53, "protocol": "UDP", "targetPort": 53},
    ]
    one = ("expose", "deploy/web", "--port=8080", "--target-port=http", "--name=x", "--type=NodePort")
    made = json.loads(shell(*one, "--dry-run=client", "-o", "json").out)
    assert made["spec"]["ports"] == [{"port": 8080, "protocol": "TCP", "targetPort": "http"}]
    assert (made["metadata"]["name"], made["spec"]["type"]) == ("x", "NodePort")


def test_expose_what_has_no_pods(shell: Shell, server: Server) -> None:
    server.on("GET", f"{MAPS}/a", config_map({}))
    assert shell("expose", "cm", "a", "--port=80").err == "error: cannot expose a ConfigMap\n"


def test_scale(shell: Shell, server: Server) -> None:
    server.on("GET", DEPLOYMENT, {"metadata": {}})
    server.on("PATCH", f"{DEPLOYMENT}/scale", {"kind": "Scale", "metadata": {}})
    assert shell("scale", "deploy/web", "--replicas=3").out == "deployment.apps/web scaled\n"
    assert server.requests[-1].body == {"spec": {"replicas": 3}}


def test_scale_only_from_the_expected_number(shell: Shell, server: Server) -> None:
    server.on("GET", f"{DEPLOYMENT}/scale", {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 3}})
    result = shell("scale", "deploy", "web", "--replicas=4", "--current-replicas=1")
    assert result.err == "error: Expected replicas to be 1, was 3\n"
    assert server.writes() == []
