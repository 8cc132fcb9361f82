"""The applications in ``examples/`` do what README says of them."""

from __future__ import annotations

import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.support import http
from tests.support.images import FROM_HOST, Images
from tests.support.kubectl import Kubectl
from tests.support.wait import eventually

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = pytest.mark.needs("network")


def address(kubectl: Kubectl, service: str) -> str:
    return f"http://{kubectl(f'get service {service} --template={{{{.spec.clusterIP}}}}')}:8080/"


def sign(url: str, entry: str) -> None:
    """As a browser sends the form."""
    form = urllib.parse.urlencode({"entry": entry}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(url, data=form, timeout=10).close()


def test_the_guestbook_keeps_what_is_written(kubectl: Kubectl, images: Images) -> None:
    if images is FROM_HOST:
        pytest.skip("the guestbook's images are not on this machine: sudo .ci/make-images")
    for file in ("redis.yaml", "frontend.yaml"):
        kubectl(f"apply -f {EXAMPLES}/guestbook/{file}")
    kubectl("rollout status deployment/guestbook --timeout=60s")
    url = address(kubectl, "guestbook")
    eventually(lambda: "<h1>Guestbook</h1>" in http.fetch(url), "the page", but=http.FAILURES)

    sign(url, "Ada was <here>")

    pages = [http.fetch(url) for _ in range(24)]
    assert all("<li>Ada was &lt;here&gt;" in page for page in pages)
    assert len({page.partition("answered by ")[2] for page in pages}) > 1, "both pods answer, by chance"


@pytest.mark.runtimes("process")
def test_hello_needs_no_image(kubectl: Kubectl) -> None:
    kubectl(f"apply -f {EXAMPLES}/hello.yaml")
    kubectl("rollout status deployment/hello --timeout=60s")
    url = address(kubectl, "hello")
    eventually(lambda: http.fetch(url), "an answer", but=http.FAILURES)
    pods = {http.fetch(url) for _ in range(24)}
    assert len(pods) == 2
    assert all(page.startswith("Hello from hello-") for page in pods)
