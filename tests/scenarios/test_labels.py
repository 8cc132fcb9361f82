"""Labels name groups; selectors, by equality and by set, find them."""

from __future__ import annotations

import pytest

from tests.support.kubectl import Kubectl

pytestmark = pytest.mark.runtimes("process")  # no pod is run

FLEET = {
    "junk": "rig=sail,size=big,water=sea",
    "sampan": "rig=oar,size=small,water=river",
    "dhow": "rig=sail,size=small,water=sea",
    "raft": "size=small",
}


@pytest.fixture
def fleet(kubectl: Kubectl) -> None:
    for name, labels in FLEET.items():
        kubectl(f"create configmap {name}")
        kubectl(f"label configmap {name} {labels.replace(',', ' ')}")


def test_selectors_find_by_equality_and_by_set(kubectl: Kubectl, fleet: None) -> None:
    table = {
        "rig=sail": {"junk", "dhow"},
        "rig==sail,size=big": {"junk"},
        "rig!=sail,size": {"sampan", "raft"},
        "rig in (sail,oar)": {"junk", "dhow", "sampan"},
        "rig in (oar),water notin (sea)": {"sampan"},
        "rig notin (sail),size=small": {"sampan", "raft"},
        "rig": {"junk", "sampan", "dhow"},
        "!rig,size": {"raft"},
        "size,water in (river,lake)": {"sampan"},
        "rig=steam": set(),
    }
    found = {
        selector: set(kubectl("get configmaps -o jsonpath={.items[*].metadata.name} -l", selector).split())
        for selector in table
    }
    assert found == table


def test_labels_are_shown_changed_and_taken_off(kubectl: Kubectl, fleet: None) -> None:
    assert kubectl("get configmap sampan --show-labels --no-headers").split()[-1] == FLEET["sampan"]
    heading, row = kubectl("get configmap junk -L rig,water").splitlines()
    assert heading.split()[-2:] == ["RIG", "WATER"]
    assert row.split()[-2:] == ["sail", "sea"]

    assert "already has a value" in kubectl.reason_for("label configmap junk rig=steam")
    kubectl("label configmap junk rig=steam --overwrite")
    kubectl("label configmap junk size-")
    assert kubectl.json("get configmap junk")["metadata"]["labels"] == {"rig": "steam", "water": "sea"}


def test_many_are_changed_and_deleted_as_one(kubectl: Kubectl, fleet: None) -> None:
    kubectl("annotate configmaps -l size=small painted=yes")
    names = "-o jsonpath={.items[*].metadata.name}"
    kubectl("delete configmaps -l", "size in (small)")
    assert set(kubectl("get configmaps", *names.split()).split()) - {"kube-root-ca.crt"} == {"junk"}


@pytest.mark.parametrize("selector", ["rig in ()(", "=sail", "rig=sail=oar", "-rig=1"])
def test_a_selector_that_cannot_be_read_is_refused(kubectl: Kubectl, selector: str) -> None:
    assert kubectl.run("get configmaps", f"--selector={selector}").code == 1
