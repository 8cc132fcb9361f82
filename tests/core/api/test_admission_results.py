"""What admission plugins leave behind is checked as if a client had sent it, and one that fails is named."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import IDLE, AdmissionRequest
from sampan.core.errors import Forbidden
from sampan.plugins.admission.base import Quiet
from tests.core.api.test_objects import pod
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

PODS = "/api/v1/namespaces/default/pods"


class Meddler(Quiet):
    """Leaves ``value`` at ``path`` of whatever comes."""

    name = "Meddler"
    order = 500

    def __init__(self, *path: str, value: Any) -> None:
        self.path = path
        self.value = value

    async def mutate(self, request: AdmissionRequest) -> None:
        place: Any = request.obj
        for key in self.path[:-1]:
            place = place.setdefault(key, {})
        place[self.path[-1]] = self.value


class Careless(Quiet):
    name = "Careless"

    async def validate(self, request: AdmissionRequest) -> None:
        raise KeyError("spec")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec",), "no object"),
        (("spec", "containers"), {"name": "c"}),
        (("metadata", "labels"), ["a"]),
        (("metadata", "namespace"), "kube-system"),
        (("spec", "activeDeadlineSeconds"), object()),
    ],
)
@pytest.mark.parametrize("verb", ["POST", "PUT"])
async def test_nonsense_is_refused_with_a_status(
    server: ApiServer, api: AsgiClient, path: tuple[str, ...], value: Any, verb: str
) -> None:
    if verb == "PUT":
        assert (await api.post(PODS, pod("a"))).code == 201
    server.pipeline.gates.admissions = [*server.pipeline.gates.admissions, Meddler(*path, value=value)]
    where = PODS if verb == "POST" else f"{PODS}/a"
    answer = await api.request(verb, where, pod("a"))
    assert (answer.code, answer.json["reason"]) == (500, "InternalError")
    assert "admission left an object that cannot be stored" in answer.json["message"]
    assert (await api.get(f"{PODS}/a")).code == (404 if verb == "POST" else 200)


async def test_a_value_of_the_right_type_is_validated(server: ApiServer, api: AsgiClient) -> None:
    meddler = Meddler("spec", "restartPolicy", value="Sometimes")
    server.pipeline.gates.admissions = [*server.pipeline.gates.admissions, meddler]
    answer = await api.post(PODS, pod("a"))
    assert (answer.code, answer.causes) == (422, [("FieldValueNotSupported", "spec.restartPolicy")])


async def test_unknown_fields_are_gone_and_defaults_filled_in(server: ApiServer, api: AsgiClient) -> None:
    extra = {"name": "added", "image": "i", "colour": "red"}
    meddler = Meddler("spec", "initContainers", value=[extra])
    server.pipeline.gates.admissions = [*server.pipeline.gates.admissions, meddler]
    added = (await api.post(PODS, pod("a"))).json["spec"]["initContainers"][0]
    assert "colour" not in added
    assert added["terminationMessagePolicy"] == "File"


async def test_a_plugin_that_fails_is_named(server: ApiServer, api: AsgiClient) -> None:
    server.pipeline.gates.admissions = [Careless()]
    answer = await api.post(PODS, pod("a"))
    assert answer.code == 500
    assert answer.json["message"] == 'Internal error occurred: admission plugin "Careless" failed to complete'


@pytest.mark.parametrize("subresource", ["exec?command=ls&stdout=true", "attach?stdout=true", "portforward?ports=80"])
async def test_streams_are_admitted_too(server: ApiServer, api: AsgiClient, subresource: str) -> None:
    seen: list[tuple[str, str]] = []

    class Doorman(Quiet):
        name = "Doorman"

        async def validate(self, request: AdmissionRequest) -> None:
            if request.operation == "CONNECT":
                assert request.obj is not None
                seen.append((request.subresource, request.obj["kind"]))
                raise Forbidden("not today")

    await api.post(PODS, pod("a"))
    server.pipeline.gates.admissions = [Doorman()]
    assert (await api.get(f"{PODS}/a/{subresource}")).code == 403
    word = subresource.partition("?")[0]
    kinds = {"exec": "PodExecOptions", "attach": "PodAttachOptions", "portforward": "PodPortForwardOptions"}
    assert seen == [(word, kinds[word])]


class Unsure(Meddler):
    """Keeps its promise but once, and says so."""

    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        await super().mutate(request)
        request.is_unsure = True


async def test_who_is_exact_may_be_unsure_of_one_request(server: ApiServer, api: AsgiClient) -> None:
    server.pipeline.gates.admissions = [*server.pipeline.gates.admissions, Unsure("spec", "unheardOf", value=1)]
    made = (await api.post(PODS, pod("a"))).json
    assert "unheardOf" not in made["spec"]


async def test_sampans_own_admission_leaves_nothing_to_be_read_again(server: ApiServer) -> None:
    chain = [each for each in server.pipeline.gates.admissions if not hasattr(each.mutate, IDLE)]
    assert [each.name for each in chain if not getattr(each, "exact", False)] == []
