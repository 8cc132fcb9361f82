"""Pods and their templates, leases and events: what Kubernetes looks at, what it shows of it, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sampan.core.model.builtin import Deployment, Lease, Pod, PodTemplate, ReplicationController
from sampan.core.model.core_v1.event import Event
from sampan.core.model.rules.core_v1.pod_defaults import pull_policy
from sampan.core.model.rules.core_v1.pod_status import validate_pod_status
from sampan.core.schema.scalars import format_micro_time, format_time
from tests.support.rules import created, merged, refusals

CONTAINER = {"name": "c", "image": "nginx"}
OUTSIDE = {"key": "K", "path": "..", "volumeName": "v"}
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
CONTEXT = (
    '{"Capabilities":{"Add":["SYS_ADMIN"],"Drop":null},"Privileged":null,"SELinuxOptions":null,"WindowsOptions":null,'
    '"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,'
    '"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}'
)


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1", "IfNotPresent"),
        ("example.com:5000/nginx", "Always"),
        ("example.com:5000/nginx:1", "IfNotPresent"),
        (f"nginx@sha256:{'0' * 64}", "IfNotPresent"),
        (f"nginx:latest@sha256:{'0' * 64}", "Always"),
        ("Nginx", "IfNotPresent"),
        ("a" * 64, "IfNotPresent"),
        ("a" * 63, "Always"),
        ("a b", "IfNotPresent"),
    ],
)
def test_when_to_pull(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"hostnameOverride": "a.b"}, []),
        ({"hostnameOverride": "UPPER"}, [f'spec.hostnameOverride: Invalid value: "UPPER": {SUBDOMAIN}']),
        (
            {"hostnameOverride": "a" * 65, "hostNetwork": True, "setHostnameAsFQDN": True},
            [
                "spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true",
                "spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true",
                "spec.hostnameOverride: Too long: may not be more than 64 bytes",
            ],
        ),
        ({"os": {"name": "linux"}}, []),
        ({"os": {}}, ["spec.os.name: Required value"]),
        ({"os": {"name": "beos"}}, ['spec.os: Unsupported value: "beos": supported values: "linux", "windows"']),
        (
            {"securityContext": {"seLinuxChangePolicy": "MountOption"}},
            [
                'spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"'
            ],
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined", "localhostProfile": "a"}}},
            [
                "spec.securityContext.seccompProfile.localhostProfile: Invalid value: "
                '{"Type":"Unconfined","LocalhostProfile":"a"}: can only be set when seccomp type is Localhost'
            ],
        ),
        (
            {"resourceClaims": [{"name": "a"}]},
            [
                "spec.resourceClaims[0]: Invalid value: "
                '{"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: '
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            ],
        ),
        (
            {"hostUsers": False, "hostPID": True},
            ["spec.HostPID: Forbidden: when `hostUsers` is false"],
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {}, "cephfs": {"monitors": ["m"]}}]},
            ["spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type"],
        ),
    ],
)
def test_pods(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(Pod, {"spec": {"containers": [CONTAINER], **spec}}) == expected


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (
            {"restartPolicy": "Sometimes"},
            [
                'spec.containers[0].restartPolicy: Unsupported value: "Sometimes": '
                'supported values: "Always", "Never", "OnFailure"'
            ],
        ),
        (
            {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"add": ["SYS_ADMIN"]}}},
            [
                f"spec.containers[0].securityContext: Invalid value: {CONTEXT}: "
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            ],
        ),
        (
            {
                "env": [
                    {
                        "name": "A",
                        "value": "b",
                        "valueFrom": {"fileKeyRef": {"key": "K", "path": "..", "volumeName": "v"}},
                    }
                ]
            },
            [
                "spec.containers[0].env[0].valueFrom.fileKeyRef.path: Invalid value: \"..\": must not contain '..'",
                'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
                'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"',
            ],
        ),
    ],
)
def test_containers(container: dict[str, Any], expected: list[str]) -> None:
    assert refusals(Pod, {"spec": {"containers": [{**CONTAINER, **container}]}}) == expected


def test_variables_are_read_from_volumes_that_live_with_the_pod() -> None:
    ref = {"key": "K", "path": "a", "volumeName": "v"}
    container = {**CONTAINER, "env": [{"name": "A", "valueFrom": {"fileKeyRef": ref}}]}
    path = "spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName"
    spec = {"containers": [container], "volumes": [{"name": "v", "emptyDir": {}}]}
    assert refusals(Pod, {"spec": spec}) == []
    spec["volumes"] = [{"name": "v", "hostPath": {"path": "/"}}]
    assert refusals(Pod, {"spec": spec}) == [f'{path}: Invalid value: "v": referenced volume must be of type emptyDir']


def test_a_template_may_not_have_ephemeral_containers_but_they_are_looked_at() -> None:
    labels, debug = {"a": "b"}, {"name": "d", "image": "x", "lifecycle": {}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [CONTAINER], "ephemeralContainers": [debug]}}
    found = refusals(Deployment, {"spec": {"selector": {"matchLabels": labels}, "template": template}})
    path = "spec.template.spec.ephemeralContainers"
    assert found == [
        f"{path}[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container",
        f"{path}: Forbidden: ephemeral containers not allowed in pod template",
    ]


def test_a_template_without_a_spec_has_the_defaults_of_one() -> None:
    assert refusals(PodTemplate, {}) == ["template.spec.containers: Required value"]
    assert refusals(
        ReplicationController, {"spec": {"selector": {"a": "b"}, "template": {"metadata": {"labels": {"a": "b"}}}}}
    ) == ["spec.template.spec.containers: Required value"]


def test_a_negative_grace_period_is_a_second_for_a_pod_and_let_be_in_a_template() -> None:
    spec = {"containers": [CONTAINER], "terminationGracePeriodSeconds": -1}
    assert created(Pod, {"metadata": {"name": "p"}, "spec": spec})["spec"]["terminationGracePeriodSeconds"] == 1
    template = created(PodTemplate, {"metadata": {"name": "t"}, "template": {"spec": spec}})
    assert template["template"]["spec"]["terminationGracePeriodSeconds"] == -1


def test_fields_of_features_that_are_off_by_default_are_dropped() -> None:
    container = {**CONTAINER, "lifecycle": {"stopSignal": "SIGUSR1"}}
    spec = created(Pod, {"spec": {"containers": [container], "schedulingGroup": {"podGroupName": "g"}}})["spec"]
    assert "schedulingGroup" not in spec
    assert spec["containers"][0]["lifecycle"] == {}
    lease = created(Lease, {"spec": {"strategy": "x", "preferredHolder": "y", "holderIdentity": ""}})
    assert lease["spec"] == {"holderIdentity": ""}


def test_a_lease_takes_finalizers_without_a_domain_and_others_do_not() -> None:
    meta = {"metadata": {"finalizers": ["mine"]}}
    assert refusals(Lease, meta) == []
    words = "name is neither a standard finalizer name nor is it fully qualified"
    assert refusals(Pod, {**meta, "spec": {"containers": [CONTAINER]}}) == [
        f'metadata.finalizers[0]: Invalid value: "mine": {words}'
    ]


def test_the_name_of_a_core_event_is_looked_at_last() -> None:
    about = {"involvedObject": {"namespace": "other"}, "metadata": {"name": "A/b"}}
    misplaced = 'involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    assert refusals(Event, about) == [misplaced]
    assert refusals(Event, merged(about, {"involvedObject": {"namespace": "default"}})) == [
        "metadata.name: Invalid value: \"A/b\": may not contain '/'"
    ]


def test_times_have_four_digits_of_year() -> None:
    early = datetime(1, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert format_time(early) == "0001-01-02T03:04:05Z"
    assert format_micro_time(early) == "0001-01-02T03:04:05.000006Z"


@pytest.mark.parametrize(
    ("pod_policy", "own", "code", "may"),
    [
        ("Always", {}, 0, True),
        ("Always", {"restartPolicy": "Never"}, 1, False),
        ("OnFailure", {}, 1, True),
        ("OnFailure", {}, 0, False),
        ("Never", {}, 1, False),
        ("Never", {"restartPolicy": "OnFailure"}, 1, True),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [("Restart", "In", [3])]}, 3, True),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [("Restart", "NotIn", [3])]}, 3, False),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [("RestartAllContainers", "In", [3])]}, 4, True),
    ],
)
def test_an_ended_container_runs_again_only_where_its_policy_says_so(
    pod_policy: str, own: dict[str, Any], code: int, may: bool
) -> None:
    rules = [
        {"action": action, "exitCodes": {"operator": operator, "values": values}}
        for action, operator, values in own.get("restartPolicyRules", ())
    ]
    container = {"name": "c", "image": "i", **own, **({"restartPolicyRules": rules} if rules else {})}
    pod = {"metadata": {"name": "p"}, "spec": {"restartPolicy": pod_policy, "containers": [container]}}

    def with_state(**state: Any) -> dict[str, Any]:
        return {**pod, "status": {"containerStatuses": [{"name": "c", "state": state}]}}

    causes = validate_pod_status(with_state(waiting={}), with_state(terminated={"exitCode": code}))
    assert [each.field for each in causes] == ([] if may else ["status.containerStatuses[0].state"])
