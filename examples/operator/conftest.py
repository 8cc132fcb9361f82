"""The suite's fixtures: each test has a cluster of its own, or all share one (``pytest --shared``)."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import website_operator
from lightkube import Client, KubeConfig

DEFINITION = Path(__file__).with_name("websites.yaml")


def pytest_addoption(parser):
    parser.addoption("--shared", action="store_true", help="one cluster for all tests")


@pytest.fixture
def cluster(request):
    shared = request.config.getoption("--shared")
    made = request.getfixturevalue("sampan_shared_cluster" if shared else "sampan_cluster")
    made.apply(DEFINITION)
    yield made
    made.faults.clear()


@pytest.fixture
def namespace(cluster):
    """One that nobody else has."""
    return cluster.namespace()


class Operator:
    """The operator in a thread, as it runs in its process."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.client = Client(config=KubeConfig.from_file(str(cluster.kubeconfig)))
        self.start()

    def start(self):
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=website_operator.run, args=(self.client, self.stopped))
        self.thread.start()

    def stop(self):
        self.stopped.set()
        while self.thread.is_alive():
            self.cluster.disconnect()  # it waits for its watch
            self.thread.join(0.05)


@pytest.fixture
def operator(cluster):
    running = Operator(cluster)
    yield running
    running.stop()


@pytest.fixture
def site(cluster, namespace, operator):
    """Makes or changes one."""

    def apply(name="home", **spec):
        manifest = {"apiVersion": "example.com/v1", "kind": "Website", "metadata": {"name": name}}
        return cluster.apply(manifest | {"spec": {"html": "hello"} | spec}, namespace=namespace)[0]

    return apply
