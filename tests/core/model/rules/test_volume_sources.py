"""What volumes of pods come from: each sort's own rules, and where Kubernetes says that they are broken."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Deployment, Pod
from tests.support.rules import created, refusals

CONTAINER = {"name": "c", "image": "nginx"}
PORTAL = "10.0.0.1:3260"
IQN = "iqn.2001-04.com.example:storage"
TOO_FAR = "must be a host:port pair or multiple pairs separated by commas"


def item(path: str) -> dict[str, Any]:
    return {"items": [{"key": "k", "path": path}]}


def field(path: str) -> dict[str, Any]:
    return {"items": [{"path": path, "fieldRef": {"fieldPath": "metadata.name"}}]}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"iscsi": {"targetPortal": PORTAL, "iqn": IQN, "lun": 1}}, []),
        (
            {"iscsi": {"targetPortal": PORTAL, "iqn": "x"}},
            ['iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa'],
        ),
        (
            {"iscsi": {"targetPortal": PORTAL, "iqn": IQN, "initiatorName": "eui.0"}},
            ['iscsi.initiatorname: Invalid value: "eui.0": must be valid format'],
        ),
        ({"quobyte": {"registry": "a:1,[::1]:2", "volume": "v"}}, []),
        ({"quobyte": {"registry": "a", "volume": "v"}}, [f'quobyte.registry: Invalid value: "a": {TOO_FAR}']),
        (
            {"flexVolume": {"driver": "a/b", "options": {"x.K8S.io/y": "1", "y": "2"}}},
            ["flexVolume.options[x.K8S.io/y]"],
        ),
        ({"azureDisk": {"diskName": "d", "diskURI": "u", "kind": "Managed"}}, ["azureDisk.diskURI: Unsupported value"]),
        ({"azureDisk": {"diskName": "d", "diskURI": "https://a", "kind": "Shared", "cachingMode": "None"}}, []),
        ({"storageos": {"volumeName": "V", "secretRef": {}}}, ["storageos.volumeName", "storageos.secretRef.name"]),
        ({"cinder": {"volumeID": "v", "secretRef": {}}}, ["cinder.secretRef.name: Required value"]),
        ({"csi": {"driver": "a.b", "nodePublishSecretRef": {"name": "A"}}}, ["csi.name"]),
        ({"csi": {"driver": "a" * 64}}, ["csi.driver: Too long: may not be more than 63 bytes"]),
        ({"gcePersistentDisk": {}}, ["persistentDisk.pdName: Required value"]),
        ({"downwardAPI": {"items": [{"path": "a"}]}}, ["downwardAPI: Required value"]),
        ({"image": {}}, ["image.reference: Required value"]),
        (
            {"ephemeral": {"volumeClaimTemplate": {"metadata": {"name": "n", "uid": "u", "labels": {"a": "b"}}}}},
            [
                "ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set",
                "ephemeral.volumeClaimTemplate.metadata.uID: Forbidden: cannot be set",
                "ephemeral.volumeClaimTemplate.spec.accessModes",
                "ephemeral.volumeClaimTemplate.spec.resources[storage]",
            ],
        ),
        ({"projected": {"sources": [{}]}}, []),
        (
            {"projected": {"sources": [{"secret": {"name": "s", **item("a")}}, {"downwardAPI": field("a")}]}},
            ['projected: Invalid value: "a": conflicting duplicate paths'],
        ),
        (
            {"projected": {"sources": [{"secret": {"name": "s"}, "configMap": {}}]}},
            [
                "projected.sources[0].configMap.name: Required value",
                "projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
            ],
        ),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 1}}]}},
            [
                "projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration "
                "less than 10 minutes",
                "projected.path: Required value",
            ],
        ),
    ],
)
def test_what_a_source_must_be(source: dict[str, Any], expected: list[str]) -> None:
    account = {"serviceAccountName": "s"}
    found = refusals(Pod, {"spec": {"containers": [CONTAINER], "volumes": [{"name": "v", **source}], **account}})
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(f"spec.volumes[0].{start}")


def test_an_initiator_is_named_after_volume_and_portal() -> None:
    source = {"targetPortal": "p" * 60, "iqn": IQN, "initiatorName": IQN}
    found = refusals(Pod, {"spec": {"containers": [CONTAINER], "volumes": [{"name": "vols", "iscsi": source}]}})
    assert [line.partition(": Total")[0] for line in found] == ['spec.volumes[0].name: Invalid value: "vols"']


def test_a_template_may_leave_the_image_open() -> None:
    spec = {"containers": [CONTAINER], "volumes": [{"name": "v", "image": {}}]}
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    assert refusals(Deployment, {"spec": {"selector": {"matchLabels": labels}, "template": template}}) == []


def test_projections_that_are_off_by_default_are_dropped() -> None:
    bundle, certificate = {"name": "x", "path": "y"}, {"signerName": "a.b/c", "keyType": "ED25519"}
    sources = [{"clusterTrustBundle": bundle}, {"podCertificate": certificate}]
    volume = {"name": "v", "projected": {"sources": sources}}
    spec = created(Pod, {"spec": {"containers": [CONTAINER], "volumes": [volume]}})["spec"]
    assert spec["volumes"][0]["projected"]["sources"] == [{}, {}]
