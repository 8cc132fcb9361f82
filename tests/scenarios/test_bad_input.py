"""What is wrong is said in one clear line or one `Status`, and changes nothing."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster, free_port, run_sampan
from tests.support.kubectl import Completed, Kubectl

pytestmark = pytest.mark.runtimes("process")  # it is refused before any runtime hears of it

# At the API, past kubectl, which would not send some of it

JSON = "application/json"
CONFIG_MAPS = "/api/v1/namespaces/{namespace}/configmaps"


def send(
    cluster: Cluster, kubectl: Kubectl, body: bytes, content_type: str = JSON, query: str = "", path: str = CONFIG_MAPS
) -> dict[str, Any]:
    """POST as it is; the answer's body, after a look that it is a Status of its own code."""
    url = path.format(namespace=kubectl.namespace) + query
    with cluster.api() as api:
        answer = api.post(url, content=body, headers={"Content-Type": content_type})
    status: dict[str, Any] = answer.json()
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert status["code"] == answer.status_code
    assert "Traceback" not in status["message"]
    return status


@pytest.mark.parametrize(
    ("body", "content_type", "code", "reason"),
    [
        (b'{"metadata": {"name": "x"', JSON, 400, "BadRequest"),
        (b"", JSON, 400, "BadRequest"),
        (b"[]", JSON, 400, "BadRequest"),
        (b"null", JSON, 422, "Invalid"),  # an object without a name
        (b"\xff\xfe{}", JSON, 400, "BadRequest"),
        (b'{"metadata": {"name": 7}}', JSON, 400, "BadRequest"),
        (b'{"metadata": {"name": "x"}, "data": []}', JSON, 400, "BadRequest"),
        (b'{"metadata": {"name": "x"}, "data": {"a": 1}}', JSON, 400, "BadRequest"),
        (b'{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "x"}}', JSON, 400, "BadRequest"),
        (b'{"metadata": {"name": "Not_A_Name"}}', JSON, 422, "Invalid"),
        (b'{"metadata": {}}', JSON, 422, "Invalid"),
        (b"metadata: {name: x", "application/yaml", 400, "BadRequest"),
        (b"a: &a [x, x]\nb: [*a, *a]\nmetadata: 7\n", "application/yaml", 400, "BadRequest"),
        (b"<metadata/>", "text/xml", 415, "UnsupportedMediaType"),
        (
            b'{"metadata": {"name": "x"}, "data": {"a": "' + b"x" * 4_000_000 + b'"}}',
            JSON,
            413,
            "RequestEntityTooLarge",
        ),
        (b"[" * 100_000, JSON, 400, "BadRequest"),
    ],
    ids=[
        "cut off",
        "empty",
        "a list",
        "null",
        "not UTF-8",
        "number as name",
        "list as map",
        "number as text",
        "another kind",
        "a name that is none",
        "no name",
        "YAML cut off",
        "YAML of wrong types",
        "unknown media type",
        "too large",
        "too deep",
    ],
)
def test_a_body_that_is_wrong_gets_a_status(
    cluster: Cluster, kubectl: Kubectl, body: bytes, content_type: str, code: int, reason: str
) -> None:
    status = send(cluster, kubectl, body, content_type)
    assert (status["code"], status["reason"]) == (code, reason), status["message"]
    assert kubectl.run("get configmap x").code == 1, "nothing was made of it"


def test_an_unknown_field_is_refused_warned_of_or_dropped_as_asked(cluster: Cluster, kubectl: Kubectl) -> None:
    body = json.dumps({"metadata": {"name": "x", "colour": "red"}, "date": {}}).encode()
    status = send(cluster, kubectl, body, query="?fieldValidation=Strict")
    assert status["code"] == 400
    assert 'unknown field "date"' in status["message"]
    assert 'unknown field "metadata.colour"' in status["message"]

    with cluster.api() as api:
        path = CONFIG_MAPS.format(namespace=kubectl.namespace)
        answer = api.post(f"{path}?fieldValidation=Warn", content=body, headers={"Content-Type": JSON})
        assert answer.status_code == 201
        assert len(answer.headers.get_list("warning")) == 2
        assert "colour" not in answer.json()["metadata"]


def test_every_fault_of_an_object_is_named_at_once(cluster: Cluster, kubectl: Kubectl) -> None:
    container = {"name": "Bad_Name", "image": "", "ports": [{"containerPort": 70000}]}
    body = {"metadata": {"name": "x"}, "spec": {"containers": [container], "restartPolicy": "Sometimes"}}
    path = CONFIG_MAPS.replace("configmaps", "pods")
    status = send(cluster, kubectl, json.dumps(body).encode(), path=path)
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert {cause["field"] for cause in status["details"]["causes"]} == {
        "spec.containers[0].name",
        "spec.containers[0].image",
        "spec.containers[0].ports[0].containerPort",
        "spec.restartPolicy",
    }


def test_who_has_no_token_learns_nothing(cluster: Cluster) -> None:
    with cluster.api() as api:
        del api.headers["Authorization"]
        assert api.get("/readyz").status_code == 200
        refused = api.get("/api/v1/pods")
        assert refused.status_code in (401, 403)
        assert refused.json()["kind"] == "Status"
        wrong = api.get("/api/v1/pods", headers={"Authorization": "Bearer wrong"})
        assert (wrong.status_code, wrong.json()["reason"]) == (401, "Unauthorized")


# With kubectl


def test_kubectl_is_told_what_is_wrong_with_a_manifest(kubectl: Kubectl) -> None:
    for manifest, words in {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndta: {}": 'unknown field "dta"',
        "apiVersion: v1\nkind: Boat\nmetadata: {name: x}": 'no matches for kind "Boat" in version "v1"',
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x": "error converting YAML",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: []}": "spec.containers: Required value",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: 7}": "containers",
    }.items():
        done = kubectl.run("apply -f -", stdin=manifest)
        assert done.code == 1
        assert words in done.stderr
    assert 'the server doesn\'t have a resource type "boats"' in kubectl.reason_for("get boats")


# At the command line


def refused(*arguments: str, **environment: str) -> str:
    """The one line that a command has to say for itself; it exits with 1."""
    done = run_sampan(*arguments, **environment)
    assert done.code == 1, done.output
    return one_line(done)


def one_line(done: Completed) -> str:
    """What it said on stderr: one line and no more."""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr.strip()


def up_refused(folder: Path, *options: str, **environment: str) -> str:
    """`sampan up` below ``folder`` that cannot be: its last words."""
    return refused(
        "up",
        *("--data-dir", str(folder / "data"), "--kubeconfig", str(folder / "kubeconfig"), "--port", str(free_port())),
        *("--name", f"refused-{os.getpid()}", *options),
        **environment,
    )


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_an_engine_that_is_not_there(tmp_path: Path, engine: str) -> None:
    nowhere = f"unix://{tmp_path}/nowhere.sock"
    said = up_refused(tmp_path, "--runtime", engine, DOCKER_HOST=nowhere, CONTAINER_HOST=nowhere)
    assert engine in said.lower()
    assert "nowhere.sock" in said


def test_names_of_parts_that_there_are_not(tmp_path: Path) -> None:
    said = up_refused(tmp_path, "--runtime", "rowing")
    assert "rowing" in said
    assert "docker" in said
    assert "process" in said
    said = up_refused(tmp_path, "--runtime", "simulated", "--proxy", "pigeon")
    assert "pigeon" in said
    assert "userspace" in said
    assert "tape" in up_refused(tmp_path, "--runtime", "simulated", "--store", "tape://reel")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        said = up_refused(tmp_path, "--runtime", "simulated", "--port", port)
    assert port in said


def test_a_data_directory_that_another_holds(cluster: Cluster, tmp_path: Path) -> None:
    said = up_refused(tmp_path, "--runtime", cluster.runtime, "--data-dir", str(cluster.data_dir))
    assert f"{cluster.data_dir} holds the cluster {cluster.name!r}, not" in said


def test_a_data_directory_of_another_version(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "version").write_text("999\n")
    assert "has layout version 999" in up_refused(tmp_path, "--runtime", "simulated")


def test_a_data_directory_with_other_things_in_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "diary").write_text("dear diary")
    assert "holds other files (diary)" in up_refused(tmp_path, "--runtime", "simulated")


def test_a_store_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"this is no database, and never was one" * 100)
    said = up_refused(tmp_path, "--runtime", "simulated", "--store", f"sqlite://{tmp_path}/store.db")
    assert "store.db" in said


def test_a_kubeconfig_that_is_none_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("- just\n- a list\n")
    assert "is not a kubeconfig" in up_refused(tmp_path, "--runtime", "simulated")
    assert (tmp_path / "kubeconfig").read_text() == "- just\n- a list\n"


def test_a_full_disk(tmp_path: Path) -> None:
    said = up_refused(tmp_path, "--runtime", "simulated", "--data-dir", "/dev/full/data")
    assert "/dev/full" in said


def test_an_archive_that_is_none(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "not-an-image.tar").write_text("no tar at all")
    said = refused("image", "load", str(tmp_path / "not-an-image.tar"), "--data-dir", str(cluster.data_dir))
    assert "not-an-image.tar" in said
    assert "missing.tar" in refused("image", "load", str(tmp_path / "missing.tar"), "--data-dir", str(cluster.data_dir))


def test_verbs_without_a_cluster(tmp_path: Path) -> None:
    nowhere = {"KUBECONFIG": str(tmp_path / "none")}
    assert "sampan up" in refused("get", "pods", **nowhere)
    assert "frobnicate" in refused("frobnicate")
    assert "--frob" in refused("up", "--frob")
    for verb in ("stop", "status"):
        assert str(tmp_path) in refused(verb, "--data-dir", str(tmp_path / "none"))


def test_a_cluster_that_does_not_answer(cluster: Cluster, tmp_path: Path) -> None:
    done = run_sampan("get", "pods", "--server", f"https://127.0.0.1:{free_port()}", KUBECONFIG=str(cluster.kubeconfig))
    assert done.code == 1
    assert "127.0.0.1" in one_line(done)


def test_objects_that_are_not_there_or_cannot_be(cluster: Cluster, tmp_path: Path) -> None:
    kubeconfig = str(cluster.kubeconfig)
    assert 'pods "nobody" not found' in refused("get", "pod", "nobody", KUBECONFIG=kubeconfig)
    assert "boats" in refused("get", "boats", KUBECONFIG=kubeconfig)
    assert "none.yaml" in refused("apply", "-f", str(tmp_path / "none.yaml"), KUBECONFIG=kubeconfig)
    broken = tmp_path / "broken.yaml"
    broken.write_text("kind: [")
    assert "broken.yaml" in refused("apply", "-f", str(broken), KUBECONFIG=kubeconfig)
