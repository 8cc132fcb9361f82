"""Whole applications as people publish them: they run unchanged on every runtime."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.wait import eventually

HERE = Path(__file__).parent / "applications"
NOT_YET = (OSError,)

pytestmark = pytest.mark.needs("mounts", "network")


@pytest.fixture(autouse=True)
def real_images(images: Images) -> None:
    if images.shell.image == "host":
        pytest.skip("the applications' images cannot be loaded here")


def fetch(url: str) -> str:
    """Raises `OSError` where the answer is none, or an error's."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as exc:
        with exc:
            raise OSError(f"{url} answered {exc.code}") from None


def address(kubectl: Kubectl, service: str) -> str:
    return kubectl(f"get service {service} -o jsonpath={{.spec.clusterIP}}")


TRIES = 24
"""So many that one of two pods, which the kernel takes by chance, is not passed over."""


def start(kubectl: Kubectl, what: str, *ready: str) -> None:
    kubectl(f"apply -{'k' if (HERE / what).is_dir() else 'f'} {HERE / what}")
    for each in ready:
        kubectl(f"rollout status {each} --timeout=50s")


def test_a_web_application_and_its_store(kubectl: Kubectl) -> None:
    start(kubectl, "guestlog.yaml", "deployment/store", "deployment/guestlog")
    url = f"http://{address(kubectl, 'guestlog')}/"
    eventually(lambda: fetch(url), "the application answers", but=NOT_YET)
    told = [fetch(url).split() for _ in range(TRIES)]
    counts = [int(words[-1].removeprefix(":")) for words in told]
    assert counts == list(range(counts[0], counts[0] + TRIES))
    assert len({words[-2] for words in told}) == 2  # both pods have answered

    kubectl("exec deploy/store -- sh -c", "kill 1")
    eventually(
        lambda: int(fetch(url).split()[-1].removeprefix(":")) == counts[-1] + 1,
        "its data is there",
        but=NOT_YET,
    )


def test_a_hardened_cache(kubectl: Kubectl) -> None:
    start(kubectl, "hardened.yaml")
    kubectl("wait --for=condition=Ready pod/cache --timeout=50s")
    assert kubectl("exec cache -- redis-cli CONFIG GET maxmemory-policy").split() == ["maxmemory-policy", "allkeys-lru"]
    who = kubectl("exec cache -- sh -c", "id -u; id -g; stat -c %a:%g /data /tmp; cat /tmp/redis.pid").split()
    assert who == ["999", "999", "2777:999", "2777:999", "1"]
    assert kubectl("exec cache -- sh -c", "touch /x 2>/dev/null || echo refused").strip() == "refused"
    assert kubectl("exec cache -- redis-cli set a b").strip() == "OK"
    assert kubectl("exec cache -- redis-cli save").strip() == "OK"
    assert "DB saved on disk" in kubectl("logs cache")


def test_a_proxy_whose_update_nobody_notices(kubectl: Kubectl) -> None:
    start(kubectl, "proxy.yaml", "deployment/api", "deployment/web")
    url = f"http://{address(kubectl, 'web')}/"
    assert eventually(lambda: fetch(url), "the proxy answers", but=NOT_YET) == "the front page\n"
    assert fetch(f"{url}api/") == "from the api\n"
    failures: list[str] = []
    over = threading.Event()

    def visit() -> None:
        while not over.wait(0.1):
            try:
                fetch(url)
            except OSError as exc:
                failures.append(str(exc))

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        kubectl("patch deployment web -p", '{"spec":{"template":{"metadata":{"annotations":{"build":"2"}}}}}')
        kubectl("rollout status deployment/web --timeout=55s")
    finally:
        over.set()
        visitor.join()
    assert failures == []
    assert "GET / HTTP/1.1" in kubectl("logs deploy/web -c nginx")


def test_a_writer_with_followers(kubectl: Kubectl) -> None:
    start(kubectl, "ledger.yaml", "deployment/ledger")
    for container, words in (("follower", "entry"), ("faults", "fault")):
        logs = f"logs deploy/ledger -c {container}"
        eventually(lambda logs=logs, words=words: f"{words} 2\n" in kubectl(logs), f"{container} follows")  # type: ignore[misc]
    said = kubectl("exec deploy/ledger -c follower -- sh -c", "echo x >/log/no 2>/dev/null || echo refused")
    assert said.strip() == "refused"
    kubectl("delete deployment ledger")
    kubectl("wait --for=delete pod -l app=ledger --timeout=30s")


def test_a_voting_application_made_by_kustomize(kubectl: Kubectl) -> None:
    start(kubectl, "voting", "deployment/vote-front")
    url = f"http://{address(kubectl, 'vote-front')}/"
    page = eventually(lambda: fetch(url), "the front answers", but=NOT_YET)
    for words in ("abc123", "192.0.2.44", 'team="polls"', "max=1", "nameserver 192.0.2.53", "options ndots:2"):
        assert words in page
    for choice in ("FIRST", "SECOND", "FIRST"):
        fetch(f"{url}{choice}")
    tally = "exec rc/vote-redis -- redis-cli hgetall tally"
    eventually(lambda: sorted(kubectl(tally).split()) == ["1", "2", "Oars", "Sails"], "the votes are counted")
